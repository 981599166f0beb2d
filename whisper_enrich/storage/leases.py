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


def acquire(connection: Connection, resource: str, seconds: int) -> Lease:
    """Take or take over the lease. Raises `LeaseHeld` while a live worker has it."""
    connection.execute(
        text(
            "INSERT INTO leases (resource, token, holder, expires_at) VALUES (:resource, 0, '', now()) "
            "ON CONFLICT (resource) DO NOTHING"
        ),
        {"resource": resource},
    )
    current = connection.execute(
        text("SELECT holder, expires_at > now() AS running FROM leases WHERE resource = :resource FOR UPDATE"),
        {"resource": resource},
    ).one()
    if current.running and current.holder and not _is_dead(current.holder):
        raise LeaseHeld(
            f"Another worker ({current.holder}) is on {resource} now. Nothing is lost: wait for it to end, or try again."
        )
    token = connection.execute(
        text(
            "UPDATE leases SET token = token + 1, holder = :holder, expires_at = now() + make_interval(secs => :seconds) "
            "WHERE resource = :resource RETURNING token"
        ),
        {"resource": resource, "holder": holder(), "seconds": seconds},
    ).scalar_one()
    return Lease(resource, token)


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
