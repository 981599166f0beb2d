"""The pictures of the caches: the same rows give the same bytes, small ones, and nothing that was said is written on them."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.plots import memories
from whisper_enrich.plots.canvas import BLUE, MOST_BYTES, apart, short
from whisper_enrich.plots.hours import runs
from whisper_enrich.plots.partition import markdown, partition_picture
from whisper_enrich.plots.performance import series_of
from whisper_enrich.plots.person import person_pictures
from whisper_enrich.plots.timeline import blocks_of
from whisper_enrich.portrait.assemble import CACHES, readable
from whisper_enrich.strategic import engines, memory_aging
from whisper_enrich_tests.strategic.builders import START, history_of

SUBJECTS = {
    "garden": ("The tomatoes in my garden are ripe, Lovisa helped.", "How many tomatoes did the garden give?"),
    "boat": ("I sanded the boat all evening.", "Will the boat be ready for the harbour?"),
    "piano": ("My piano teacher was pleased today!", "What a joy, which piano piece was it?"),
    "dough": ("The dough did not rise, I am sad.", "Try warmer water for the dough, perhaps."),
}


def talk(days: int, *, dm: bool = False):
    """A session every other evening, two subjects each."""
    subjects = list(SUBJECTS)
    lines = []
    for day in range(0, days, 2):
        for part in range(4):
            asked, answered = SUBJECTS[subjects[(day // 2 + part // 2) % len(subjects)]]
            minute = day * 1440 + part * 4
            mood = {"emotion": "joy" if part % 2 else "sadness", "intensity": 0.7, "dm": dm}
            lines += [(minute, "user", f"{asked} {part}", mood), (minute + 1, "bot", answered, {"dm": dm})]
    return lines


@cache
def rows_of(days: int, user: str = "u1", *, dm: bool = False):
    """By cache, the fields of a user's row."""
    as_of = START + timedelta(days=days, hours=2)
    history = history_of(talk(days, dm=dm), as_of=as_of, user_id=user)
    return {
        name: {
            field: value
            for fields in engines.compute(name, history, engines.Surroundings()).results.values()
            for field, value in fields.items()
        }
        for name in engines.ENGINES
    }


def users(count: int, name: str):
    return {f"ana-{number}": rows_of(20 + 2 * (number % 3))[name] for number in range(count)}


def size_of(picture: bytes):
    from PIL import Image

    return Image.open(io.BytesIO(picture)).size


@pytest.mark.parametrize("name", sorted(CACHES))
def test_a_partition_has_a_small_picture_that_is_the_same_every_time(name):
    rows = users(2, name)
    picture = partition_picture(name, rows)
    assert picture is not None
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) <= MOST_BYTES
    assert size_of(picture) == (576, 288)
    assert partition_picture(name, rows) == picture


def test_of_many_users_the_first_six_are_shown():
    name = "strategic_engagement_opportunities"
    many = users(9, name)
    picture = partition_picture(name, many)
    others = {
        user: values if number < 6 else users(1, name)["ana-0"] for number, (user, values) in enumerate(many.items())
    }
    assert partition_picture(name, others) == picture
    assert partition_picture(name, dict(list(many.items())[:6])) != picture  # "6 of 9 users"


@pytest.mark.parametrize("name", sorted(CACHES))
def test_without_previews_names_and_topics_leave_no_trace(name):
    rows = users(3, name)
    renamed = {f"someone-else-{user}": _other_topics(values) for user, values in rows.items()}
    assert partition_picture(name, renamed) == partition_picture(name, rows)
    # With previews they are written, where the picture names anybody.
    if name not in ("strategic_character_performance", "strategic_personality_profiles"):
        assert partition_picture(name, renamed, with_words=True) != partition_picture(name, rows, with_words=True)


def _other_topics(value):
    """The same row about other things: every topic another, the order kept."""
    if isinstance(value, dict):
        return {field: ("zz" + one if field == "topic" and one else _other_topics(one)) for field, one in value.items()}
    return [_other_topics(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(CACHES))
def test_too_little_gives_no_picture(name):
    nothing = dict.fromkeys(rows_of(20)[name])
    assert partition_picture(name, {}) is None
    assert partition_picture(name, {"ana": nothing}) is None
    assert person_pictures({name: nothing}, START) == {}


@pytest.mark.parametrize("name", sorted(CACHES))
def test_a_user_with_one_message_or_none_breaks_nothing(name):
    one = history_of([(0, "user", "hello")], as_of=START + timedelta(days=1))
    none = history_of([(0, "bot", "hello")], as_of=START + timedelta(days=1))
    for history in (one, none):
        found = engines.compute(name, history, engines.Surroundings()).results
        values = {field: value for fields in found.values() for field, value in fields.items()}
        partition_picture(name, {"ana": values, "ben": rows_of(20)[name]})
        person_pictures({name: values}, START + timedelta(days=1))


def test_a_person_has_a_picture_of_every_cache_and_the_same_every_time():
    at = START + timedelta(days=30)
    pictures = person_pictures(rows_of(24), at)
    assert set(pictures) == set(CACHES)
    assert person_pictures(rows_of(24), at) == pictures
    for svg in pictures.values():
        assert svg.startswith("<svg") and svg.endswith("</svg>")
        assert "<title>" in svg and 'role="img"' in svg
        assert f"var(--blue, {BLUE})" in svg


def test_a_picture_names_nothing_outside_of_itself_and_its_ids_are_its_own():
    pictures = person_pictures(rows_of(24), START)
    found = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in pictures.values()]
    assert sum(map(len, found)) == len(set().union(*found))
    for svg in pictures.values():
        assert not re.search(r'(href|src)="(?!#)', svg)
        assert "url(http" not in svg


