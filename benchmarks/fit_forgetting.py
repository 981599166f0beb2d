"""Fit the shipped priors of forgetting anew, on the sample conversations of this repository.

python benchmarks/fit_forgetting.py            # print
python benchmarks/fit_forgetting.py --write    # into whisper_enrich/strategic/priors/forgetting.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.strategic.days import Joined, join
from whisper_enrich.strategic.forgetting_priors import as_json, refit
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.reading import DayMessages, features_of_day

ANCHOR = datetime(2026, 2, 1, tzinfo=UTC)
FILE = ROOT / "whisper_enrich" / "strategic" / "priors" / "forgetting.json"


def main() -> None:
    """Fit and print, or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into the package")
    options = parser.parse_args()
    text = (
        json.dumps(as_json(refit(list(sample_histories()), "sample conversations of this repository")), indent=1) + "\n"
    )
    if options.write:
        FILE.write_text(text, encoding="utf-8")
    print(text)


def sample_histories() -> Iterator[History]:
    """The sample's users with each bot, as of the end of the sample."""
    names = sample_names()
    for bot, points in sample_points(ANCHOR).items():
        parsed = [parse_point(bot, point, now=ANCHOR, first_day=date(2020, 1, 1)) for point in points]
        by_user = defaultdict(lambda: defaultdict(list))
        for message in messages_of(parsed):
            by_user[message.user_id][message.turn_at.date()].append(message)
        for user, days in sorted(by_user.items()):
            joined = _joined(days, (names.get(user, user), bot))
            yield History(
                bot_name=bot, user_id=user, user_name=names.get(user, user), as_of=ANCHOR, **vars(joined)
            )  # fmt: skip


def _joined(days: dict[date, list], names: tuple[str, str]) -> Joined:
    read = [
        features_of_day(day, DayMessages(sorted(said, key=lambda m: m.order), names=names))
        for day, said in sorted(days.items())
    ]
    return join(read)


if __name__ == "__main__":
    main()
