"""What a portrait is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One value: what it is, its value with the unit, its 95% interval, what it rests on, and what it means or why it is not
    known. ``known`` is False where the value is null."""

    label: str
    value: str
    interval: str = ""
    count: str = ""
    note: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """A row of a listing. ``private``: nothing said in the open supports it. ``evidence`` are message ids."""

    cells: tuple[str, ...]
    private: bool = False
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A small table; a column whose name begins with ``#`` holds numbers. ``empty`` is said where there is no row."""

    title: str
    columns: tuple[str, ...]
    items: Sequence[Item]
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that an engine wrote."""

    text: str
    private: bool = False


@dataclass(frozen=True)
class Section:
    """One cache, or what else there is. ``state`` says how fresh it is and what it is from; ``fresh`` is None where that does
    not apply. ``grid`` is the week's 7 x 24 shares for those who see no picture. ``rest`` are the values that no figure and
    no listing tells, as label and text."""

    title: str
    state: str = ""
    fresh: bool | None = None
    cache: str | None = None
    sentences: Sequence[Sentence] = ()
    figures: Sequence[Figure] = ()
    listings: Sequence[Listing] = ()
    grid: Sequence[Sequence[float]] = ()
    rest: Sequence[tuple[str, str]] = field(default_factory=tuple)


@dataclass(frozen=True)
class Portrait:
    """Everything that is told of a person."""

    name: str
    bot: str
    as_of: str
    lines: Sequence[str]
    sections: Sequence[Section]
