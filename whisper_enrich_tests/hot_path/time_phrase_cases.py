"""What a case is: a sentence, when and where it was said, and the range that it asks about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

WEDNESDAY = "2026-11-18T15:30"
LISBON = "Europe/Lisbon"
ALWAYS = "1970-01-01T00:00Z"


@dataclass(frozen=True)
class Case:
    """``start`` and ``end`` are wall clock of ``zone``, UTC where they end in Z, "now" for the moment of asking.

    Without ``start`` no range is expected. ``other`` are the readings that must be offered beside the range.
    """

    text: str
    start: str = ""
    end: str = ""
    now: str = WEDNESDAY
    zone: str = LISBON
    kind: str = "range"
    anchors: Mapping[str, date] = field(default_factory=dict)
    other: tuple[tuple[str, str], ...] = ()
    ambiguous: bool = False

    @property
    def asked_at(self) -> datetime:
        return moment(self.now, self.zone)

    def instant(self, written: str) -> datetime:
        return self.asked_at if written == "now" else moment(written, self.zone)


def moment(written: str, zone: str) -> datetime:
    """The instant of a wall clock reading in ``zone``, or of one in UTC (Z)."""
    if written.endswith("Z"):
        return datetime.fromisoformat(written[:-1]).replace(tzinfo=UTC)
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def at(now: str, zone: str = LISBON):
    """Cases that are all asked at ``now`` in ``zone``."""

    def case(text: str, start: str = "", end: str = "", **more) -> Case:
        return Case(text, start, end, now=now, zone=zone, **more)

    return case


def nothing(*texts: str) -> list[Case]:
    """Sentences that ask about no time."""
    return [Case(text, kind="none") for text in texts]
