"""What the engine of character performance says of the sample conversations, and how well it knows a bot by its voice.

    python benchmarks/performance_sample.py

For each bot, and each of its users, the summary in words. Then the personality consistency of each bot with its own last
week, and with that of another bot in its place. Three bots are few: there are no intervals to give.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.strategic.character_performance import compute_bot, compute_from_days, compute_pair
from whisper_enrich.strategic.days import join
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.performance_days import daily_measures
from whisper_enrich.strategic.reading import DayMessages, features_of_day

NOW = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)


def main() -> None:
    """Print the summaries, then the swapped weeks."""
    histories = {bot: list(read(bot)) for bot in sample_points(NOW)}
    for own in histories.values():
        print(compute_bot(own).performance_summary)
        for history in own:
            print("   ", compute_pair(history).performance_summary)
    print("\nconsistency of a bot (row) with the last week of another (column)")
    print(" " * 8, *(f"{bot:>8}" for bot in histories))
    for bot in histories:
        indices = [swapped(bot, histories[bot], histories[other]) for other in histories]
        print(f"{bot:8}", *(f"{index:8.2f}" for index in indices))


def read(bot: str):
    """The history of each user with a bot."""
    points = sample_points(NOW)[bot]
    vectors = {point.id: point.vectors for point in points}
    parsed = [parse_point(bot, point, now=NOW, first_day=date(2026, 1, 1)) for point in points]
    by_user: dict[str, dict[date, list[Message]]] = defaultdict(lambda: defaultdict(list))
    for message in messages_of(parsed):
        by_user[message.user_id][message.turn_at.date()].append(message)
    for user, days in sorted(by_user.items()):
        features = [
            features_of_day(day, DayMessages(sorted(said, key=lambda m: m.order), vectors), [])
            for day, said in sorted(days.items())
        ]
        yield History(bot, user, sample_names()[user], NOW, **vars(join(features)))


def swapped(bot: str, own: list[History], other: list[History]) -> float | None:
    """Consistency of ``bot`` with its own past and another's last week."""
    week = NOW.date() - timedelta(days=6)
    rows = {f"own {one.user_id}": [row for row in daily_measures(one) if row.day < week] for one in own}
    rows |= {f"other {one.user_id}": [row for row in daily_measures(one) if row.day >= week] for one in other}
    return compute_from_days(bot, rows, NOW).personality_consistency_index


if __name__ == "__main__":
    main()
