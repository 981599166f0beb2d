"""Leases with fencing tokens: who works on what, without a lock held while it works.

A holder that dies is replaced when its lease runs out, or at once where it lived on this machine and is seen to be dead.
A holder that merely was slow finds its token outdated when it writes, and writes nothing.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cache

import psutil
from sqlalchemy import Connection, text

from whisper_enrich.errors import LeaseHeld, LeaseLost
from whisper_enrich.storage.shares import Share


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write the results of ``resource`` while ``token`` is the newest."""

    resource: str
    token: int


@cache
def _identity(pid: int) -> str:
    return f"{socket.gethostname()}/{pid}/{psutil.Process(pid).create_time():.0f}"


def holder() -> str:
    """This process: host, pid, start time."""
    return _identity(os.getpid())


def acquire(
    connection: Connection, resource: str, seconds: int, *, urgent: bool = True, share: Share | None = None
) -> Lease:
    """Take or take over the lease. Raises `LeaseHeld` while a live worker has it, or where it is wanted more urgently.

    With ``share`` only that part of it: workers on other shares of the same division may go on, and nobody on the whole.
    """
    _lock_free(connection, resource, urgent=urgent)
    _end_parts(connection, resource, but_of=share)
    if share is None:
        return _take(connection, resource, seconds)
    part = f"{resource}{_PART}{share}"
    _lock_free(connection, part, urgent=urgent)
    # Whoever had the whole and is taken for dead must not write any more.
    _take(connection, resource, 0)
    return _take(connection, part, seconds)


_PART = "#"
"""Stands between a resource and the share of it."""


def _end_parts(connection: Connection, resource: str, but_of: Share | None) -> None:
    """Outdate the leases on parts of it, but those of the same division. Raises `LeaseHeld` where one of them is held."""
    parts = connection.execute(
        text(
            "SELECT resource FROM leases WHERE starts_with(resource, :prefix) AND holder <> '' "
            "AND (CAST(:division AS text) IS NULL OR NOT resource LIKE '%' || :division) ORDER BY resource"
        ),
        {"prefix": f"{resource}{_PART}", "division": None if but_of is None else f"/{but_of.of}"},
    )
    for part in parts.scalars().all():
        _lock_free(connection, part, urgent=True)
        _take(connection, part, 0)


def _lock_free(connection: Connection, resource: str, *, urgent: bool) -> None:
    """Lock the row of a lease, for the transaction. Raises `LeaseHeld` unless it may be taken."""
    connection.execute(
        text(
            "INSERT INTO leases (resource, token, holder, expires_at) VALUES (:resource, 0, '', now()) "
            "ON CONFLICT (resource) DO NOTHING"
        ),
        {"resource": resource},
    )
    current = connection.execute(
        text(
            "SELECT holder, expires_at > now() AS running, coalesce(wanted_until > now(), false) AS wanted "
            "FROM leases WHERE resource = :resource FOR UPDATE"
        ),
        {"resource": resource},
    ).one()
    if current.running and current.holder and not _is_dead(current.holder):
        raise LeaseHeld(
            f"Another worker ({current.holder}) is on {resource} now. Nothing is lost: wait for it to end, or try again."
        )
    if current.wanted and not urgent:
        raise LeaseHeld(f"Live work waits for {resource} and goes first. Nothing is lost: wait for it, or try again.")


def _take(connection: Connection, resource: str, seconds: int) -> Lease:
    """A new token; for 0 seconds nobody's, so that the old one is outdated and no more."""
    token = connection.execute(
        text(
            "UPDATE leases SET token = token + 1, holder = :holder, wanted_until = NULL, "
            "expires_at = now() + make_interval(secs => :seconds) WHERE resource = :resource RETURNING token"
        ),
        {"resource": resource, "holder": holder() if seconds else "", "seconds": seconds},
    ).scalar_one()
    return Lease(resource, token)


def want(connection: Connection, resource: str, seconds: float) -> None:
    """Say that urgent work waits for a lease that is held: for that long no other work takes it."""
    connection.execute(
        text("UPDATE leases SET wanted_until = now() + make_interval(secs => :seconds) WHERE resource = :resource"),
        {"seconds": seconds, "resource": resource},
    )


def confirm(connection: Connection, lease: Lease, seconds: int) -> None:
    """Renew the lease inside the transaction that writes results; nobody can take it over before that commits.

    Raises `LeaseLost` when somebody already has.
    """
    renewed = connection.execute(
        text(
            "UPDATE leases SET expires_at = now() + make_interval(secs => :seconds) "
            "WHERE resource = :resource AND token = :token"
        ),
        {"seconds": seconds, "resource": lease.resource, "token": lease.token},
    )
    if renewed.rowcount == 0:
        raise LeaseLost(f"Another worker took over {lease.resource}; this one wrote nothing. Nothing is lost.")


def release(connection: Connection, lease: Lease) -> None:
    """Let go; a lease that somebody else has taken over stays theirs."""
    connection.execute(
        text("UPDATE leases SET holder = '', expires_at = now() WHERE resource = :resource AND token = :token"),
        {"resource": lease.resource, "token": lease.token},
    )


def workers_on(connection: Connection, bot_name: str) -> list[str]:
    """What live workers are on of a bot's: the resources of leases that are held."""
    rows = connection.execute(
        text(
            "SELECT resource, holder FROM leases WHERE starts_with(resource, :bot || '/') AND holder <> '' "
            "AND expires_at > now() ORDER BY resource"
        ),
        {"bot": bot_name},
    )
    return [row.resource for row in rows if not _is_dead(row.holder)]


def fence(connection: Connection, bot_name: str) -> None:
    """Make every lease of a bot outdated: who has read before this transaction writes nothing after it.

    Until it ends nobody takes or confirms a lease, of any bot; transactions under way that have confirmed one are waited for.
    """
    connection.execute(text("LOCK TABLE leases IN SHARE ROW EXCLUSIVE MODE"))
    connection.execute(
        text(
            "UPDATE leases SET token = token + 1, holder = '', expires_at = now() WHERE starts_with(resource, :bot || '/')"
        ),
        {"bot": bot_name},
    )


def _is_dead(identity: str) -> bool:
    """True only for a process of this machine that is certainly gone."""
    host, pid, started = identity.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.0f}" != started or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
