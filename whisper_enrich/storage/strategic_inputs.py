"""What the strategic engines read beside the messages: facts as they were believed, time zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import array_literal
from whisper_enrich.storage.profiles import zone
from whisper_enrich.strategic.history import KnownFact


@dataclass(frozen=True, slots=True)
class FactVersion:
    """A fact with the time in which it was believed: from ``known_from`` until ``known_to`` (None: still)."""

    fact: KnownFact
    known_from: datetime
    known_to: datetime | None

    def as_of(self, at: datetime) -> KnownFact | None:
        """The fact as it was known then: with what had been said of it by then; None where it was not believed."""
        if self.known_from > at or (self.known_to is not None and self.known_to <= at):
            return None
        seconds = at.timestamp()
        kept = [(said, i) for said, i in zip(self.fact.said_at, self.fact.message_ids, strict=True) if said <= seconds]
        if len(kept) == len(self.fact.said_at):
            return self.fact
        f = self.fact
        return KnownFact(
            f.fact_id, f.statement, f.category, f.attribute, f.value, f.scope, f.tense, f.confidence,
            tuple(said for said, _ in kept), tuple(i for _, i in kept), f.valid_from, f.valid_to,
        )  # fmt: skip


def facts_of(connection: Connection, bot_name: str, users: Sequence[str]) -> dict[str, list[FactVersion]]:
    """By user, every fact that was ever believed.

    A fact that was also told in a dm may be worded as it was there: it is private, whatever else it rests on.
    """
    rows = connection.execute(
        text(
            """
            SELECT v.user_id, v.fact_key, v.fact_content, v.category, v.attribute, v.value, v.tense, v.confidence,
                v.valid_from, v.valid_to, v.known_from, v.known_to, said.ids, said.times,
                CASE WHEN said.in_dm THEN 'dm' ELSE v.scope END AS scope
            FROM fact_versions v
            CROSS JOIN LATERAL (
                SELECT array_agg(l.point_id ORDER BY l.event_time, l.point_id) AS ids,
                    array_agg(extract(epoch FROM l.event_time)::float8 ORDER BY l.event_time, l.point_id) AS times,
                    bool_or(l.scope = 'dm') AS in_dm
                FROM message_ledger l WHERE l.bot_name = v.bot_name AND l.point_id = ANY(v.message_ids)
                    AND l.event_time IS NOT NULL
            ) said
            WHERE v.bot_name = :bot AND v.user_id = ANY(CAST(:users AS text[]))
            ORDER BY v.user_id, v.known_from, v.fact_key, v.ordinal
            """
        ),
        {"bot": bot_name, "users": array_literal(users)},
    )
    found: dict[str, list[FactVersion]] = {user_id: [] for user_id in users}
    for r in rows:
        fact = KnownFact(
            r.fact_key, r.fact_content, r.category, r.attribute, r.value, Scope(r.scope), r.tense, r.confidence,
            tuple(r.times or ()), tuple(r.ids or ()), r.valid_from, r.valid_to,
        )  # fmt: skip
        found[r.user_id].append(FactVersion(fact, r.known_from, r.known_to))
    return found


def zones_of(connection: Connection, users: Sequence[str]) -> dict[str, tuple[tzinfo, str]]:
    """The time zones that are set in the users' profiles, with that as their source."""
    rows = connection.execute(
        text(
            "SELECT user_id, time_zone FROM user_profiles WHERE user_id = ANY(CAST(:users AS text[])) "
            "AND time_zone IS NOT NULL"
        ),
        {"users": array_literal(users)},
    )
    return {row.user_id: (zone(row.time_zone), "profile") for row in rows}


def feedback_of(connection: Connection, bot_name: str, since: date) -> list[tuple[str, datetime, float, str]]:
    """User, time, score (-1..1) and kind of what the bots reported since that day."""
    rows = connection.execute(
        text("SELECT user_id, at, score, kind FROM feedback WHERE bot_name = :bot AND at >= :since ORDER BY at, id"),
        {"bot": bot_name, "since": since},
    )
    return [(row.user_id, row.at, row.score, row.kind) for row in rows]
