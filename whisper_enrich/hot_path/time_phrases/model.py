"""What a time phrase means: a range of instants, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["range", "first", "latest", "since", "until", "none"]


@dataclass(frozen=True, slots=True)
class TimeRange:
    """``start <= instant < end``, both aware and in UTC. ``why`` says how an alternative reads the words."""

    start: datetime
    end: datetime
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence asks about.

    ``phrase`` holds the words that named the time ("" where none did), ``sentence`` says in English which range they were
    taken for, or why for none. ``kind``:

    - "range": between two instants;
    - "since": from a time on; the range ends now (for "since", "after", "from … on");
    - "until": up to a time; the range starts at the epoch, or now where the sentence looks ahead ("until", "before");
    - "first", "latest": the first or the last talk there is, within ``range`` where it is not None;
    - "none": no time is named, or one that cannot be told (then ``phrase`` is not empty and ``sentence`` has the reason).

    ``alternatives`` are the other readings of the words (``range`` is the likeliest); ``ambiguous`` says that there are any.
    """

    range: TimeRange | None
    phrase: str
    sentence: str
    kind: Kind
    ambiguous: bool = False
    alternatives: tuple[TimeRange, ...] = ()
