"""JSON out of answers: unwrapped, repaired where one reading is possible, refused elsewhere."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from whisper_enrich.llm.structured import BrokenJson, read_json

EASY = settings(max_examples=80, derandomize=True, deadline=None)

letters = st.characters(codec="utf-8", exclude_characters="\x00")
texts = st.text(letters, max_size=20)
scalars = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
answers = st.dictionaries(texts, values, min_size=1, max_size=4)
# Without anything that would be escaped, or that the library might take for the end of a string.
plain = st.text("abcäЖ語 ,.!?-_0123456789", max_size=15)
plain_answers = st.dictionaries(
    st.text("abc_", min_size=1, max_size=6),
    st.recursive(
        plain | st.integers(0, 999) | st.booleans() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1, max_size=6), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)
prose = st.text(st.characters(codec="utf-8", exclude_characters='{}[]\x00:`<"'), max_size=40)


@EASY
@given(answers, st.booleans())
def test_json_is_read_as_it_is(value, ascii_only):
    assert read_json(json.dumps(value, ensure_ascii=ascii_only)) == value


@EASY
@given(answers, prose, prose)
def test_prose_around_it_changes_nothing(value, before, after):
    assert read_json(f"{before}{json.dumps(value)}{after}") == value


@EASY
@given(answers, prose, st.sampled_from(["json", "JSON", ""]))
@example({"a": "in ``` a string"}, "", "json")
def test_a_code_fence_around_it_changes_nothing(value, before, language):
    assert read_json(f"{before}\n```{language}\n{json.dumps(value, indent=2)}\n```\n") == value


@EASY
@given(answers)
def test_thoughts_in_front_of_it_are_no_answer(value):
    assert read_json(f'<think>maybe {{"facts": ["x"]}}?</think>\n{json.dumps(value)}') == value


@EASY
@given(plain_answers)
def test_a_trailing_comma_is_repaired(value):
    assert read_json(json.dumps(value, ensure_ascii=False)[:-1] + ",}") == value


@EASY
@given(plain_answers)
def test_one_missing_last_brace_is_repaired_only_if_the_model_ended_by_itself(value):
    assume(isinstance(list(value.values())[-1], (str, list, dict)))
    text = json.dumps(value, ensure_ascii=False)[:-1]
    assert read_json(text) == value
    for reason in ("", "length", "error"):
        with pytest.raises(BrokenJson):
            read_json(text, reason)


@EASY
@given(plain_answers)
def test_single_quotation_marks_are_repaired(value):
    assert read_json(repr(value)) == value


def test_a_repair_that_would_empty_a_key_of_a_line_break_is_refused():
    with pytest.raises(BrokenJson):
        read_json(json.dumps({"\n": None})[:-1] + ",}")


def test_blanks_at_the_ends_of_a_key_stay():
    assert read_json('{" a ": "b",}') == {" a ": "b"}


@EASY
@given(answers, st.sampled_from([",}", ""]))
def test_whatever_strings_hold_a_repair_is_right_or_refused(value, ending):
    try:
        assert read_json(json.dumps(value)[:-1] + ending) == value
    except BrokenJson as error:
        assert str(error)


@EASY
@given(answers)
def test_a_closing_brace_too_many_is_dropped(value):
    assert read_json(json.dumps(value) + "}") == value


@EASY
@given(answers)
def test_line_breaks_and_tabs_may_stand_in_strings(value):
    text = json.dumps(value, ensure_ascii=False).replace("\\n", "\n").replace("\\t", "\t")
    assume("\\" not in text)
    assert read_json(text) == value


@EASY
@given(answers, st.data())
def test_what_is_cut_off_is_refused_unless_only_the_last_brace_is_missing(value, data):
    text = json.dumps(value, ensure_ascii=False)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        read = read_json(cut)
    except BrokenJson:
        return
    assert json.dumps(read, ensure_ascii=False) == cut + "}"


@settings(EASY, max_examples=400)
@given(plain_answers, st.data())
def test_whatever_is_made_of_damaged_json_loses_and_invents_nothing(value, data):
    text = json.dumps(value, ensure_ascii=False)
    at = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.sampled_from(["", ",", '"', "'", "}", "{", "]", "[", ":", "x", "//", "/*", "#", "..."]))
    damaged = text[:at] + damage + text[at + 1 :]
    try:
        read = read_json(damaged)
    except BrokenJson:
        return
    assert [c for c in json.dumps(read, ensure_ascii=False) if c.isalnum()] == [c for c in damaged if c.isalnum()]


@EASY
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(read_json(text), (dict, list))
    except BrokenJson as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "42",
        '"facts"',
        "I found no facts.",
        '{"facts": [{"quote": "I live in',
        '{"facts": [{"quote": "I live in Lisbon"}',
        '{"facts": [{"quote": "I live in Lisbon"},',
        '{"facts": [{"line": 1',
        '{"line": 1',
        '[{"line": 1}',
        '{"facts": [}',
        '{"facts": ,}',
        '{"facts": tru}',
        '{"quote": "he said "hi" to me"}',
        '{"a": "x "y, "b": "z"}',
        '{"quotes": ["x "a", "b" y"]}',
        '{"a": "b" "c"}',
        '{"a": 1 // one\n}',
        '{"a": 1, "b": 2,, "c": 3}',
        '{"a": "x", "a": "y"}',
        '{"a": "x", "a": "y",}',
        '{"a": NaN}',
        '{"a": Infinity,}',
        '{"a": 1e999}',
        '{"a": 1e999,}',
        '{"facts": []} {"facts": [1]}',
        'Either {"facts": []} or {"facts": [1]}',
        '{"facts": []}, "summary": "x"}',
        '"summary": {"text": "x"}',
        '"facts": [1], "summary": {"text": "x"}',
        '{"facts"x []}',
        '{"facts" []}',
        '"facts: []}',
        '"1": "a [b] {", "c": "d"}',
        '{}a": []',
        '"facts: {}}',
        '"facts: {}',
        '{"confidence": 0.}',
        '{"quote": "x\\u00e(", }',
        '{"a": ' + "9" * 5000 + "}",
        "[" * 50_000,
        '{"a":' * 50_000,
        '<think>{"facts": []}</think>',
        '<think>{"facts": []}',
    ],
    ids=lambda text: text[:40],
)
def test_what_can_be_read_in_more_ways_or_none_is_refused(text):
    with pytest.raises(BrokenJson):
        read_json(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"facts": []}', {"facts": []}),
        ('\ufeff{"facts": []}', {"facts": []}),
        ('{"facts": [{"a": 1,},]}', {"facts": [{"a": 1}]}),
        ('[{"a": 1} {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ('{"facts": [{"a": 1}]', {"facts": [{"a": 1}]}),
        ('{"confidence": 0.90, "quote": "it\'s",}', {"confidence": 0.9, "quote": "it's"}),
        ("{'polarity': 'affirm', 'holds_from': None, 'ok': True}", {"polarity": "affirm", "holds_from": None, "ok": True}),
        ('{"quote": "it\\\'s",}', {"quote": "it's"}),
        ('Sure [1]. {"facts": []}', None),
        ('Sure [note]. {"facts": []} [end]', {"facts": []}),
        ('{"quote": "</think> {\\"facts\\": []}"}', {"quote": '</think> {"facts": []}'}),
    ],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_read(text, value):
    if value is None:
        with pytest.raises(BrokenJson):
            read_json(text)
    else:
        assert read_json(text) == value


def test_characters_that_no_database_holds_are_taken_out():
    assert read_json('{"a\\u0000": ["x\\u0000y", "\\ud800", "\\ud83d\\ude00"]}') == {"a": ["xy", "\ufffd", "😀"]}


@pytest.mark.parametrize("text", ['{"quote": "my landlady snores', '{"landlady": "snores", "landlady": 1}', "landlady"])
def test_the_complaint_says_where_and_never_what(text):
    with pytest.raises(BrokenJson) as caught:
        read_json(text)
    assert "landlady" not in str(caught.value)
    assert "landlady" not in f"{caught.value.__cause__} {caught.value.args}"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "' + '"' * 95_000,
        '{"a": "' + 'w "x" ' * 15_000,
        "{" + "a b " * 24_000,
        "<think>" * 14_000 + '{"a": 1}',
        '{"f": [' + '{"a": 1},' * 10_000 + "]}",
        '{"facts": "' + "word " * 200_000,
    ],
    ids=lambda text: text[:20],
)
def test_no_text_takes_long(text):
    begun = time.monotonic()
    with suppress(BrokenJson):
        read_json(text)
    assert time.monotonic() - begun < 5
