"""Consolidation of facts: every user's facts are what the fold makes of their assertions now.

There is one place in which facts merge, are superseded and end: the fold. Whoever is enriched is folded; whoever says nothing
keeps what an earlier version of the fold, or another name of the person, had made. Folding them again brings them up
to date, near-duplicates that the fold merges now included, and by construction never says anything else than a rerun over
all messages would. For the same reason no version of a fact is dropped: the fold would write it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from whisper_enrich.errors import LeaseHeld
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import refold
from whisper_enrich.storage import facts as repository

USERS_AT_ONCE = 50

_USERS = """
SELECT user_id FROM fact_assertions WHERE bot_name = :bot
UNION SELECT user_id FROM user_facts WHERE bot_name = :bot
UNION SELECT user_id FROM fact_versions WHERE bot_name = :bot
ORDER BY user_id
"""
_CHANGED = """
SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_xact_user_tables
WHERE schemaname = current_schema()
"""


@dataclass
class Consolidated:
    """Rows of facts, evidence and history that changed, or would; bots left out because somebody is at their facts."""

    users: int = 0
    rows: int = 0
    busy: tuple[str, ...] = ()


def consolidate(ctx: StageContext, *, dry_run: bool) -> Consolidated:
    """Fold all users of all bots anew; with ``dry_run`` what that changes is counted and taken back."""
    result = Consolidated()
    with ctx.database.connect() as connection:
        bots = connection.execute(text("SELECT DISTINCT bot_name FROM fact_assertions ORDER BY 1")).scalars().all()
    for bot_name in bots:
        try:
            _consolidate_bot(ctx, bot_name, result, dry_run)
        except LeaseHeld:
            result.busy = (*result.busy, bot_name)
    return result


def _consolidate_bot(ctx: StageContext, bot_name: str, result: Consolidated, dry_run: bool) -> None:
    with ctx.lease(f"{bot_name}/facts") as lease:
        with ctx.database.connect() as connection:
            users = list(connection.execute(text(_USERS), {"bot": bot_name}).scalars())
        for start in range(0, len(users), USERS_AT_ONCE):
            some = users[start : start + USERS_AT_ONCE]
            with ctx.database.connect() as connection, connection.begin() as transaction:
                ctx.confirm(connection, lease)
                result.rows += _folded(connection, bot_name, some)
                result.users += len(some)
                if dry_run:
                    transaction.rollback()


def _folded(connection: Connection, bot_name: str, users: Sequence[str]) -> int:
    """Fold them; returns the rows that this changed."""
    repository.lock_users(connection, bot_name, users)
    before = connection.execute(text(_CHANGED)).scalar_one()
    refold(connection, bot_name, users)
    return connection.execute(text(_CHANGED)).scalar_one() - before
