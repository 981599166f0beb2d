"""What to launch: a pure decision over what waits and what is in flight."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from whisper_enrich.partitions import contiguous

MAX_DAYS_PER_RUN = 31
"""Days in one run; an import of years is worked off newest first, a month a run."""

NAMES_SHOWN = 10
"""Bots that are named for each reason why a tick launches nothing."""

MESSAGES_A_SHARE = 20_000
"""Fewer are not worth another run beside the first: they take some 20 s, and its start 5."""


def shares_for(waiting: int, most: int) -> int:
    """Among how many runs to share out the users of a bot of which so many messages wait."""
    return max(1, min(most, waiting // MESSAGES_A_SHARE))


@dataclass(frozen=True, slots=True)
class Launch:
    """One run for one bot over the days from ``first`` to ``last``, of which ``waiting_days`` have work.

    ``requested`` says that the bot has asked for a user's messages.
    """

    bot_name: str
    first: date
    last: date
    waiting_days: int
    requested: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Runs to launch, and for every bot that gets none, why."""

    launches: tuple[Launch, ...]
    skipped: Mapping[str, str]


def plan_runs(
    bots: Sequence[str],
    due: Mapping[str, Collection[date]],
    in_flight: Collection[str],
    *,
    first_day: date,
    today: date,
    paused: Mapping[str, datetime] = MappingProxyType({}),
    requested: Collection[str] = (),
) -> Plan:
    """One run per bot that has work and none in flight, over its newest block of days; those in ``requested`` first.

    ``due`` are the days with work by bot. Days outside the partitions (before ``first_day``, after ``today``) wait. Days
    with a single idle day between them share a run: that costs less than another process. ``paused`` are bots whose runs
    failed, with the time of their next one.
    """
    launches, skipped = [], {}
    for bot_name in sorted(bots, key=lambda name: name not in requested):
        days = sorted(day for day in due.get(bot_name, ()) if first_day <= day <= today)
        if bot_name in in_flight:
            skipped[bot_name] = "a run is queued or running"
        elif not days:
            skipped[bot_name] = "nothing waits"
        elif bot_name in paused:
            skipped[bot_name] = f"its last run failed, the next one starts after {paused[bot_name]:%H:%M:%S} UTC"
        else:
            first, last = _newest_block(days)
            waiting = sum(1 for day in days if first <= day <= last)
            launches.append(Launch(bot_name, first, last, waiting, bot_name in requested))
        if bot_name in skipped and bot_name in requested:
            skipped[bot_name] += " (its request waits)"
    return Plan(tuple(launches), skipped)


def _newest_block(days: Sequence[date]) -> tuple[date, date]:
    """The newest run of days with gaps of at most one idle day, cut to `MAX_DAYS_PER_RUN`."""
    blocks = contiguous(days)
    first, last = blocks[-1]
    for earlier_first, earlier_last in reversed(blocks[:-1]):
        if (first - earlier_last).days > 2:
            break
        first = earlier_first
    oldest_allowed = date.fromordinal(last.toordinal() - MAX_DAYS_PER_RUN + 1)
    return max(first, oldest_allowed), last


def skip_message(plan: Plan, due: Mapping[str, Collection[date]]) -> str:
    """What a tick that launches nothing has seen, in one sentence."""
    if not plan.skipped:
        return "No bot found."
    by_reason: dict[str, list[str]] = {}
    for bot_name, reason in plan.skipped.items():
        by_reason.setdefault(reason, []).append(bot_name)
    waiting = sum(len(days) for days in due.values())
    parts = [f"{reason}: {_named(names)}" for reason, names in sorted(by_reason.items())]
    return f"{len(plan.skipped)} bots, {waiting} bot-days with work. " + "; ".join(parts) + "."


def _named(bots: Sequence[str]) -> str:
    """The first of them: Dagster keeps what every tick has said."""
    shown = ", ".join(sorted(bots)[:NAMES_SHOWN])
    return f"{shown} and {len(bots) - NAMES_SHOWN} more" if len(bots) > NAMES_SHOWN else shown