def test_topics_are_written_as_text_whatever_they_hold():
    rows = rows_of(24)
    hostile = "<script>$\\frac$ & co"
    values = {**rows["strategic_conversation_patterns"]}
    values["recent_topics"] = [{**item, "topic": hostile} for item in values["recent_topics"]]
    svg = person_pictures({"strategic_conversation_patterns": values}, START)["strategic_conversation_patterns"]
    assert "<script>" not in svg
    assert "&lt;script&gt;$" in svg
    assert partition_picture("strategic_conversation_patterns", {"a$b$": values}, with_words=True) is not None


def test_topics_in_other_scripts_give_a_picture_without_a_warning(recwarn):
    values = {**rows_of(24)["strategic_conversation_patterns"]}
    values["recent_topics"] = [{**item, "topic": "散歩 🐈"} for item in values["recent_topics"]]
    assert partition_picture("strategic_conversation_patterns", {"ana": values}, with_words=True) is not None
    assert not [one for one in recwarn if "Glyph" in str(one.message)]


def test_what_a_dm_alone_supports_is_not_drawn_for_shared_readers():
    private = readable(rows_of(24, dm=True)["strategic_conversation_patterns"], private=False)
    assert blocks_of(rows_of(24, dm=True)["strategic_conversation_patterns"])
    assert blocks_of(private) == []
    kept = readable(rows_of(24)["strategic_conversation_patterns"], private=False)
    assert kept == rows_of(24)["strategic_conversation_patterns"]


def test_pictures_are_drawn_by_several_threads_at_once():
    name = "strategic_engagement_opportunities"
    alone = partition_picture(name, users(2, name))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: partition_picture(name, users(2, name)), range(3)))
    assert set(found) == {alone}


def test_the_settings_of_matplotlib_are_left_as_they_were():
    import matplotlib

    before = dict(matplotlib.rcParams)
    partition_picture("strategic_memory_health", users(1, "strategic_memory_health"))
    assert dict(matplotlib.rcParams) == before


def test_a_thousand_topics_and_a_hundred_days_still_fit():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    topics = [
        {
            "topic": f"topic {n}", "start_time": (start + timedelta(hours=n)).isoformat(),
            "end_time": (start + timedelta(hours=n, minutes=7)).isoformat(), "bridged": n % 2 == 0, "scope": "shared",
        }
        for n in range(1000)
    ]  # fmt: skip
    picture = partition_picture("strategic_conversation_patterns", {"ana": {"recent_topics": topics}})
    assert picture is not None
    assert len(picture) <= MOST_BYTES
    days = [[(start + timedelta(days=n)).date().isoformat(), (n * 37 % 100) / 100] for n in range(100)]
    measures = {"series": {"engagement": days}, "engagement_score_avg": 0.5}
    many = {f"u{n}": measures for n in range(200)}
    assert len(partition_picture("strategic_character_performance", many) or b"") in range(1000, MOST_BYTES + 1)


def test_the_bot_over_all_users_is_drawn_where_its_row_is_there():
    name = "strategic_character_performance"
    rows = users(3, name)
    with_bot = partition_picture(name, {"": rows_of(24)[name], **rows})
    assert with_bot is not None
    assert with_bot != partition_picture(name, rows)


def test_outliers_and_steps_are_drawn():
    values = {**rows_of(24)["strategic_character_performance"]}
    day = series_of(values)[0].days[-2].isoformat()
    plain = person_pictures({"strategic_character_performance": values}, START)
    for kind in ("outlier", "step"):
        odd = {"kind": kind, "measure": "engagement", "day": day, "value": 0.1, "expected": 0.6}
        drawn = person_pictures({"strategic_character_performance": {**values, "recent_anomalies": [odd]}}, START)
        assert drawn != plain


@given(places=st.lists(st.floats(-5, 5, allow_nan=False), max_size=12), gap=st.floats(0.01, 3), room=st.floats(0.5, 20))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_labels_stay_in_their_room_in_order_and_apart(places, gap, room):
    put = apart(places, gap, -room / 2, room / 2)
    assert all(-room / 2 - 1e-9 <= one <= room / 2 + 1e-9 for one in put)
    ordered = [put[i] for i in sorted(range(len(places)), key=lambda i: (places[i], i))]
    least = min(gap, room / max(len(places) - 1, 1))
    assert all(after - before >= least - 1e-9 for before, after in pairwise(ordered))


def test_words_are_cut_to_their_place():
    assert short("a  short\nline", 20) == "a short line"
    assert short("a very long topic indeed", 10) == "a very lo…"


def test_quiet_hours_are_drawn_where_the_row_has_them():
    name = "strategic_engagement_opportunities"
    values = rows_of(24)[name]
    quiet = {**values, "presence": {**values["presence"], "quiet_hours": [22, 23, 0, 1, 2, 3, 4, 5, 6, 7]}}
    loud = {**values, "presence": {**values["presence"], "quiet_hours": []}}
    assert partition_picture(name, {"ana": quiet}) != partition_picture(name, {"ana": loud})
    assert ">quiet</text>" in person_pictures({name: quiet}, START)[name]
    assert ">quiet</text>" not in person_pictures({name: loud}, START)[name]
    assert runs([23, 22, 0, 1, 2, 5]) == [(0, 2), (5, 5), (22, 23)]
    assert runs([]) == []


def test_the_line_of_risk_is_where_the_engine_draws_it():
    assert memories.RISK == memory_aging.RISK_RETENTION


def test_markdown_holds_the_picture_itself():
    assert markdown(b"\x89PNG", "hours") == "![hours](data:image/png;base64,iVBORw==)"
