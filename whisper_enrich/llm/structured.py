"""The JSON in a model's answer: out of its wrapping, and repaired only where one reading is possible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from whisper_enrich.llm.reply import storable

_THINKING = re.compile(r"<think(?:ing)?>")
_THOUGHTS = re.compile(r"<(think(?:ing)?)>.*?</\1>", re.S)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.S)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CLOSERS_ONLY = re.compile(r"[\s}\]`]*")
_KEY_BEFORE = re.compile(r"[\"'].*:\s*$")
_NO_PROSE = re.compile(r"\s*(```\w*)?\s*")
_IDLE_COMMA = re.compile(r",(?=[\]}{\[])")
_ZEROS = re.compile(r"(\d\.\d+?)0+(?!\d)")
_PYTHON_WORDS = (("None", "null"), ("True", "true"), ("False", "false"))
_LONGEST_REPAIR = 100_000


class BrokenJson(ValueError):
    """An answer that holds no JSON, or JSON that can be read in more ways than one. The message says where, never what."""


def read_json(text: str, finish_reason: str = "stop") -> Any:
    """The one JSON object or array in ``text``. Raises `BrokenJson`.

    Around it there may be prose, a code fence, a leading ``<think>`` block, and closing brackets too many. A second object
    makes it ambiguous, and so does a key that occurs twice. NaN and infinities are refused. Characters that PostgreSQL
    cannot hold are dropped from strings (NUL) or replaced (lone surrogates).

    Where it does not parse, `json-repair` proposes a value, and that counts only if it says exactly what the text says:
    the same letters, digits, brackets, colons and commas in the same order, and as many strings as the text has pairs of
    unescaped quotation marks of one kind. So a trailing or missing comma between brackets, single quotation marks and
    stray backslashes are repaired; a string that is cut off or holds bare quotation marks, a comment, a missing value, and a
    list that does not end are not. One missing last ``}`` is added, if the model ended by itself (``finish_reason`` is
    ``stop``) behind a complete list, object or string.
    """
    content = text.removeprefix("\ufeff").strip()
    if _THINKING.match(content):
        thoughts = _THOUGHTS.match(content)
        content = content[thoughts.end() :].strip() if thoughts else ""
    starts = sorted({at for at in (content.find("{"), content.find("[")) if at >= 0})
    if not starts:
        raise BrokenJson("The answer holds no JSON object.")
    problem = ""
    for start in starts:
        try:
            value, end = _decoded(content, start)
        except _Ambiguous as error:
            raise BrokenJson(str(error)) from None
        except (ValueError, RecursionError) as error:
            problem = problem or _described(error)
            continue
        if _is_wrapping(content[:start], content[end:]):
            return _clean(value)
        if not problem:
            raise BrokenJson(
                "The answer holds more than one JSON value, or one that begins too late or ends too early."
            )
    first = starts[0]
    if _is_wrapping(content[:first], ""):
        value = _repaired(content[first:], ends_itself=finish_reason == "stop")
        if value is not None:
            return _clean(value)
    raise BrokenJson(f"The answer is not valid JSON: {problem}")


class _Ambiguous(ValueError):
    pass


def _decoded(content: str, start: int) -> tuple[Any, int]:
    # Line breaks and tabs within a string stand for themselves: strict=False.
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float, strict=False)
    return decoder.raw_decode(content, start)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise _Ambiguous("A key occurs twice in one object of the answer.")
    return read


def _no_number(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is no number of JSON.")


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Ambiguous("A number of the answer is too large.")
    return number


def _described(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}."
    return "it is nested too deeply." if isinstance(error, RecursionError) else "a number is too long."


def _is_wrapping(before: str, after: str) -> bool:
    """True where neither part belongs to the JSON between them: they hold no object, and no half of a list or of a pair.

    Brackets that only close are nobody's, unless something was opened before the JSON in a way that was not understood.
    """
    half_a_string = before.count('"') % 2 or after.count('"') % 2
    if half_a_string or "{" in before or "}" in before or _KEY_BEFORE.search(before) or not _balanced(before):
        return False
    if _CLOSERS_ONLY.fullmatch(after) and _NO_PROSE.fullmatch(before):
        return True
    return not ("{" in after or "}" in after) and _balanced(after)


def _balanced(prose: str) -> bool:
    return prose.count("[") == prose.count("]")


def _repaired(source: str, *, ends_itself: bool) -> Any | None:
    """What json-repair makes of it, None where that is not what it says."""
    source = source.split("\n```", 1)[0].strip() if source.rstrip().endswith("```") else source.strip()
    if len(source) > _LONGEST_REPAIR:
        return None
    import json_repair

    try:
        value = json_repair.loads(source, skip_json_loads=True)
        if not isinstance(value, (dict, list)) or not value:
            return None
        same = _says_the_same(source, value) or (
            ends_itself and source[-1] in "]}\"'" and isinstance(value, dict) and _says_the_same(source + "}", value)
        )
        return value if same and _is_finite(value) else None
    except (ValueError, RecursionError):
        return None


def _says_the_same(source: str, value: Any) -> bool:
    strings = list(_strings(value))
    if any(match[1] == "u" for match in _ESCAPE.finditer(source)):
        return False  # a code point that is not whole
    if not (_quoted_by('"', source, strings) or _quoted_by("'", source, strings)):
        return False
    said = _unescaped(source)
    # The library makes an empty key of a blank one.
    if not all(f'"{string}"' in said or f"'{string}'" in said for string in strings):
        return False
    return _bare(said) == _bare("".join(_spelled(value)))


def _quoted_by(mark: str, source: str, strings: list[str]) -> bool:
    """True where every mark in the source delimits one of the strings, or is escaped and stands in one."""
    escaped = sum(1 for match in _ESCAPE.finditer(source) if match[1] == mark)
    bare = _ESCAPE.sub("", source).count(mark)
    return bare == 2 * len(strings) and escaped == sum(string.count(mark) for string in strings)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _spelled(value: Any) -> Iterator[str]:
    """JSON without quotation marks and escapes."""
    if isinstance(value, dict):
        yield "{"
        for number, (key, inner) in enumerate(value.items()):
            yield f"{',' if number else ''}{key}:"
            yield from _spelled(inner)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, inner in enumerate(value):
            yield "," if number else ""
            yield from _spelled(inner)
        yield "]"
    else:
        yield value if isinstance(value, str) else json.dumps(value)


def _unescaped(source: str) -> str:
    def character(match: re.Match[str]) -> str:
        escaped = match[1]
        return chr(int(escaped[1:], 16)) if len(escaped) > 1 else _ESCAPED.get(escaped, escaped)

    return _ESCAPE.sub(character, source)


def _bare(text: str) -> str:
    """What has to be equal: all but white space, quotation marks, backslashes, commas beside brackets, closing zeros."""
    text = storable(text)
    for python, word in _PYTHON_WORDS:
        text = re.sub(rf"\b{python}\b", word, text)
    text = re.sub(r"[\s\"'\\]", "", text)
    return _ZEROS.sub(r"\1", _IDLE_COMMA.sub("", text))


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    return all(map(_is_finite, value)) if isinstance(value, list) else True


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(key): _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value
