"""The daily measures of one or many users as columns over the days of the long run, summed over users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

import numpy as np

from whisper_enrich.messages.store import VECTOR_SIZE
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS
from whisper_enrich.strategic.performance_days import SUMMED, VOICE_SPACES, DayMeasures
from whisper_enrich.strategic.performance_inputs import Feedback, Metrics

LONG_RUN_DAYS = 90
"""How far back a bot's usual ways are looked for."""

_of_row = attrgetter(*SUMMED)


@dataclass(frozen=True)
class Grid:
    """Columns over `LONG_RUN_DAYS` days that end with that of ``as_of``: a sum a day and name.

    Beside the fields of `DayMeasures`: ``active`` users a day, of these ``returnable`` (the next day is over, or they came)
    and ``returned`` (they wrote on it too), ``feedbacks`` and ``feedback`` (their sum). ``voice`` has, by space, the sums of unit
    vectors [days, 384] and their counts [days].
    """

    last: date
    sums: Mapping[str, np.ndarray]
    voice: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def total(self, name: str, days: int) -> float:
        """Sum of a column over the last ``days`` days."""
        return float(self.sums[name][-days:].sum())

    def days(self, count: int) -> list[date]:
        """The last ``count`` days, ascending."""
        return [self.last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def grid(by_user: Mapping[str, Sequence[DayMeasures]], as_of: datetime, metrics: Metrics) -> Grid:
    """Put the rows of all users together. Rows outside the long run are not read; the order of users changes nothing."""
    last = as_of.date()
    rows = [(_place(row.day, last), row) for own in by_user.values() for row in own]
    rows = [(place, row) for place, row in rows if place is not None]
    where = np.array([place for place, _ in rows], dtype=np.int64)
    values = np.array([_of_row(row) for _, row in rows], dtype=np.float64).reshape(-1, len(SUMMED))
    sums = {
        name: np.bincount(where, values[:, i], minlength=LONG_RUN_DAYS).astype(np.float64)
        for i, name in enumerate(SUMMED)
    }
    sums["moves"] -= _unsettled(rows, as_of)
    sums |= _returns([own for _, own in sorted(by_user.items())], last)
    sums |= _feedback(metrics.feedback, last)
    _add_measured_reactions(sums, metrics, last)
    return Grid(last, sums, {space: _voice(rows, space) for space in VOICE_SPACES})


def _place(day: date, last: date) -> int | None:
    """Index of a day in the grid, None outside of it."""
    back = (last - day).days
    return LONG_RUN_DAYS - 1 - back if 0 <= back < LONG_RUN_DAYS else None


def _unsettled(rows: Sequence[tuple[int, DayMeasures]], as_of: datetime) -> np.ndarray:
    """By day, how many moves cannot be judged: the session was not over when the day, or what is known, ended."""
    unsettled = np.zeros(LONG_RUN_DAYS)
    for place, row in rows:
        if row.open_since is None:
            continue
        end = (row.day - date(1970, 1, 1)).days * 86_400.0 + 86_400.0
        if min(end, as_of.timestamp()) - row.open_since < SESSION_GAP_SECONDS:
            unsettled[place] += 1
    return unsettled


def _returns(users: Sequence[Sequence[DayMeasures]], last: date) -> dict[str, np.ndarray]:
    active, returnable, returned = np.zeros(LONG_RUN_DAYS), np.zeros(LONG_RUN_DAYS), np.zeros(LONG_RUN_DAYS)
    for rows in users:
        here = np.zeros(LONG_RUN_DAYS, dtype=bool)
        for row in rows:
            place = _place(row.day, last)
            if place is not None and row.user_turns:
                here[place] = True
        again = here[:-1] & here[1:]
        active += here
        returned[:-1] += again
        returnable[:-1] += here[:-1]
        # The last day is not over yet: only who came on it can be counted for the day before.
        returnable[-2] -= here[-2] and not here[-1]
    return {"active": active, "returnable": returnable, "returned": returned}


def _feedback(feedback: Sequence[Feedback], last: date) -> dict[str, np.ndarray]:
    counts, sums = np.zeros(LONG_RUN_DAYS), np.zeros(LONG_RUN_DAYS)
    for one in feedback:
        place = _place(date(1970, 1, 1) + timedelta(days=int(one.at // 86_400)), last)
        if place is not None:
            counts[place] += 1
            sums[place] += one.score
    return {"feedbacks": counts, "feedback": sums}


def _add_measured_reactions(sums: dict[str, np.ndarray], metrics: Metrics, last: date) -> None:
    """Reactions that only InfluxDB has. Where the messages hold any, they are the same ones, and are not counted twice."""
    if sums["reactions"].any():
        return
    for day in metrics.measured.get("reactions", ()):
        place = _place(day.day, last)
        if place is not None:
            sums["reactions"][place] += day.count
            sums["reaction"][place] += day.mean * day.count


def _voice(rows: Sequence[tuple[int, DayMeasures]], space: str) -> tuple[np.ndarray, np.ndarray]:
    totals, counts = np.zeros((LONG_RUN_DAYS, VECTOR_SIZE)), np.zeros(LONG_RUN_DAYS)
    for place, row in rows:
        if space in row.voice:
            total, count = row.voice[space]
            totals[place] += total
            counts[place] += count
    return totals, counts
