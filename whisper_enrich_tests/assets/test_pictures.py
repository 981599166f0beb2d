"""Which partitions of a cache get a picture: all that a person launches, the newest of a sweep, none after each message."""

import base64
from datetime import date

import pytest
from dagster import MarkdownMetadataValue

from whisper_enrich.assets.strategic.cache import is_drawn
from whisper_enrich.partitions import partition_key, range_tags

DAYS = (date(2025, 3, 17), date(2025, 3, 18))
CACHE = "strategic_engagement_opportunities"


@pytest.mark.parametrize(
    ("cause", "drawn"),
    [(None, DAYS), ("sweep", DAYS[1:]), ("command line", DAYS[1:]), ("sensor", ()), ("renewal", ()), ("request", ())],
)
def test_a_picture_is_drawn_where_somebody_will_look_at_it(cause, drawn):
    assert tuple(day for day in DAYS if is_drawn(cause, day, DAYS[1])) == drawn


def test_what_a_person_launches_has_a_small_picture_in_its_metadata(run, talk, pipeline, settings):
    pipeline.__dict__["settings"] = settings.model_copy(update={"enrichment_metadata_pictures": True})
    talk("2025-03-18")
    made = run(tags=range_tags("elena", DAYS[1], DAYS[1])).materialisations(CACHE)
    picture = made[partition_key("elena", DAYS[1])].metadata["picture"]
    assert isinstance(picture, MarkdownMetadataValue)
    data = base64.b64decode(picture.md_str.partition("base64,")[2].rstrip(")"))
    assert data.startswith(b"\x89PNG") and len(data) <= 12_288


def test_no_picture_is_drawn_where_none_is_wanted(run, talk):
    talk("2025-03-18")
    made = run(tags=range_tags("elena", DAYS[1], DAYS[1])).materialisations(CACHE)
    assert "picture" not in made[partition_key("elena", DAYS[1])].metadata
