"""Histories: a user's stored days put together with their facts and time zone, for the engines."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from whisper_enrich.storage import profiles, strategic_features
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.strategic_caches import input_keys
from whisper_enrich.storage.strategic_inputs import FactVersion, believed, facts_of, zones_of
from whisper_enrich.strategic.days import Course, course_of
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.time_zones import zone_of_place


@dataclass(frozen=True)
class Known:
    """Everything that is stored of one user with one bot, from which the history up to any day can be made."""

    bot_name: str
    user_id: str
    user_name: str
    course: Course
    facts: Sequence[FactVersion]
    zone: tzinfo
    zone_source: str

    def up_to(self, as_of: datetime, last_day: date) -> History:
        """The history as of an instant, of the days up to ``last_day``."""
        joined = self.course.up_to(last_day)
        return History(
            bot_name=self.bot_name, user_id=self.user_id, user_name=self.user_name, as_of=as_of,
            turns=joined.turns, mentions=joined.mentions, segments=joined.segments, open_items=joined.open_items,
            reactions=joined.reactions, vector_sums=joined.vector_sums, day_terms=joined.day_terms,
            facts=believed(self.facts, as_of), access=joined.access,
            zone=self.zone, zone_source=self.zone_source,
        )  # fmt: skip

    def now(self, clock: datetime) -> History:
        """The history as it stands. A message from ahead of the clock is none from the future: it is now, then."""
        said = self.course.joined.turns.at
        last = datetime.fromtimestamp(float(said.max()), UTC) if len(said) else clock
        return self.up_to(max(clock, last), date.max)

    def at_end_of(self, day: date, clock: datetime) -> History:
        """The history as it was at the end of a UTC day, or is now where the day has not ended."""
        end = datetime.combine(day + timedelta(days=1), time(), UTC)
        return self.up_to(end, day) if end <= clock else self.now(clock)


TURNS_REMEMBERED = 20_000
"""What a `Shelf` holds at most: about 40 MB."""


@dataclass
class Shelf:
    """What was read of the users of one bot, so that the six caches of a run read it once. It is used again as long as the
    key of what is stored is the same."""

    bot_name: str
    turns: int = 0
    read: dict[str, tuple[int, Course, Sequence[FactVersion]]] = field(default_factory=dict)

    def get(self, user_id: str, key: int | None) -> tuple[Course, Sequence[FactVersion]] | None:
        """What is remembered of a user, if it was read under that key."""
        found = self.read.get(user_id)
        return found[1:] if found is not None and found[0] == key else None

    def put(self, user_id: str, key: int | None, course: Course, facts: Sequence[FactVersion]) -> None:
        """Remember, if there is room. Whoever came first stays: every cache goes through the users in the same order."""
        if (old := self.read.pop(user_id, None)) is not None:
            self.turns -= len(old[1].joined.turns)
        size = len(course.joined.turns)
        if key is not None and self.turns + size <= TURNS_REMEMBERED:
            self.read[user_id] = (key, course, facts)
            self.turns += size


_shelves: WeakKeyDictionary[Database, Shelf] = WeakKeyDictionary()


def shelf_of(database: Database, bot_name: str) -> Shelf:
    """The shelf for the bot that is worked on; that of another one is cleared."""
    shelf = _shelves.get(database)
    if shelf is None or shelf.bot_name != bot_name:
        shelf = _shelves[database] = Shelf(bot_name)
    return shelf


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cyclic garbage collector: histories are hundreds of thousands of objects in no cycle, and each of its rounds
    through them and everything else of the process takes longer than reading a user."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def known_of(
    connection: Connection, bot_name: str, users: Sequence[str], shelf: Shelf | None = None
) -> Iterable[Known]:
    """One after the other, in the order of ``users``."""
    shelf = shelf or Shelf(bot_name)
    # Before what they are keys of: what is written in between is read under an old key, and so read again.
    keys = input_keys(connection, bot_name, users)
    unread = [user_id for user_id in users if shelf.get(user_id, keys.get(user_id)) is None]
    features = strategic_features.features_of(connection, bot_name, unread)
    facts = facts_of(connection, bot_name, unread)
    names = profiles.names_of(connection, users)
    zones = zones_of(connection, users)
    for user_id in users:
        if user_id in features:
            found = (course_of(features.pop(user_id)), facts.pop(user_id))
            shelf.put(user_id, keys.get(user_id), *found)
        else:
            found = shelf.get(user_id, keys[user_id])
        course, versions = found
        zone, source = zones.get(user_id) or _lived_in(versions)
        yield Known(bot_name, user_id, names[user_id], course, versions, zone, source)


def _lived_in(facts: Sequence[FactVersion]) -> tuple[tzinfo, str]:
    """The zone of the place where the user lives, if a fact says so that holds now; else UTC, as unknown."""
    now = (f for f in facts if not f.apart and f.known_to is None)
    homes = [f for f in now if f.fact.attribute == "lives_in" and f.fact.tense == "present"]
    zones = {zone for f in homes if (zone := zone_of_place(f.fact.value)) is not None}
    return (zones.pop(), "inferred") if len(zones) == 1 else (UTC, "unknown")
