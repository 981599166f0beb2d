"""Comparing what is known with what an earlier engine version had made of the same messages, and going back to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from whisper_enrich.errors import InputError
from whisper_enrich.facts.fold import Fact, fold
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import USERS_A_TRANSACTION, refold
from whisper_enrich.storage import fact_history, fact_rulings, ledger, profiles
from whisper_enrich.storage import facts as repository

_CONFIDENCE_DIGITS = 2


class Change(StrEnum):
    """What became of a fact: it is there only now, it was there only then, or it says something else."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of one user that differs; ``then`` and ``now`` are what is shown of it."""

    user_id: str
    change: Change
    attribute: str
    then: str | None
    now: str | None
    confidence_then: float | None
    confidence_now: float | None


def version_to_compare(connection: Connection, bot_name: str, user_id: str | None, version: str | None) -> str:
    """The version asked for, else the one replaced last. Raises `InputError` that lists what there is."""
    known = fact_history.earlier_versions(connection, bot_name, user_id)
    if not known:
        raise InputError(
            f"No earlier version of the facts of {bot_name} is kept: nothing was redone by another engine yet."
        )
    if version is None:
        return known[0].version
    if version not in {earlier.version for earlier in known}:
        listed = ", ".join(earlier.version for earlier in known)
        raise InputError(f"Version '{version}' is not kept for {bot_name}. Kept: {listed}.")
    return version


def differences(connection: Connection, bot_name: str, user_id: str | None, version: str) -> list[Difference]:
    """What is known now against what would be if ``version`` had read the messages that it once read.

    Both are folds with the same rulings. Messages that ``version`` never read count as they are.
    """
    points = fact_history.points_to_swap(connection, bot_name, user_id, version)
    users = list(points)
    names = profiles.names_of(connection, users)
    found: list[Difference] = []
    for start in range(0, len(users), USERS_A_TRANSACTION):
        part = users[start : start + USERS_A_TRANSACTION]
        stored = repository.assertions_of(connection, bot_name, part)
        rulings = fact_rulings.rulings_of(connection, bot_name, part)
        for user in part:
            ruled = [stored_ruling.ruling for stored_ruling in rulings[user]]
            present = [s.assertion for s in stored[user]]
            swapped = set(points[user])
            earlier = fact_history.earlier_assertions(connection, bot_name, user, version, points[user])
            past = [a for a in present if a.evidence.point_id not in swapped] + [s.assertion for s in earlier]
            found += _compared(user, names[user], fold(past, rulings=ruled).facts, fold(present, rulings=ruled).facts)
    return found


def _compared(user_id: str, name: str, then: Sequence[Fact], now: Sequence[Fact]) -> list[Difference]:
    before, after = ({fact.key: fact for fact in facts} for facts in (then, now))
    found = []
    for key in sorted(before.keys() | after.keys(), key=lambda k: _place(after.get(k) or before[k])):
        old, new = before.get(key), after.get(key)
        if old is not None and new is not None and _shown(old) == _shown(new):
            continue
        change = Change.ADDED if old is None else Change.REMOVED if new is None else Change.CHANGED
        fact = new or before[key]
        found.append(
            Difference(
                user_id,
                change,
                fact.attribute,
                repository.render(old.statement, name) if old else None,
                repository.render(new.statement, name) if new else None,
                old.confidence if old else None,
                new.confidence if new else None,
            )
        )
    return found


def _place(fact: Fact) -> tuple[str, str, str, str]:
    return (fact.category, fact.attribute, fact.value, fact.key)


def _shown(fact: Fact) -> tuple:
    """What counts as a change; that a confidence moved by less than a hundredth does not."""
    return (fact.statement, fact.value, fact.valid_from, fact.valid_to, round(fact.confidence, _CONFIDENCE_DIGITS))


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """How many users and messages went back, and how many assertions count again."""

    users: int
    messages: int
    assertions: int


def rollback(ctx: StageContext, bot_name: str, user_id: str | None, version: str) -> RollbackResult:
    """Let what ``version`` had read count again, for one user or all, and fold anew.

    What counted until now becomes history in turn, so that one can go forward again. Messages that ``version`` never
    read, or that were edited since, stay as they are. No later run redoes the rest unless it is asked to. Each
    transaction holds whole users; killed in between, the command can be given again. Raises `InputError`, `LeaseHeld`.
    """
    with ctx.database.connect() as connection:
        version_to_compare(connection, bot_name, user_id, version)
        points = fact_history.points_to_swap(connection, bot_name, user_id, version)
    users = list(points)
    assertions = 0
    with ctx.lease(f"{bot_name}/facts") as lease:
        for start in range(0, len(users), USERS_A_TRANSACTION):
            part = users[start : start + USERS_A_TRANSACTION]
            with ctx.database.begin() as connection:
                ctx.confirm(connection, lease)
                repository.lock_users(connection, bot_name, part)
                ledger.lock(connection, bot_name)
                chosen = [point for user in part for point in points[user]]
                assertions += fact_history.swap_back(connection, bot_name, version, chosen, ctx.clock())
                refold(connection, bot_name, part)
    return RollbackResult(len(users), sum(map(len, points.values())), assertions)
