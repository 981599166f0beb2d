"""Our JSONL form: what is read, and what is said about a broken line."""

import json
import os
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.errors import InputError
from whisper_enrich.loading import jsonl
from whisper_enrich.loading.jsonl import read_jsonl
from whisper_enrich.messages.model import Disposition, Scope, Speaker
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.messages.points import batches_to_write

NOW = datetime(2026, 11, 21, 8, 20, tzinfo=UTC)


def line(**fields):
    """A message as JSON; a field of None is left out."""
    message = {
        "bot": "elena",
        "user": "u1",
        "speaker": "user",
        "at": "2026-01-05T06:41:10Z",
        "text": "morning",
    } | fields
    return json.dumps({name: value for name, value in message.items() if value is not None})


def file_of(folder, *lines, name="chat.jsonl"):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def messages(loaded):
    return [
        message
        for bot, points in loaded.points().items()
        for point in points
        for message in parse_point(bot, point, now=NOW, first_day=date(2020, 1, 1)).messages
    ]


def test_a_message_is_read_with_all_that_its_line_says(tmp_path):
    path = file_of(
        tmp_path,
        line(channel="dm", emotion="Joy", intensity=0.7, name="Una", text="  I made soup\n"),
        line(speaker="bot", at="2026-01-05T08:41:12+02:00", text="Good."),
    )
    loaded = read_jsonl(path)
    first, second = messages(loaded)
    assert (first.bot_name, first.user_id, first.speaker, first.text) == (
        "elena",
        "u1",
        Speaker.USER,
        "  I made soup\n",
    )
    assert (first.at, first.scope) == (datetime(2026, 1, 5, 6, 41, 10, tzinfo=UTC), Scope.DM)
    assert (first.emotion, first.emotion_intensity) == ("joy", 0.7)
    assert (second.speaker, second.at, second.scope) == (
        Speaker.BOT, datetime(2026, 1, 5, 6, 41, 12, tzinfo=UTC), Scope.SHARED,
    )  # fmt: skip
    assert (loaded.counts, loaded.names, loaded.skipped) == ({"elena": 2}, {"u1": "Una"}, {})


@pytest.mark.parametrize(
    ("at", "utc"),
    [
        ("2026-01-05T23:30:00", (2026, 1, 5, 23, 30)),
        ("2026-01-05 23:30", (2026, 1, 5, 23, 30)),
        ("2026-01-05T23:30:00-08:00", (2026, 1, 6, 7, 30)),
        ("2026-01-05t23:30:00z", (2026, 1, 5, 23, 30)),
        ("20260105T233000Z", (2026, 1, 5, 23, 30)),
    ],
)
def test_a_time_without_an_offset_is_utc(tmp_path, at, utc):
    (message,) = messages(read_jsonl(file_of(tmp_path, line(at=at))))
    assert message.at == datetime(*utc, tzinfo=UTC)


def test_clocks_of_a_point_agree_in_any_time_zone(tmp_path):
    points = read_jsonl(file_of(tmp_path, line(at="2026-07-05T06:41:10-07:00"))).points()["elena"]
    assert parse_point("elena", points[0], now=NOW, first_day=date(2020, 1, 1)).clock_skew_seconds == 0


def test_bot_names_are_normalised_as_the_platform_does(tmp_path):
    loaded = read_jsonl(
        file_of(tmp_path, line(bot="Marcus Thompson"), line(bot="elena_bot"), line(bot="Elena", text="hi"))
    )
    assert loaded.counts == {"elena": 2, "marcus_thompson": 1}


def test_ids_stay_the_same_from_load_to_load_and_file_to_file(tmp_path):
    lines = [line(), line(text="again"), line(id="m-1", text="with an id"), line(bot="juno")]
    one = read_jsonl(file_of(tmp_path, *lines)).points()
    other = read_jsonl(file_of(tmp_path, *reversed(lines), name="other.jsonl")).points()
    ids = {bot: {point.id for point in points} for bot, points in one.items()}
    assert ids == {bot: {point.id for point in points} for bot, points in other.items()}
    assert len(ids["elena"] | ids["juno"]) == 4


def test_the_same_instant_in_another_zone_is_the_same_message(tmp_path):
    loaded = read_jsonl(file_of(tmp_path, line(at="2026-01-05T06:41:10Z"), line(at="2026-01-04T22:41:10-08:00")))
    assert loaded.counts == {"elena": 1}
    assert loaded.skipped == {"repeated line": 1}


