"""How often to look at a bot: as often as it has something to say. Pure decisions over times that are passed in.

A bot that was silent for a while is looked at again after a tenth of that silence, within bounds. So a message waits for a tenth
of the silence before it at most, or for the shortest pause; a busy bot is looked at in every tick, and hundreds of quiet ones
cost next to nothing.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SHARE = 0.1
"""Of the silence so far, the pause until the next look."""
CURSOR_VERSION = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """When a bot was last looked at, and when something new was last found there."""

    looked_at: datetime
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """The shortest and the longest pause between two looks at a bot."""

    shortest: timedelta
    longest: timedelta

    @classmethod
    def of(cls, shortest_seconds: float, longest_seconds: float) -> "Bounds":
        """A longest pause below the shortest one means: always the shortest."""
        return cls(timedelta(seconds=shortest_seconds), timedelta(seconds=max(shortest_seconds, longest_seconds)))


@dataclass(frozen=True, slots=True)
class Cursor:
    """What one tick of the sensor hands to the next: whose turn was last (empty: everybody's), what was seen of each bot."""

    after: str = ""
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str | None) -> "Cursor":
        """From its text; without one, or with one of another version, every bot is due."""
        state = json.loads(text) if text else {}
        if state.get("version") != CURSOR_VERSION:
            return cls()
        times = {name: [datetime.fromtimestamp(at, UTC) for at in pair] for name, pair in state["seen"].items()}
        return cls(state["after"], {name: Seen(*pair) for name, pair in times.items()})

    def text(self, bots: Collection[str]) -> str:
        """As text, whole seconds; of the bots that there still are."""
        seen = {
            name: [int(one.looked_at.timestamp()), int(one.found_at.timestamp())]
            for name, one in self.seen.items()
            if name in bots
        }
        return json.dumps({"version": CURSOR_VERSION, "after": self.after, "seen": seen})


def next_look(seen: Seen, bounds: Bounds) -> datetime:
    """When the bot is to be looked at again."""
    pause = (seen.looked_at - seen.found_at) * SHARE
    return seen.looked_at + min(max(pause, bounds.shortest), bounds.longest)


def is_due(seen: Seen | None, now: datetime, bounds: Bounds) -> bool:
    """Whether that time has come by this tick, or is nearer to it than to the next one. A bot never seen is due, and so is
    one that was last looked at under a clock that was set back since."""
    return seen is None or seen.looked_at > now or next_look(seen, bounds) <= now + bounds.shortest / 2


def after_looks(
    seen: Mapping[str, Seen], looked_at: Iterable[str], found: Iterable[str], now: datetime
) -> dict[str, Seen]:
    """What is known after a tick. A bot that is new counts as one that just said something."""
    found_now = set(found)
    known = dict(seen)
    for bot_name in looked_at:
        before = known.get(bot_name)
        known[bot_name] = Seen(now, now if before is None or bot_name in found_now else before.found_at)
    return known
