"""What is done about personal data in texts (ENRICHMENT_PII): keep it, mask it, or drop the sentence that holds it.

One word holds for all kinds (``keep``, ``model``, ``mask``, ``drop``; ``off`` is ``keep``), or kinds are named:
``email=drop,phone=mask``; for those that are not, it is ``model``. ``mask`` and ``drop`` are applied where messages are read,
before any engine or model sees them: so nothing that is made of them can hold what they do not show. ``model`` masks only
what a language model is sent, and puts it back in what it answers. Detection is that of `llm.masking`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType

from whisper_enrich.facts.model import Assertion, Extraction
from whisper_enrich.llm.masking import KINDS, personal_data
from whisper_enrich.messages.model import Message, Redaction
from whisper_enrich.text.sentences import sentences


class Action(StrEnum):
    """What becomes of a piece of personal data."""

    KEEP = "keep"
    MODEL = "model"
    MASK = "mask"
    DROP = "drop"


SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "EMAIL": "[email]", "PHONE": "[phone]", "CARD": "[card]", "IBAN": "[iban]", "ADDRESS": "[address]",
        "ACCOUNT": "[account]", "IP": "[ip]", "SECRET": "[secret]",
    }
)  # fmt: skip
"""What stands in a text in place of a masked piece, by kind."""

_NAMES = ", ".join(kind.lower() for kind in SHOWN)


@dataclass(frozen=True, slots=True)
class Applied:
    """A text under a policy, and what was changed in it."""

    text: str
    pieces: Sequence[Redaction] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """An action for each kind of `SHOWN`. ``name`` is how the setting says it, the same for the same policy."""

    actions: Mapping[str, Action]
    name: str

    @property
    def keeps_all(self) -> bool:
        """Nothing is changed, not even for a model."""
        return all(action is Action.KEEP for action in self.actions.values())

    @property
    def changes_texts(self) -> bool:
        """Whether engines are shown other texts than were written."""
        return not {Action.MASK, Action.DROP}.isdisjoint(self.actions.values())

    @property
    def mark(self) -> str:
        """What the version of an extractive engine bears under this policy; nothing where texts stay as they are."""
        if not self.changes_texts:
            return ""
        return (
            f"+pii-{self.name}"
            if "=" not in self.name
            else f"+pii-{blake2b(self.name.encode(), digest_size=4).hexdigest()}"
        )

    @property
    def asked_as(self) -> str:
        """What the version of a model's answer is made of."""
        return {"model": "mask", "mask": "mask everywhere"}.get(self.name, self.name)

    @property
    def masking(self) -> Policy:
        """The same, but that what it drops is masked."""
        masked = {kind: Action.MASK if action is Action.DROP else action for kind, action in self.actions.items()}
        return _policy(masked)

    @property
    def kept(self) -> frozenset[str]:
        """The kinds that stay as they are."""
        return frozenset(kind for kind, action in self.actions.items() if action is Action.KEEP)

    def applied(self, text: str) -> Applied:
        """``text`` with masks in place of pieces, and without the sentences that hold what is to be dropped."""
        found = personal_data(text) if self.changes_texts else []
        changes = [(start, end, SHOWN[kind]) for start, end, kind in found if self.actions[kind] is Action.MASK]
        dropped = [(start, end) for start, end, kind in found if self.actions[kind] is Action.DROP]
        for first, last in _sentences_around(text, dropped):
            changes = [change for change in changes if not first <= change[0] < last] + [(first, last, "")]
        return _changed(text, sorted(changes)) if changes else Applied(text)


def _sentences_around(text: str, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sentences that these places lie in, those that touch as one."""
    spans = [(span.start, span.end) for span in sentences(text)] if places else []
    around: list[tuple[int, int]] = []
    for start, end in places:
        over = [span for span in spans if span[0] < end and start < span[1]]
        first, last = min([start, *(s for s, _ in over)]), max([end, *(e for _, e in over)])
        if around and first <= around[-1][1]:
            around[-1] = (around[-1][0], max(last, around[-1][1]))
        else:
            around.append((first, last))
    return around


def _changed(text: str, changes: Sequence[tuple[int, int, str]]) -> Applied:
    parts: list[str] = []
    pieces: list[Redaction] = []
    end = length = 0
    for start, stop, new in changes:
        parts += [text[end:start], new]
        length += start - end
        pieces.append(Redaction(start, stop, length, length + len(new)))
        length += len(new)
        end = stop
    return Applied("".join([*parts, text[end:]]), tuple(pieces))


def shown_under(policy: Policy, message: Message) -> Message:
    """The message as engines and models are to see it."""
    applied = policy.applied(message.text)
    return replace(message, text=applied.text, redactions=applied.pieces) if applied.pieces else message


def in_original(extraction: Extraction, message: Message | None) -> Extraction:
    """An extraction from a message as it was shown, with its spans where the words stand in the message as it was written.

    The quotes stay as they were shown.
    """
    if message is None or not message.redactions:
        return extraction
    return replace(extraction, assertions=tuple(_moved(one, message) for one in extraction.assertions))


def _moved(assertion: Assertion, message: Message) -> Assertion:
    start, end = original_span(message.redactions, assertion.evidence.start, assertion.evidence.end)
    return replace(assertion, evidence=replace(assertion.evidence, start=start, end=end))


def original_span(pieces: Sequence[Redaction], start: int, end: int) -> tuple[int, int]:
    """Where in the text before a policy was applied the words stand that are at ``start`` to ``end`` after it."""
    return _before(pieces, start, at_end=False), _before(pieces, end, at_end=True)


def _before(pieces: Sequence[Redaction], place: int, *, at_end: bool) -> int:
    shift = 0
    for piece in pieces:
        if place <= piece.new_start and (at_end or place < piece.new_end or piece.new_start < piece.new_end):
            break
        if place < piece.new_end or (at_end and place == piece.new_end):
            return piece.end if at_end else piece.start
        shift = piece.end - piece.new_end
    return place + shift


_ENTRY = re.compile(r"\s*([a-z]+)\s*=\s*([a-z]+)\s*")


@lru_cache(maxsize=32)
def policy(setting: str) -> Policy:
    """The policy that a setting says. Raises ValueError with a sentence about what is wrong."""
    words = setting.strip().lower()
    words = {"off": "keep", "": "model"}.get(words, words)
    if words in list(Action):
        return _policy(dict.fromkeys(SHOWN, Action(words)))
    actions = dict.fromkeys(SHOWN, Action.MODEL)
    for part in words.split(","):
        entry = _ENTRY.fullmatch(part)
        kind, action = (entry[1].upper(), entry[2]) if entry else ("", "")
        if kind not in SHOWN or action not in list(Action):
            raise ValueError(f"say keep, model, mask or drop, for all or as kind=action for kinds of {_NAMES}")
        actions[kind] = Action(action)
    return _policy(actions)


def _policy(actions: dict[str, Action]) -> Policy:
    kinds = set(actions.values())
    if kinds == {Action.KEEP}:
        name = "off"
    elif len(kinds) == 1:
        name = str(next(iter(kinds)))
    else:
        name = ",".join(f"{kind.lower()}={action}" for kind, action in sorted(actions.items()))
    return Policy(MappingProxyType(actions), name)


if set(SHOWN) != set(KINDS):
    raise AssertionError("every kind that is found needs a mask")
