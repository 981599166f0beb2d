"""As which system user an embedded PostgreSQL runs: as the caller; for root, which PostgreSQL refuses, as another."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whisper_enrich.errors import DatabaseUnavailable

USE_A_SERVER = (
    "set POSTGRES_HOST (and POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD) to use a server of your own"
)

# What systemd hands out to services without a user of their own; container user namespaces usually map it as well.
_FREE_UIDS = range(61184, 65520)


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user that root starts the server as."""

    uid: int
    gid: int


def process_options(user: ServerUser | None) -> dict[str, Any]:
    """Return the arguments for ``subprocess`` that make a child run as ``user`` for good, in a folder open to all."""
    if user is None:
        return {"cwd": "/"}
    # Not an empty list of groups: Python 3.12.0 would then keep root's.
    return {"cwd": "/", "user": user.uid, "group": user.gid, "extra_groups": [user.gid]}


def choose_user(identity: str, *folders: Path) -> ServerUser | None:
    """Return None for an ordinary caller; for root the user that one of ``folders`` belongs or is open to already.

    Else a user id without a name that follows from ``identity``, else ``nobody``. No user is created.
    Raises DatabaseUnavailable where root may not become anybody else.
    """
    if os.geteuid() != 0:
        return None
    for folder in folders:
        if not os.path.exists(folder):
            continue
        now = folder.stat()
        if now.st_uid != 0:
            return ServerUser(now.st_uid, now.st_gid)
        if now.st_gid in _FREE_UIDS:
            return ServerUser(now.st_gid, now.st_gid)
    for user in (_derived(identity), _nobody()):
        if user is not None and _can_become(user):
            return user
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and this process may not switch to another user. "
        f"Run as an ordinary user, or {USE_A_SERVER}."
    )


def named_user(user: ServerUser | None) -> ServerUser | None:
    """Return ``user`` where it has a name, else a named one in the same group: ``initdb`` insists on a name.

    Other processes of the named user are not in that group, so they cannot follow into the server's folder.
    """
    if _has_name(os.geteuid() if user is None else user.uid):
        return user
    named = _nobody()
    if user is None or named is None:
        raise DatabaseUnavailable(
            "PostgreSQL creates a database only as a user with a name, and the user id "
            f"{os.geteuid() if user is None else user.uid} has none here. Add it to /etc/passwd, or {USE_A_SERVER}."
        )
    return ServerUser(named.uid, user.gid)


def give(path: Path, user: ServerUser | None) -> None:
    """Give one file or folder of ours to the server's user."""
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def give_tree(path: Path, user: ServerUser | None) -> None:
    """Give a folder of ours with all that is in it to the server's user, following no link."""
    if user is None:
        return
    for _, folders, files, fd in os.fwalk(path, follow_symlinks=False):
        for name in (*folders, *files):
            os.chown(name, user.uid, user.gid, dir_fd=fd, follow_symlinks=False)
    give(path, user)


def let_pass(folder: Path, user: ServerUser | None) -> None:
    """Let the server's group pass through a folder of ours without looking into it, unless it is open already."""
    if user is None:
        return
    now = folder.stat()
    mode = stat.S_IMODE(now.st_mode)
    shared = mode & 0o001 or (mode & 0o070 and now.st_gid != user.gid)
    if now.st_uid != user.uid and not shared:
        os.chown(folder, -1, user.gid)
        folder.chmod((mode & 0o700) | 0o010)


def can_enter(folder: Path, user: ServerUser | None) -> bool:
    """Whether the user can enter ``folder``, asked of the system by trying: access lists and mounts count too."""
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    return subprocess.run(command, stderr=subprocess.DEVNULL, **process_options(user)).returncode == 0


def is_private(folder: Path, user: ServerUser | None) -> bool:
    """Whether ``folder`` is a real folder of the server's user that nobody else (root excepted) can enter."""
    try:
        now = folder.lstat()
    except FileNotFoundError:
        return False
    owner = os.geteuid() if user is None else user.uid
    return stat.S_ISDIR(now.st_mode) and now.st_uid == owner and not stat.S_IMODE(now.st_mode) & 0o077


def _derived(identity: str) -> ServerUser | None:
    start = int(hashlib.sha256(identity.encode()).hexdigest(), 16)
    uids = (_FREE_UIDS[(start + step) % len(_FREE_UIDS)] for step in range(len(_FREE_UIDS)))
    free = next((uid for uid in uids if not _has_name(uid) and not _names_a_group(uid)), None)
    return None if free is None else ServerUser(free, free)


def _nobody() -> ServerUser | None:
    users = {entry.pw_name: ServerUser(entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall() if entry.pw_uid != 0}
    return users.get("nobody", next(iter(users.values()), None))


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _names_a_group(gid: int) -> bool:
    try:
        grp.getgrgid(gid)
    except KeyError:
        return False
    return True


def _can_become(user: ServerUser) -> bool:
    try:
        return subprocess.run(["/bin/sh", "-c", ":"], **process_options(user)).returncode == 0
    except OSError:
        return False
