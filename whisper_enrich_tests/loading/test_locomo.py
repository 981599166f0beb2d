"""LoCoMo conversations as bots: on a small invented file, and on the real ones where they are."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from whisper_enrich.errors import InputError
from whisper_enrich.loading.locomo import locomo_point_id, read_locomo
from whisper_enrich.messages.model import Disposition, Scope, Speaker
from whisper_enrich.messages.parsing import messages_of, parse_point

NOW = datetime(2026, 11, 21, tzinfo=UTC)
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "locomo"


def turn(speaker, dia_id, text, **more):
    return {"speaker": speaker, "dia_id": dia_id, "text": text} | more


def conversation(**changes):
    return {
        "speaker_a": "Wilma",
        "speaker_b": "Otis",
        "session_2_date_time": "12:05 am on 1 March, 2024",
        "session_2": [turn("Otis", "D2:1", "Late again.")],
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            turn("Wilma", "D1:1", "I bought a kiln."),
            turn("Otis", "D1:2", "Where will it go?", blip_caption="a garage"),
            turn("Wilma", "D1:3", "", img_url=["x"], blip_caption="a kiln"),
            turn("Wilma", "D1:4", "In the shed."),
        ],
        "session_9_date_time": "1:00 am on 2 March, 2024",
    } | changes


def file_of(folder, found, name="conv-7.json"):
    path = folder / name
    path.write_text(json.dumps(found, indent=1))
    return path


def sample(folder, user_speaker="both", **changes):
    return read_locomo(
        file_of(folder, {"sample_id": "conv-7", "conversation": conversation(**changes), "qa": []}), user_speaker
    )


def messages(loaded, bot):
    parsed = [parse_point(bot, point, now=NOW, first_day=date(2020, 1, 1)) for point in loaded.points()[bot]]
    assert {point.disposition for point in parsed} == {Disposition.CONVERSATION}
    return messages_of(parsed)


def test_one_speaker_is_the_user_and_the_other_the_bot(tmp_path):
    loaded = sample(tmp_path, "a")
    assert loaded.counts == {"locomo_7_otis": 4}
    assert loaded.names == {"wilma_7": "Wilma"}
    assert [(m.speaker, m.user_id, m.text) for m in messages(loaded, "locomo_7_otis")] == [
        (Speaker.USER, "wilma_7", "I bought a kiln."),
        (Speaker.BOT, "wilma_7", "Where will it go?"),
        (Speaker.USER, "wilma_7", "In the shed."),
        (Speaker.BOT, "wilma_7", "Late again."),
    ]


def test_both_speakers_are_users_of_a_bot_each(tmp_path):
    loaded = sample(tmp_path)
    assert loaded.counts == {"locomo_7_otis": 4, "locomo_7_wilma": 4}
    assert loaded.names == {"wilma_7": "Wilma", "otis_7": "Otis"}
    flipped = {Speaker.USER: Speaker.BOT, Speaker.BOT: Speaker.USER}
    for one, other in zip(messages(loaded, "locomo_7_otis"), messages(loaded, "locomo_7_wilma"), strict=True):
        assert (one.text, one.at, one.speaker) == (other.text, other.at, flipped[other.speaker])
    ids = [point.id for points in loaded.points().values() for point in points]
    assert len(set(ids)) == 8


def test_a_turn_is_thirty_seconds_after_the_one_before_it(tmp_path):
    loaded = sample(tmp_path, "b")
    start = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    assert [message.at for message in messages(loaded, "locomo_7_wilma")] == [
        start, start + timedelta(seconds=30), start + timedelta(seconds=90), datetime(2024, 3, 1, 0, 5, tzinfo=UTC),
    ]  # fmt: skip
    assert {message.scope for message in messages(loaded, "locomo_7_wilma")} == {Scope.SHARED}


def test_what_is_left_out_is_counted(tmp_path):
    assert sample(tmp_path, "a").skipped == {"image caption": 2, "turn without text": 1}


def test_a_turn_can_be_found_by_its_dia_id(tmp_path):
    loaded = sample(tmp_path, "a")
    found = {point.id: point.payload["content"] for point in loaded.points()["locomo_7_otis"]}
    assert found[locomo_point_id("locomo_7_otis", "D1:4")] == "In the shed."


def test_new_points_get_vectors(tmp_path):
    loaded = sample(tmp_path, "a")
    points = loaded.with_vectors(loaded.points()["locomo_7_otis"])
    assert all(sorted(point.vectors) == ["content", "emotion", "semantic"] for point in points)


def test_a_file_may_hold_a_list_of_conversations(tmp_path):
    path = file_of(tmp_path, [{"sample_id": f"conv-{n}", "conversation": conversation()} for n in (1, 2)])
    assert sorted(read_locomo(path, "a").counts) == ["locomo_1_otis", "locomo_2_otis"]


def test_without_a_sample_id_the_files_name_serves(tmp_path):
    path = file_of(tmp_path, {"conversation": conversation()}, "conv-31.json")
    assert read_locomo(path, "a").counts == {"locomo_31_otis": 4}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"speaker_a": None}, "does not name two speakers"),
        ({"speaker_a": "Otis"}, "does not name two speakers"),
        ({"speaker_b": "Ωμ", "session_1": [turn("Ωμ", "D1:1", "hi")], "session_2": []}, "give no bot name"),
        ({"session_1_date_time": "yesterday"}, "session_1_date_time is no time"),
        ({"session_1_date_time": "1:56 pm on 31 June, 2023"}, "session_1_date_time is no time"),
        ({"session_1_date_time": "1:56 pm on 3 Juvember, 2023"}, "session_1_date_time is no time"),
        ({"session_1": {}}, "session_1 is no list"),
        ({"session_1": [turn("Carl", "D1:1", "hi")]}, "turn 1 of session_1 is by neither Wilma nor Otis"),
        ({"session_1": ["hi"]}, "turn 1 of session_1 is by neither"),
        ({"session_1": [turn("Otis", None, "hi")]}, "turn 1 of session_1 has no dia_id"),
        ({"session_1": [turn("Otis", "D1:1", 5)]}, "turn 1 of session_1 has no dia_id, or a text"),
        ({"session_2": [turn("Otis", "D1:1", "hi")]}, "has the dia_id D1:1 twice"),
        ({"session_1": [], "session_2": []}, "holds no message"),
    ],
)
def test_a_conversation_of_another_form_is_named_with_the_place(tmp_path, changes, wrong):
    with pytest.raises(InputError, match=wrong):
        sample(tmp_path, "both", **changes)


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("{", "line 1: no JSON"),
        ("[]", "holds no message"),
        ("{}", 'has no "conversation"'),
        ("[1]", "conversation 1 has no"),
    ],
)
def test_what_is_no_locomo_file_is_an_error(tmp_path, content, wrong):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match=wrong):
        read_locomo(path)


def test_one_conversation_given_twice_is_an_error(tmp_path):
    path = file_of(tmp_path, [{"sample_id": "conv-1", "conversation": conversation()}] * 2)
    with pytest.raises(InputError, match="conversation 2 has the sample and speakers of another"):
        read_locomo(path)


def test_an_unknown_role_for_the_speakers_is_refused(tmp_path):
    with pytest.raises(InputError, match="one of a, b, both"):
        sample(tmp_path, "c")


@pytest.mark.skipif(not REAL.is_dir(), reason="the LoCoMo conversations (shared/data/locomo) are not here")
def test_real_conversations_are_read_whole():
    for path in sorted(REAL.glob("*.json")):
        held = json.loads(path.read_text())["conversation"]
        turns = [raw for key, found in held.items() if isinstance(found, list) for raw in found]
        loaded = read_locomo(path)
        assert set(loaded.counts.values()) == {sum(bool(raw["text"].strip()) for raw in turns)}
        assert len(loaded.counts) == len(loaded.names) == 2
        for bot in loaded.counts:
            said = messages(loaded, bot)
            assert {message.speaker for message in said} == set(Speaker)
            assert len(said) == loaded.counts[bot]
