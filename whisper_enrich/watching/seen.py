"""What is known of runs and checks, whatever keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. ``bot`` is empty where it is nobody's; ``seconds`` None where it never started."""

    run_id: str
    job: str
    bot: str
    status: Status
    ended_at: datetime
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The latest evaluation of an asset check; ``number`` grows with every evaluation."""

    asset: str
    check: str
    number: int
    run_id: str
    passed: bool
    at: datetime
