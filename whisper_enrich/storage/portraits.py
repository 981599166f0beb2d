"""What a portrait of a person needs beside the caches: who they are, the facts, the last summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from types import MappingProxyType

from sqlalchemy import Connection, text

from whisper_enrich.errors import InputError
from whisper_enrich.messages.bots import normalise_bot_name
from whisper_enrich.storage import profiles
from whisper_enrich.storage.strategic_inputs import believed_in_shared, facts_of
from whisper_enrich.strategic.history import KnownFact

MOST_NEAR = 4
_NEAR = 0.6


def find_person(connection: Connection, bot: str, user: str) -> tuple[str, str]:
    """The bot and the user's id; ``user`` may be an id or a name. Raises `InputError` that names who is near."""
    rows = connection.execute(
        text("SELECT DISTINCT bot_name, user_id FROM message_ledger WHERE disposition = 'conversation' ORDER BY 1, 2")
    ).all()
    if not rows:
        raise InputError(
            "No message was taken in yet. Run `whisper-enrich enrich` (or demo, for sample conversations)."
        )
    bots = sorted({row.bot_name for row in rows})
    bot_name = bot if bot in bots else normalise_bot_name(bot)
    if bot_name not in bots:
        raise InputError(f"There is no bot '{bot}' with messages. {_did_you_mean(bot, bots, 'The bots are')}")
    names = profiles.names_of(connection, sorted({row.user_id for row in rows}))
    mine = [row.user_id for row in rows if row.bot_name == bot_name]
    found = [user_id for user_id in mine if user in (user_id, names[user_id])] or [
        user_id for user_id in mine if user.casefold() in (user_id.casefold(), names[user_id].casefold())
    ]
    if len(found) == 1:
        return bot_name, found[0]
    if found:
        raise InputError(f"{len(found)} users of {bot_name} are called '{user}'. Give the id: {', '.join(found)}.")
    elsewhere = [row.bot_name for row in rows if user in (row.user_id, names[row.user_id])]
    if elsewhere:
        raise InputError(f"'{user}' has not written to {bot_name}. Give --bot {' or --bot '.join(elsewhere)}.")
    called = {names[user_id]: user_id for user_id in mine}
    near = _did_you_mean(user, [*called, *mine], "Its users are", called)
    raise InputError(f"No user of {bot_name} has the id or name '{user}'. {near}")


def _did_you_mean(
    given: str, known: Sequence[str], otherwise: str, ids: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Those of ``known`` that are spelt alike, else the first ones; with their ids where they have any."""
    by_folded = {one.casefold(): one for one in known}
    near = [by_folded[one] for one in get_close_matches(given.casefold(), by_folded, MOST_NEAR, _NEAR)]
    # Somebody whose id and name are both near is named once.
    near = [*{ids.get(one, one): one for one in reversed(near)}.values()][::-1]
    chosen = near or list(ids or known)
    told = [f"{one} ({ids[one]})" if ids.get(one, one) != one else one for one in chosen[:MOST_NEAR]]
    more = f" and {len(chosen) - MOST_NEAR} more" if len(chosen) > MOST_NEAR else ""
    return f"Did you mean {' or '.join(told)}?" if near else f"{otherwise} {', '.join(told)}{more}."


@dataclass(frozen=True, slots=True)
class Who:
    """A person with a bot, by the messages up to a time. ``zone`` is None where no profile sets one."""

    bot_name: str
    bot_called: str
    user_id: str
    name: str
    messages: int
    own_messages: int
    first_at: datetime | None
    last_at: datetime | None
    zone: str | None


def who(connection: Connection, bot_name: str, user_id: str, until: datetime) -> Who:
    """The user as of ``until``."""
    found = connection.execute(
        text(
            """
            SELECT count(*) FILTER (WHERE parts & 1 > 0 AND duplicate_parts & 1 = 0) AS own,
                count(*) FILTER (WHERE parts & 2 > 0 AND duplicate_parts & 2 = 0) AS bots,
                min(event_time) AS first_at, max(event_time) AS last_at
            FROM message_ledger
            WHERE bot_name = :bot AND user_id = :user AND disposition = 'conversation' AND parts <> duplicate_parts
              AND event_time < :until
            """
        ),
        {"bot": bot_name, "user": user_id, "until": until},
    ).one()
    zone = connection.execute(
        text("SELECT time_zone FROM user_profiles WHERE user_id = :user"), {"user": user_id}
    ).scalar()
    return Who(
        bot_name, profiles.display_name_of_bot(connection, bot_name), user_id,
        profiles.names_of(connection, [user_id])[user_id], found.own + found.bots, found.own, found.first_at, found.last_at,
        zone,
    )  # fmt: skip


def facts_as_of(
    connection: Connection, bot_name: str, user_id: str, at: datetime, *, private: bool = True
) -> list[KnownFact]:
    """The facts as they were believed then, by category and attribute; without ``private`` by what was shared alone."""
    versions = facts_of(connection, bot_name, [user_id])[user_id]
    if private:
        told = (fact for version in versions if not version.apart and (fact := version.as_of(at)) is not None)
    else:
        told = believed_in_shared(versions, at)
    found = [fact for fact in told if fact.said_at]
    return sorted(found, key=lambda fact: (fact.category, fact.attribute, fact.statement))


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A window's summary."""

    start: datetime
    end: datetime
    scope: str
    state: str
    messages: int
    summary: str
    topics: tuple[str, ...]
    tone: str | None
    confidence: float | None
    decisions: tuple[str, ...]
    open_questions: tuple[str, ...]
    message_ids: tuple[str, ...]


def last_summaries(
    connection: Connection, bot_name: str, user_id: str, *, until: date, most: int, scopes: Sequence[str]
) -> list[SummaryRow]:
    """The newest summaries of windows that began on ``until`` or before, newest first."""
    rows = connection.execute(
        text(
            """
            SELECT start_timestamp, end_timestamp, scope, state, message_count, summary_text, key_topics, emotional_tone,
                confidence_score, decisions, open_questions, message_ids
            FROM conversation_summaries
            WHERE bot_name = :bot AND user_id = :user AND start_timestamp::date <= :until AND scope = ANY(:scopes)
            ORDER BY start_timestamp DESC, scope LIMIT :most
            """
        ),
        {"bot": bot_name, "user": user_id, "until": until, "most": most, "scopes": list(scopes)},
    )
    return [
        SummaryRow(
            r.start_timestamp.replace(tzinfo=UTC), r.end_timestamp.replace(tzinfo=UTC), r.scope, r.state, r.message_count,
            r.summary_text, tuple(r.key_topics or ()), r.emotional_tone, r.confidence_score, _texts(r.decisions),
            _texts(r.open_questions), tuple(r.message_ids or ()),
        )
        for r in rows
    ]  # fmt: skip


def _texts(values: Sequence[object] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())


def refuse_a_name(connection: Connection, user: str) -> None:
    """Raise `InputError` where ``user`` is nobody's id but somebody's name: what is done to a person for good, or handed out, is
    done by id. An id that nobody has passes."""
    ids = connection.scalars(
        text("SELECT DISTINCT user_id FROM message_ledger WHERE user_id IS NOT NULL ORDER BY 1")
    ).all()
    names = profiles.names_of(connection, ids)
    called = [user_id for user_id in ids if names[user_id].casefold() == user.casefold()]
    if user not in ids and called:
        raise InputError(f"'{user}' is a name, and nobody's id. Give the id: {' or '.join(called)}.")
