"""Requests of the bots: whose messages are wanted at once, whether intake has them, whether their facts are there.

A request is open until no message of its user waits for facts. ``claimed_at`` is set once an intake that began after the
request has ended: from then on the ledger knows every message that was meant. A run that is killed leaves it open.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from whisper_enrich.storage import ledger
from whisper_enrich.storage.bulk import array_literal

GATHERING = "gathering"
"""Why a message waits for the batch that it is to be asked about with. Whoever is asked for does not."""

LIFTED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Request:
    """An open request, as it was when it was read."""

    user_id: str
    requested_at: datetime


def open_requests(connection: Connection, bot_name: str) -> list[Request]:
    """Those of a bot, the one that waits for longest first."""
    rows = connection.execute(
        text(
            "SELECT user_id, requested_at FROM enrichment_requests WHERE bot_name = :bot AND done_at IS NULL "
            "ORDER BY requested_at, user_id"
        ),
        {"bot": bot_name},
    )
    return [Request(row.user_id, row.requested_at) for row in rows]


def requested_users(connection: Connection, bot_name: str) -> frozenset[str]:
    """The users of a bot's open requests."""
    return frozenset(request.user_id for request in open_requests(connection, bot_name))


def lifted_users(connection: Connection, bot_name: str) -> frozenset[str]:
    """These, and those whose facts have been there for less than `LIFTED`: the run that brought them goes on with all else."""
    rows = connection.execute(
        text(
            "SELECT user_id FROM enrichment_requests WHERE done_at IS NULL AND bot_name = :bot UNION ALL "
            "SELECT user_id FROM enrichment_requests WHERE done_at > now() - :lifted AND bot_name = :bot"
        ),
        {"bot": bot_name, "lifted": LIFTED},
    )
    return frozenset(rows.scalars())


def claim(connection: Connection, bot_name: str, requests: Collection[Request]) -> None:
    """An intake that began when these were open has ended: their messages are in the ledger, and wait for no batch.

    One that was repeated meanwhile is left for the next intake: its message may have come too late for this one.
    """
    if not requests:
        return
    ledger.lock(connection, bot_name)
    claimed = connection.execute(
        text(
            """
            UPDATE enrichment_requests r SET claimed_at = clock_timestamp()
            FROM unnest(CAST(:users AS text[]), CAST(:times AS timestamptz[])) AS seen (user_id, requested_at)
            WHERE r.bot_name = :bot AND r.user_id = seen.user_id AND r.requested_at = seen.requested_at
              AND r.claimed_at IS NULL AND r.done_at IS NULL
            RETURNING r.user_id
            """
        ),
        {
            "bot": bot_name, "users": array_literal(r.user_id for r in requests),
            "times": array_literal(r.requested_at for r in requests),
        },
    ).scalars()  # fmt: skip
    connection.execute(
        text(
            "UPDATE message_ledger SET facts_next_at = NULL WHERE bot_name = :bot AND user_id = ANY(CAST(:users AS text[])) "
            "AND facts_state = 'waiting' AND facts_reason = :gathering"
        ),
        {"bot": bot_name, "users": array_literal(claimed.all()), "gathering": GATHERING},
    )
    finish(connection, bot_name)


def finish(connection: Connection, bot_name: str | None = None) -> int:
    """Close the requests (of a bot) that are claimed and whose users have no message left that waits for facts.

    Returns how many. One that somebody else is changing is left to the next look.
    """
    return connection.execute(
        text(
            """
            UPDATE enrichment_requests r SET done_at = clock_timestamp()
            FROM (
                SELECT bot_name, user_id FROM enrichment_requests o
                WHERE done_at IS NULL AND claimed_at IS NOT NULL AND (CAST(:bot AS text) IS NULL OR bot_name = :bot)
                  AND NOT EXISTS (SELECT FROM message_ledger l WHERE l.bot_name = o.bot_name AND l.user_id = o.user_id
                                  AND l.facts_state = 'waiting')
                FOR UPDATE SKIP LOCKED
            ) met
            WHERE r.bot_name = met.bot_name AND r.user_id = met.user_id
            """
        ),
        {"bot": bot_name},
    ).rowcount


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bot's open requests come to: the days with messages that a run could work on now.

    ``unread`` says that a request is not claimed yet: intake has to look for its messages.
    """

    days: frozenset[date]
    unread: bool

    def days_to_launch(self, today: date) -> set[date]:
        """Empty where every request waits for a time: of another attempt, or of a budget."""
        return {*self.days, today} if self.unread else set(self.days)


def wanted(connection: Connection, now: datetime) -> dict[str, Wanted]:
    """By bot, in the order of their oldest open request."""
    rows = connection.execute(
        text(
            """
            SELECT r.bot_name, r.claimed_at IS NULL AS unread, ARRAY(
                SELECT DISTINCT l.day FROM message_ledger l
                WHERE l.bot_name = r.bot_name AND l.user_id = r.user_id AND l.facts_state = 'waiting'
                  AND (l.facts_next_at IS NULL OR l.facts_next_at <= :now OR l.facts_reason = :gathering)) AS days
            FROM enrichment_requests r WHERE r.done_at IS NULL ORDER BY r.requested_at, r.bot_name
            """
        ),
        {"now": now, "gathering": GATHERING},
    )
    found: dict[str, Wanted] = {}
    for row in rows:
        before = found.get(row.bot_name, Wanted(frozenset(), False))
        found[row.bot_name] = Wanted(before.days.union(row.days), before.unread or row.unread)
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many requests of a bot are open, and since when the oldest is."""

    bot_name: str
    requests: int
    since: datetime


def waiting(connection: Connection, bot_name: str | None = None) -> list[Waiting]:
    """By bot, those with open requests."""
    rows = connection.execute(
        text(
            "SELECT bot_name, count(*) AS requests, min(requested_at) AS since FROM enrichment_requests "
            "WHERE done_at IS NULL AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) GROUP BY bot_name ORDER BY bot_name"
        ),
        {"bot": bot_name},
    )
    return [Waiting(**row._mapping) for row in rows]
