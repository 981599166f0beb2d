"""What the strategic engines read beside the messages: facts as they were believed, time zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import array_literal
from whisper_enrich.storage.profiles import zone
from whisper_enrich.strategic.history import KnownFact


@dataclass(frozen=True, slots=True)
class FactVersion:
    """A fact with the time in which it was believed: from ``known_from`` until ``known_to`` (None: still).

    ``apart`` marks what the shared messages alone come to, where that is not what all messages do.
    """

    fact: KnownFact
    known_from: datetime
    known_to: datetime | None
    apart: bool = False

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


def believed(versions: Iterable[FactVersion], at: datetime) -> list[KnownFact]:
    """For engines, whose items have one form for all callers: every fact that was believed then by all messages.

    One that the shared messages support as well, but in another form, is in theirs, so that a shared channel may have it. What
    is believed by them alone is left out: in a dm it was ended, or its like told in other words.
    """
    known = [(version, fact) for version in versions if (fact := version.as_of(at)) is not None]
    apart = {fact.fact_id: fact for version, fact in known if version.apart}
    return [
        apart.get(fact.fact_id, fact) if fact.scope is Scope.DM else fact
        for version, fact in known
        if not version.apart
    ]


def believed_in_shared(versions: Iterable[FactVersion], at: datetime) -> list[KnownFact]:
    """What a caller in a shared channel would have been told then, as if no dm had been written."""
    return [
        fact
        for version in versions
        if (version.apart or version.fact.scope is Scope.SHARED) and (fact := version.as_of(at)) is not None
    ]


def facts_of(connection: Connection, bot_name: str, users: Sequence[str]) -> dict[str, list[FactVersion]]:
    """By user, every fact that was ever believed, by all messages and by the shared ones alone.

    Of the scope shared is what the shared messages alone support in just this form.
    """
    columns = (
        "bot_name, user_id, fact_key, ordinal, fact_content, category, attribute, value, tense, confidence, valid_from, "
        "valid_to, known_from, known_to, message_ids"
    )
    rows = connection.execute(
        text(
            f"""
            SELECT v.*, said.ids, said.times
            FROM (
                SELECT {columns}, audience = 'all' AS for_all, false AS apart FROM fact_versions
                UNION ALL SELECT {columns}, true, true FROM shared_fact_versions
            ) v
            CROSS JOIN LATERAL (
                SELECT array_agg(l.point_id ORDER BY l.event_time, l.point_id) AS ids,
                    array_agg(extract(epoch FROM l.event_time)::float8 ORDER BY l.event_time, l.point_id) AS times
                FROM message_ledger l WHERE l.bot_name = v.bot_name AND l.point_id = ANY(v.message_ids)
                    AND l.event_time IS NOT NULL
            ) said
            WHERE v.bot_name = :bot AND v.user_id = ANY(CAST(:users AS text[]))
            ORDER BY v.user_id, v.known_from, v.fact_key, v.ordinal, v.apart
            """
        ),
        {"bot": bot_name, "users": array_literal(users)},
    )
    found: dict[str, list[FactVersion]] = {user_id: [] for user_id in users}
    for r in rows:
        fact = KnownFact(
            r.fact_key, r.fact_content, r.category, r.attribute, r.value, Scope.SHARED if r.for_all else Scope.DM,
            r.tense, r.confidence, tuple(r.times or ()), tuple(r.ids or ()), r.valid_from, r.valid_to,
        )  # fmt: skip
        found[r.user_id].append(FactVersion(fact, r.known_from, r.known_to, r.apart))
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
