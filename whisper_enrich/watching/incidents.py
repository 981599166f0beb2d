"""When a failure becomes an incident that a person is told of, and when it is over.

A subject (a job for a bot, a check) fails so many times one after the other, and an incident is open: told once, however often
it goes on failing or is tried again. The first success closes it, which is told too. Nothing here knows a message's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Event:
    """A subject has failed or succeeded. ``subject`` is what it is called in a message; ``link`` leads to it in the UI."""

    subject: str
    failed: bool
    at: datetime
    run_id: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Streak:
    """Failures of a subject one after the other; ``told`` where a person was told."""

    subject: str
    failures: int
    since: datetime
    run_id: str
    link: str
    told: bool = False

    def to_json(self) -> dict[str, Any]:
        """For a cursor."""
        return {
            "subject": self.subject, "failures": self.failures, "since": self.since.isoformat(), "run_id": self.run_id,
            "link": self.link, "told": self.told,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `to_json` made."""
        return cls(**{**stored, "since": datetime.fromisoformat(stored["since"])})


class Turn(StrEnum):
    """What became of an incident."""

    OPENED = "opened"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Change:
    """An incident that was opened or closed, with the streak behind it."""

    turn: Turn
    streak: Streak


def follow(streaks: Iterable[Streak], events: Iterable[Event], threshold: int) -> tuple[list[Streak], list[Change]]:
    """The streaks after ``events``, in their order, and what a person is to be told of that.

    A subject that failed and recovered within the same events counts as if somebody had looked in between.
    """
    by_subject = {streak.subject: streak for streak in streaks}
    changes: list[Change] = []
    for event in events:
        before = by_subject.get(event.subject)
        if not event.failed:
            if before is not None and before.told:
                changes.append(Change(Turn.RECOVERED, before))
            by_subject.pop(event.subject, None)
            continue
        streak = Streak(
            event.subject, before.failures + 1 if before else 1, before.since if before else event.at, event.run_id,
            event.link, before.told if before else False,
        )  # fmt: skip
        if streak.failures >= threshold and not streak.told:
            streak = replace(streak, told=True)
            changes.append(Change(Turn.OPENED, streak))
        by_subject[event.subject] = streak
    return list(by_subject.values()), changes
