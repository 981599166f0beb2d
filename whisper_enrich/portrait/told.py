"""A cache's row as it is being told: what is not told by hand is told at the end, so that nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from whisper_enrich.portrait import wording
from whisper_enrich.portrait.model import Figure, Item, Listing, Sentence

Form = Callable[[Any], str]


class Told:
    """Collects what is told of a row. ``at`` is the time as of which what drifts is evaluated."""

    def __init__(self, values: Mapping[str, Any], reasons: Mapping[str, str], at: datetime) -> None:
        self.at = at
        self.figures: list[Figure] = []
        self.listings: list[Listing] = []
        self.sentences: list[Sentence] = []
        self.grid: Sequence[Sequence[float]] = ()
        self._values, self._reasons = values, reasons
        self._told: set[str] = set()

    def take(self, *names: str) -> Any:
        """The value of the first field; all of these fields count as told."""
        self._told.update(names)
        return self._values.get(names[0])

    def why(self, name: str) -> str:
        """Why a field is null, in words."""
        return wording.reason(self._reasons.get(name))

    def figure(
        self,
        name: str,
        label: str,
        form: Form = wording.compact,
        *,
        interval: str = "",
        count: str = "",
        note: str = "",
        value: Any = None,
    ) -> None:
        """Tell one field; ``value`` is what it has come to where it drifts."""
        stored = self.take(name)
        if stored is None:
            why = self.why(name) or "no reason is given"
            self.figures.append(Figure(label, wording.UNKNOWN, count=count, note=why, known=False))
            return
        self.figures.append(Figure(label, form(stored if value is None else value), interval, count, note))

    def add(self, label: str, value: str, *, interval: str = "", count: str = "", note: str = "") -> None:
        """Tell what is part of a field that is told elsewhere."""
        self.figures.append(Figure(label, value, interval, count, note))

    def missing(self, label: str, why: str, *, interval: str = "", count: str = "") -> None:
        """Tell that something is not known."""
        self.figures.append(Figure(label, wording.UNKNOWN, interval, count, why or "no reason is given", known=False))

    def listing(
        self,
        title: str,
        columns: Sequence[str],
        items: Iterable[Mapping[str, Any]] | None,
        cells: Callable[[Mapping[str, Any]], Sequence[str]],
        *,
        empty: str = "none",
    ) -> None:
        """Tell a list of items; their scope and message ids are taken from them."""
        rows = [Item(tuple(cells(item)), item.get("scope") == "dm", _evidence(item)) for item in items or ()]
        self.listings.append(Listing(title, tuple(columns), rows, empty))

    def say(self, *items: str | Mapping[str, Any] | None) -> None:
        """Sentences that an engine wrote: plain, or with their scope."""
        for item in items:
            if isinstance(item, Mapping):
                self.sentences.append(Sentence(str(item["text"]), item.get("scope") == "dm"))
            elif item:
                self.sentences.append(Sentence(item))

    def rest(self) -> list[tuple[str, str]]:
        """All that nobody has told, with why it is null."""
        left = []
        for name, value in self._values.items():
            if name not in self._told:
                why = self.why(name)
                told = f"{wording.UNKNOWN}: {why}" if value is None and why else wording.compact(value)
                left.append((wording.label_of(name), told))
        known = set(self._values)
        left += [
            (wording.label_of(name), wording.reason(word)) for name, word in self._reasons.items() if name not in known
        ]
        return left


def _evidence(item: Mapping[str, Any]) -> tuple[str, ...]:
    one = item.get("message_id")
    return tuple(item.get("message_ids") or ((one,) if one else ()))
