"""What a tick sees: the bots of the store, the days with work, the runs in flight."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from whisper_enrich.assets.partitioned import range_keys
from whisper_enrich.automation.jobs import BACKFILL_JOB, BOT_TAG, ENRICH_JOB, SHARE_TAG
from whisper_enrich.messages.model import Disposition, ParsedPoint
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import parse_all
from whisper_enrich.storage import cache_validity, overview, strategic_caches
from whisper_enrich.storage.shares import Share

IN_FLIGHT = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
PARTITION_TAG = "dagster/partition"
PARTITION_BOT_TAG = "dagster/partition/bot"


BACKFILL_TAG = "dagster/backfill"


def bots_in_flight(instance: DagsterInstance) -> set[str]:
    """Bots with a run that is queued or running, whoever launched it, but for backfills: those give way to live runs."""
    found: set[str] = set()
    for record in instance.get_run_records(RunsFilter(statuses=IN_FLIGHT)):
        tags = record.dagster_run.tags
        if BACKFILL_TAG in tags or record.dagster_run.job_name == BACKFILL_JOB:
            continue
        found.update(tags[tag] for tag in (BOT_TAG, PARTITION_BOT_TAG) if tag in tags)
        keys = [*range_keys(tags, instance), *filter(None, [tags.get(PARTITION_TAG)])]
        found.update(key.partition("|")[0] for key in keys)
    return found


PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
_ROUNDS_LOOKED_AT = 8


def pauses(instance: DagsterInstance, bots: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Bots whose latest run, or one of the latest that shared out their users, failed, and when the next may start: after
    1, 2, 4, ... minutes, an hour at most.

    A run fails when its store, database or code does. Without a pause, every tick would start another one.
    """
    found: dict[str, datetime] = {}
    for bot_name in bots:
        failed = list(takewhile(_any_failed, _rounds(_last_runs(instance, bot_name))))
        if not failed:
            continue
        ended = max(record.end_time or record.update_timestamp.timestamp() for record in failed[0])
        pause = min(PAUSE * 2 ** (len(failed) - 1), LONGEST_PAUSE)
        if (until := datetime.fromtimestamp(ended, UTC) + pause) > now:
            found[bot_name] = until
    return found


def _last_runs(instance: DagsterInstance, bot_name: str) -> Sequence[RunRecord]:
    """The runs of a bot that ended last: as many as are enough for the longest pause."""
    ended = RunsFilter(tags={BOT_TAG: bot_name}, statuses=ENDED)
    records = instance.get_run_records(ended, limit=_ROUNDS_LOOKED_AT)
    share = records[0].dagster_run.tags.get(SHARE_TAG) if records else None
    if share is None:
        return records
    return instance.get_run_records(ended, limit=_ROUNDS_LOOKED_AT * Share.parse(share).of)


def _rounds(records: Iterable[RunRecord]) -> Iterator[list[RunRecord]]:
    """Runs that share out the users of a bot are one round, any other run is one by itself."""
    together: dict[str | None, RunRecord] = {}
    for record in records:
        share = record.dagster_run.tags.get(SHARE_TAG)
        if together and (share is None or share in together or None in together):
            yield list(together.values())
            together = {}
        together[share] = record
    if together:
        yield list(together.values())


def _any_failed(records: Iterable[RunRecord]) -> bool:
    return any(record.dagster_run.status is DagsterRunStatus.FAILURE for record in records)


@dataclass
class Sighting:
    """New points by bot: their days, and how far the look went. ``unread`` names bots that the time did not reach."""

    due: dict[str, set[date]] = field(default_factory=dict)
    new_points: int = 0
    unread: list[str] = field(default_factory=list)