def test_an_own_id_keeps_equal_words_at_the_same_time_apart(tmp_path):
    loaded = read_jsonl(file_of(tmp_path, line(id="1", text="ok"), line(id=2, text="ok")))
    assert loaded.counts == {"elena": 2}


def test_a_line_with_the_id_of_another_but_other_words_is_an_error(tmp_path):
    path = file_of(tmp_path, line(id="m"), "", line(id="m", text="something else"))
    with pytest.raises(InputError, match=r"line 3: it has the id of line 1"):
        read_jsonl(path)


def test_the_same_words_in_dm_and_guild_at_once_need_ids(tmp_path):
    with pytest.raises(InputError, match="line 2: it has the id of line 1, or its user"):
        read_jsonl(file_of(tmp_path, line(channel="dm"), line(channel="guild")))


def test_the_last_name_of_a_user_counts(tmp_path):
    loaded = read_jsonl(file_of(tmp_path, line(name="Una"), line(text="x", name=" Uma "), line(text="y")))
    assert loaded.names == {"u1": "Uma"}


def test_blank_lines_carriage_returns_and_a_byte_order_mark_do_no_harm(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line().encode() + b"\r\n\r\n   \n" + line(text="two").encode())
    assert read_jsonl(path).counts == {"elena": 2}


def test_a_line_separator_within_a_text_ends_no_line(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_text(json.dumps(json.loads(line(text="one\u2028two\x85three")), ensure_ascii=False), encoding="utf-8")
    assert messages(read_jsonl(path))[0].text == "one\u2028two\x85three"


VECTOR = [0.5] * 384
SECRET = "my private words"


@pytest.mark.parametrize(
    ("broken", "wrong"),
    [
        ("{", "it is no JSON"),
        ("[1]", "no object"),
        ('"text"', "no object"),
        ('{"bot": NaN}', "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("1" * 5000, "it is no JSON"),
        (line(bot=None), 'it has no "bot"'),
        (line(text=None), 'it has no "text"'),
        (line(chanel="dm"), "unknown field 'chanel'"),
        (line(bot="  "), '"bot" is no text'),
        (line(bot="!!"), '"bot" cannot be a bot\'s name'),
        (line(bot="elena_7d"), '"bot" cannot be a bot\'s name'),
        (line(bot="e" * 101), '"bot" has 101 characters'),
        (line(user=["u"]), '"user" is no text'),
        (line(user=True), '"user" is no text'),
        (line(user="u" * 256), '"user" has 256 characters'),
        (line(user="bot_self_elena"), '"user" starts with bot_'),
        (line(speaker="assistant"), '"speaker" is neither'),
        (line(at=1767595270), '"at" is no text'),
        (line(at="yesterday"), '"at" is no ISO time'),
        (line(at="2026-13-05T00:00:00"), '"at" is no ISO time'),
        (line(at="0001-01-01T00:00:00+10:00"), '"at" is no ISO time'),
        (line(at="2026-01-05"), '"at" has no time of day'),
        (line(at="20260105"), '"at" has no time of day'),
        (line(at="1969-12-31T23:59:59"), '"at" lies before 1970'),
        (line(text=" \n\t"), '"text" is no text, or blank'),
        (line(text="\u0000"), '"text" is no text, or blank'),
        (line(text={"a": 1}), '"text" is no text'),
        (line(text="x" * 100_001), '"text" has 100,001 characters'),
        (line(text="half \ud800"), '"text" holds half of a surrogate pair'),
        (line(channel="DM"), '"channel" is neither'),
        (line(channel=["dm"]), '"channel" is neither'),
        (line(emotion=3), '"emotion" is no text'),
        (line(intensity=1.01), '"intensity" is no number'),
        (line(intensity=True), '"intensity" is no number'),
        (line(intensity="0.5"), '"intensity" is no number'),
        (line(id=""), '"id" is no text'),
        (line(name=7), '"name" is no text'),
        (line(vector=VECTOR), '"vector" is no object'),
        (line(vector={"meaning": VECTOR}), '"vector" is no object'),
        (line(vector={"content": VECTOR[1:]}), "no list of 384 numbers"),
        (line(vector={"content": [*VECTOR[1:], "1"]}), "no list of 384 numbers"),
        (line(vector={"content": [*VECTOR[1:], 10**400]}), "no list of 384 numbers"),
        (line(vector={"content": [0] * 384}), "of zeros"),
    ],
)
def test_a_broken_line_is_named_with_what_is_wrong_and_nothing_is_read(tmp_path, broken, wrong):
    path = file_of(tmp_path, *[line(text=f"{SECRET} {number}") for number in range(16)], broken)
    with pytest.raises(InputError) as raised:
        read_jsonl(path)
    message = str(raised.value)
    assert message.startswith(f"{path}, line 17: ")
    assert wrong in message
    assert message.endswith("Nothing of the file was loaded.")
    assert SECRET not in message


def test_an_error_tells_nothing_of_what_the_line_says(tmp_path):
    for field in ("bot", "user", "speaker", "at", "channel", "emotion", "intensity", "id", "name", "vector"):
        with pytest.raises(InputError) as raised:
            read_jsonl(file_of(tmp_path, line(**{field: SECRET * 30})))
        assert SECRET not in str(raised.value)
    with pytest.raises(InputError) as raised:
        read_jsonl(file_of(tmp_path, line(**{SECRET * 30: "x"})))
    assert SECRET not in str(raised.value)


def test_bytes_that_are_no_utf_8_are_named_by_line(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_bytes(line().encode() + b"\n" + line(text="caf").replace("caf", "caf\xe9").encode("latin-1"))
    with pytest.raises(InputError, match="line 2: it is not UTF-8"):
        read_jsonl(path)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_messages_is_an_error(tmp_path, content):
    path = tmp_path / "chat.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match="holds no message"):
        read_jsonl(path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_jsonl(tmp_path / "absent.jsonl")
    with pytest.raises(InputError, match="Is a directory"):
        read_jsonl(tmp_path)


def test_a_file_that_changes_between_the_passes_is_not_loaded(tmp_path):
    path = file_of(tmp_path, line())
    loaded = read_jsonl(path)
    with path.open("a") as stream:
        stream.write(line(text="more") + "\n")
    with pytest.raises(InputError, match="changed while it was being loaded"):
        loaded.points()


def test_pages_are_bounded_and_repeated_lines_stay_out_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "PAGE", 4)
    lines = [line(text=str(number), bot=("elena", "juno")[number % 2]) for number in range(11)]
    loaded = read_jsonl(file_of(tmp_path, *lines, lines[0], lines[5]))
    pages = list(loaded.pages())
    assert all(len(points) <= 4 for _, points in pages)
    assert sum(len(points) for _, points in pages) == loaded.total == 11
    assert loaded.skipped == {"repeated line": 2}
    assert list(loaded.pages()) == pages


def test_given_vectors_are_kept(tmp_path):
    loaded = read_jsonl(file_of(tmp_path, line(vector={"content": VECTOR})))
    (point,) = loaded.with_vectors(loaded.points()["elena"])
    assert point.vectors == {"content": VECTOR}


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40).filter(
    lambda text: text.replace("\x00", "").strip()
)
_NAIVE = datetime(1971, 1, 1)  # noqa: DTZ001 (hypothesis takes its bounds without a zone)
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    text=_TEXT,
    user=_TEXT.filter(lambda text: not text.startswith("bot_")),
    at=st.datetimes(_NAIVE, _NAIVE.replace(year=2026), timezones=_ZONES),
    speaker=st.sampled_from(["user", "bot"]),
    ascii_only=st.booleans(),
)
def test_whatever_can_be_written_is_read_and_parsed_as_conversation(
    tmp_path_factory, text, user, at, speaker, ascii_only
):
    path = tmp_path_factory.mktemp("jsonl") / "chat.jsonl"
    fields = {"bot": "elena", "user": user, "speaker": speaker, "at": at.isoformat(), "text": text}
    path.write_bytes(json.dumps(fields, ensure_ascii=ascii_only).encode())
    (point,) = read_jsonl(path).points()["elena"]
    parsed = parse_point("elena", point, now=NOW, first_day=date(1970, 1, 1))
    assert batches_to_write([point])
    if parsed.reason not in ("emoji_reaction", "intervention"):
        assert parsed.disposition is Disposition.CONVERSATION
        (message,) = parsed.messages
        assert message.at == at
        assert message.text == text.replace("\x00", "")
    os.unlink(path)
