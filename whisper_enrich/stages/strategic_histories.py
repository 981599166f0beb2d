"""Histories: a user's stored days put together with their facts and time zone, for the engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection

from whisper_enrich.storage import profiles, strategic_features
from whisper_enrich.storage.strategic_inputs import FactVersion, facts_of, zones_of
from whisper_enrich.strategic.days import DayFeatures, decode, join
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.time_zones import zone_of_place


@dataclass(frozen=True)
class Known:
    """Everything that is stored of one user with one bot, from which the history up to any day can be made."""

    bot_name: str
    user_id: str
    user_name: str
    days: Sequence[DayFeatures]
    facts: Sequence[FactVersion]
    zone: tzinfo
    zone_source: str

    def up_to(self, as_of: datetime, last_day: date) -> History:
        """The history as of an instant, of the days up to ``last_day``."""
        joined = join([day for day in self.days if day.day <= last_day])
        facts = (version.as_of(as_of) for version in self.facts)
        return History(
            bot_name=self.bot_name, user_id=self.user_id, user_name=self.user_name, as_of=as_of,
            turns=joined.turns, mentions=joined.mentions, segments=joined.segments, open_items=joined.open_items,
            reactions=joined.reactions, vector_sums=joined.vector_sums, day_terms=joined.day_terms,
            facts=[fact for fact in facts if fact is not None], access=joined.access,
            zone=self.zone, zone_source=self.zone_source,
        )  # fmt: skip

    def now(self, clock: datetime) -> History:
        """The history as it stands. A message from ahead of the clock is none from the future: it is now, then."""
        last = max((at for day in self.days if (at := day.last_at()) is not None), default=clock)
        return self.up_to(max(clock, last), date.max)

    def at_end_of(self, day: date, clock: datetime) -> History:
        """The history as it was at the end of a UTC day, or is now where the day has not ended."""
        end = datetime.combine(day + timedelta(days=1), time(), UTC)
        return self.up_to(end, day) if end <= clock else self.now(clock)


def known_of(connection: Connection, bot_name: str, users: Sequence[str]) -> Iterable[Known]:
    """One after the other, in the order of ``users``."""
    features = strategic_features.features_of(connection, bot_name, users)
    facts = facts_of(connection, bot_name, users)
    names = profiles.names_of(connection, users)
    zones = zones_of(connection, users)
    for user_id in users:
        days = [decode(day, stored) for day, stored in features.pop(user_id)]
        zone, source = zones.get(user_id) or _lived_in(facts[user_id])
        yield Known(bot_name, user_id, names[user_id], days, facts[user_id], zone, source)


def _lived_in(facts: Sequence[FactVersion]) -> tuple[tzinfo, str]:
    """The zone of the place where the user lives, if a fact says so that holds now; else UTC, as unknown."""
    homes = [f for f in facts if f.fact.attribute == "lives_in" and f.fact.tense == "present" and f.known_to is None]
    zones = {zone for f in homes if (zone := zone_of_place(f.fact.value)) is not None}
    return (zones.pop(), "inferred") if len(zones) == 1 else (UTC, "unknown")
