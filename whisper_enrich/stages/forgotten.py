"""Points of people who asked to be forgotten: entered so that they are accounted for, and nothing else of them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from whisper_enrich.messages.model import Disposition, ParsedPoint, Scope
from whisper_enrich.rights.tombstones import Tombstone
from whisper_enrich.storage import erasures, ledger, profiles

REASON = "forgotten"


def without_forgotten(connection: Connection, bot_name: str, parsed: Sequence[ParsedPoint]) -> list[ParsedPoint]:
    """The points as intake is to enter them, in the transaction that enters them: what a tombstone covers is left out, without
    user, time and words.

    Of whom something is said after they were forgotten, nothing is known but that no model may read them, if they had said
    so: that is noted again.
    """
    # Whoever erases holds this lock, too: the tombstones are then read either before their rows are erased, or as they are now.
    ledger.lock(connection, bot_name)
    users = {point.user_id for point in parsed if point.user_id is not None}
    stones = erasures.of_users(connection, users, bot_name)
    if not stones.stones:
        return list(parsed)
    of_user = {user_id: own for user_id in users if (own := stones.of(user_id, bot_name))}
    entered = [_forgotten(point) if _is_covered(point, of_user) else point for point in parsed]
    back = {point.user_id for point in entered if point.disposition is Disposition.CONVERSATION} & of_user.keys()
    profiles.opt_out_again(connection, sorted(u for u in back if u and any(s.model_opt_out for s in of_user[u])))
    return entered


def _is_covered(point: ParsedPoint, of_user: dict[str, list[Tombstone]]) -> bool:
    return point.user_id in of_user and any(stone.covers(point.at) for stone in of_user[point.user_id])


def _forgotten(point: ParsedPoint) -> ParsedPoint:
    return replace(
        point, disposition=Disposition.LEFT_OUT, reason=REASON, user_id=None, at=None, day=None, scope=Scope.SHARED,
        messages=(), clock_skew_seconds=None,
    )  # fmt: skip