def look_for_new_points(
    ctx: StageContext, bots: Iterable[BotCollection], *, pages_per_bot: int, seconds: float
) -> Sighting:
    """Days of unmarked points that the ledger does not know yet.

    Two counts tell whether a bot has any; only then ``pages_per_bot`` pages are looked at for their days. That is enough to
    launch a run: the run itself pages to the end, and the days that it finds then wait in the ledger. Stops after
    ``seconds``, but looks at one bot at least.
    """
    sighting = Sighting()
    deadline = time.monotonic() + seconds
    for number, bot in enumerate(bots):
        if number and time.monotonic() > deadline:
            sighting.unread.append(bot.bot_name)
            continue
        with ctx.database.connect() as connection:
            known = overview.unmarked_points(connection, bot.bot_name)
            never_read = overview.is_never_read(connection, bot.bot_name, bot.collection)
        # A collection that was renamed bears our marks, and is new all the same: the run's intake walks all of it.
        new = ctx.store.count(bot.collection, unmarked_for=None if never_read else ctx.ledger_id) - known
        if new > 0:
            sighting.new_points += new
            sighting.due[bot.bot_name] = _days_of_new_points(ctx, bot, pages_per_bot)
    return sighting


def _days_of_new_points(ctx: StageContext, bot: BotCollection, pages: int) -> set[date]:
    """Today stands for new points on later pages, and for those that are no conversation and need marking only."""
    today = ctx.clock().date()
    points = new_points(ctx, bot, pages)
    return {point.day or today for point in points if point.disposition is Disposition.CONVERSATION} or {today}


def new_points(ctx: StageContext, bot: BotCollection, pages: int) -> list[ParsedPoint]:
    """Of the first ``pages`` of unmarked points, those that the ledger does not know as they are now."""
    now = ctx.clock()
    found: list[ParsedPoint] = []
    for page in ctx.store.scan(
        bot.collection, unmarked_for=ctx.ledger_id, page_size=ctx.settings.qdrant_page_size, max_pages=pages
    ):
        with ctx.database.connect() as connection:
            known = overview.known_hashes(connection, bot.bot_name, [point.id for point in page])
        parsed = parse_all(ctx, bot.bot_name, page, now)
        found += [point for point in parsed if known.get(point.point_id) != point.content_hash]
    return found


_FAILURES_LOOKED_AT = 20


def bots_left_undone(instance: DagsterInstance) -> set[str]:
    """Bots whose latest run of all stages failed. What it left need not stand in the ledger: a first row of a cache does not."""
    job = RunsFilter(job_name=ENRICH_JOB, statuses=[DagsterRunStatus.FAILURE])
    failed = instance.get_run_records(job, limit=_FAILURES_LOOKED_AT)
    found = set()
    for bot_name in {record.dagster_run.tags.get(BOT_TAG, "") for record in failed} - {""}:
        ended = RunsFilter(job_name=ENRICH_JOB, tags={BOT_TAG: bot_name}, statuses=ENDED)
        [latest] = instance.get_run_records(ended, limit=1)
        if latest.dagster_run.status is DagsterRunStatus.FAILURE:
            found.add(bot_name)
    return found


def unregistered(instance: DagsterInstance, bots: Iterable[BotCollection], partitions_name: str) -> list[str]:
    """Bots that are no partition yet."""
    known = set(instance.get_dynamic_partitions(partitions_name))
    return [bot.bot_name for bot in bots if bot.bot_name not in known]


TOLD_FOR = timedelta(hours=1)
"""So long a message that a bot told of is looked for: what has not come by then was never stored."""


def bots_that_told(ctx: StageContext) -> list[str]:
    """Bots that told of a message which the ledger does not have, that of the oldest first."""
    with ctx.database.connect() as connection:
        return cache_validity.bots_that_told(connection, since=ctx.clock() - TOLD_FOR)


def days_due(ctx: StageContext) -> dict[str, set[date]]:
    """By bot, the days with work in the ledger or in the strategic caches."""
    with ctx.database.connect() as connection:
        due = overview.due_days(connection, ctx.clock())
        for bot_name, days in strategic_caches.days_with_work(connection, ctx.clock().date()).items():
            due.setdefault(bot_name, set()).update(days)
    return due


def days_with_work(ctx: StageContext, sighting: Sighting) -> dict[str, set[date]]:
    """Days of new points, those with work in the ledger, and those whose strategic rows are to be made anew."""
    due = days_due(ctx)
    for bot_name, days in sighting.due.items():
        due.setdefault(bot_name, set()).update(days)
    return due
