"""Which partitions of a cache get a picture: all that a person launches, the newest of a sweep, none after each message."""

import base64
from datetime import date

import pytest
from dagster import MarkdownMetadataValue

from whisper_enrich.automation.jobs import CAUSE_TAG
from whisper_enrich.partitions import partition_key, range_tags

DAYS = ("2025-03-17", "2025-03-18")
CACHE = "strategic_engagement_opportunities"


@pytest.mark.parametrize(
    ("cause", "drawn"),
    [(None, DAYS), ("sweep", DAYS[1:]), ("command line", DAYS[1:]), ("sensor", ()), ("renewal", ()), ("request", ())],
)
def test_a_picture_is_drawn_where_somebody_will_look_at_it(run, talk, cause, drawn):
    talk(*DAYS)
    first, last = (date.fromisoformat(day) for day in DAYS)
    tags = {**range_tags("elena", first, last), **({CAUSE_TAG: cause} if cause else {})}
    made = run(tags=tags).materialisations(CACHE)
    pictured = [day for day in DAYS if "picture" in made[partition_key("elena", date.fromisoformat(day))].metadata]
    assert pictured == list(drawn)
    for day in pictured:
        picture = made[partition_key("elena", date.fromisoformat(day))].metadata["picture"]
        assert isinstance(picture, MarkdownMetadataValue)
        data = base64.b64decode(picture.md_str.partition("base64,")[2].rstrip(")"))
        assert data.startswith(b"\x89PNG") and len(data) <= 12_288


def test_no_picture_is_drawn_where_none_is_wanted(run, talk, pipeline, settings):
    pipeline.__dict__["settings"] = settings.model_copy(update={"enrichment_metadata_pictures": False})
    talk(*DAYS)
    day = date.fromisoformat(DAYS[0])
    made = run(tags=range_tags("elena", day, day)).materialisations(CACHE)
    assert "picture" not in made[partition_key("elena", day)].metadata
