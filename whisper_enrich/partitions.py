"""Partitions: one a bot and UTC day. Keys read ``bot|day``, e.g. ``elena|2026-11-21``."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from dagster import DailyPartitionsDefinition, DynamicPartitionsDefinition, MultiPartitionsDefinition

from whisper_enrich.settings import load_settings

BOTS = "bots"

bot_partitions = DynamicPartitionsDefinition(name=BOTS)
# end_offset=1: without it a day exists only when it is over.
day_partitions = DailyPartitionsDefinition(
    start_date=load_settings().enrichment_start_date.isoformat(), timezone="UTC", end_offset=1
)
bot_day_partitions = MultiPartitionsDefinition({"bot": bot_partitions, "day": day_partitions})


def partition_key(bot_name: str, day: date) -> str:
    """The key of a bot and day."""
    return f"{bot_name}|{day.isoformat()}"


def days_by_bot(keys: Iterable[str]) -> dict[str, list[date]]:
    """Partition keys as sorted days by bot."""
    days: dict[str, list[date]] = defaultdict(list)
    for key in keys:
        bot_name, _, day = str(key).partition("|")
        days[bot_name].append(date.fromisoformat(day))
    return {bot_name: sorted(found) for bot_name, found in sorted(days.items())}


def range_tags(bot_name: str, first: date, last: date) -> dict[str, str]:
    """Run tags that make one run cover all days of a bot from ``first`` to ``last``.

    An inverted range would succeed with no partition at all; it is an error here.
    """
    if first > last:
        raise ValueError(f"a range of days runs forward: {first} is after {last}")
    return {
        "dagster/asset_partition_range_start": partition_key(bot_name, first),
        "dagster/asset_partition_range_end": partition_key(bot_name, last),
    }


def contiguous(days: Sequence[date]) -> list[tuple[date, date]]:
    """Sorted days as closed ranges without gaps, oldest first."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if ranges and (day - ranges[-1][1]).days == 1:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges
