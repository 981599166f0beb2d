"""What to call a person (our own table first, then the platform's, else the id) and a bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, text

from whisper_enrich.errors import InputError


def names_of(connection: Connection, user_ids: Sequence[str]) -> dict[str, str]:
    """A name for every one of ``user_ids``."""
    names = {user_id: user_id for user_id in user_ids}
    names |= _platform_names(connection, user_ids)
    rows = connection.execute(
        text("SELECT user_id, display_name FROM user_profiles WHERE user_id = ANY(:users) AND display_name <> ''"),
        {"users": list(user_ids)},
    )
    return names | {row.user_id: row.display_name for row in rows}


def _platform_names(connection: Connection, user_ids: Sequence[str]) -> dict[str, str]:
    """From the platform's ``universal_users``, where this database has it."""
    if connection.execute(text("SELECT to_regclass('public.universal_users')")).scalar() is None:
        return {}
    rows = connection.execute(
        text(
            "SELECT universal_id::text AS user_id, coalesce(nullif(display_name, ''), primary_username) AS name "
            "FROM public.universal_users WHERE universal_id::text = ANY(:users)"
        ),
        {"users": list(user_ids)},
    )
    return {row.user_id: row.name for row in rows if row.name}


def remember_names(connection: Connection, names: Mapping[str, str], source: str) -> None:
    """Store display names that came with an import; a name that is there already stays."""
    for user_id, name in sorted(names.items()):
        connection.execute(
            text(
                "INSERT INTO user_profiles (user_id, display_name, name_source) VALUES (:user, :name, :source) "
                "ON CONFLICT (user_id) DO NOTHING"
            ),
            {"user": user_id, "name": name, "source": source},
        )


def display_name_of_bot(connection: Connection, bot_name: str) -> str:
    """What to call a bot in a sentence: as it was loaded, else its name with capitals."""
    found = connection.execute(
        text("SELECT display_name FROM bot_profiles WHERE bot_name = :bot"), {"bot": bot_name}
    ).scalar()
    return str(found) if found else bot_name.replace("_", " ").title()


def remember_bot_names(connection: Connection, names: Mapping[str, str]) -> None:
    """Store display names of bots that came with an import; a name that is there already stays."""
    for bot_name, name in sorted(names.items()):
        connection.execute(
            text(
                "INSERT INTO bot_profiles (bot_name, display_name) VALUES (:bot, :name) ON CONFLICT (bot_name) DO NOTHING"
            ),
            {"bot": bot_name, "name": name},
        )


@dataclass(frozen=True, slots=True)
class Person:
    """What a model's engine needs to know of a user: whether they may be sent, and their time zone (UTC where unknown)."""

    model_opt_out: bool = False
    zone: tzinfo = UTC


def persons(connection: Connection, user_ids: Sequence[str]) -> dict[str, Person]:
    """By user, for every one of ``user_ids``."""
    rows = connection.execute(
        text("SELECT user_id, model_opt_out, time_zone FROM user_profiles WHERE user_id = ANY(:users)"),
        {"users": list(user_ids)},
    )
    known = {row.user_id: Person(row.model_opt_out, zone(row.time_zone) if row.time_zone else UTC) for row in rows}
    return {user_id: known.get(user_id, Person()) for user_id in user_ids}


def opt_out_again(connection: Connection, user_ids: Sequence[str]) -> None:
    """Of these users, nobody of whom anything is known, note that no model may read them."""
    connection.execute(
        text(
            "INSERT INTO user_profiles (user_id, model_opt_out) SELECT unnest(CAST(:users AS text[])), true "
            "ON CONFLICT (user_id) DO NOTHING"
        ),
        {"users": list(user_ids)},
    )


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises `InputError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"'{name}' is no time zone. Write an IANA name, such as Europe/Lisbon.") from None


def set_profile(
    connection: Connection,
    user_id: str,
    *,
    display_name: str | None = None,
    time_zone: str | None = None,
    model_opt_out: bool | None = None,
) -> None:
    """Store what was said about a user; None leaves what is there. Raises `InputError` for a zone that is none."""
    if time_zone is not None:
        zone(time_zone)
    connection.execute(
        text(
            """
            INSERT INTO user_profiles AS p (user_id, display_name, name_source, time_zone, model_opt_out)
            VALUES (:user, :name, CASE WHEN CAST(:name AS text) IS NOT NULL THEN 'loaded' END, :zone, coalesce(:out, false))
            ON CONFLICT (user_id) DO UPDATE SET
                display_name = coalesce(excluded.display_name, p.display_name),
                name_source = coalesce(excluded.name_source, p.name_source),
                time_zone = coalesce(excluded.time_zone, p.time_zone),
                model_opt_out = coalesce(CAST(:out AS boolean), p.model_opt_out), updated_at = now()
            """
        ),
        {"user": user_id, "name": display_name, "zone": time_zone, "out": model_opt_out},
    )
