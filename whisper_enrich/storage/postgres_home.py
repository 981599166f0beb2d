"""Where an embedded PostgreSQL lives.

``<state folder>/postgres`` always holds the lock, the leases, the log and the identity of the server. The server's own
folders (``data``, ``socket``) lie there too, except where its user cannot get there: what is above the state folder is
not ours to open. Then they lie in a folder outside, and the state folder records which. Both sides carry the same
random identity, so that an outside folder that a removed or copied state folder left behind is never taken for ours.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import socket
import tempfile
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.storage.postgres_server import SOCKET_NAME, end_strays
from whisper_enrich.storage.postgres_user import (
    USE_A_SERVER,
    ServerUser,
    can_enter,
    choose_user,
    give,
    is_private,
    let_pass,
)
from whisper_enrich.storage.process_leases import write_private
from whisper_enrich.storage.state_dir import is_made_by_us

_logger = logging.getLogger(__name__)

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
_LONGEST_SOCKET_PATH = 103
# Clients split the name of a socket's folder at commas, and each has its own way with quotes and percent signs.
_PLAIN_PATH = re.compile(r"/[\w ./-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one embedded server. ``user`` is None where it runs as the calling user."""

    state: Path
    path: Path
    user: ServerUser | None
    outer_socket_dir: Path | None = None

    @property
    def anchor(self) -> Path:
        return anchor(self.state)

    @property
    def data_dir(self) -> Path:
        return self.path / "data"

    @property
    def socket_dir(self) -> Path:
        return self.outer_socket_dir or self.path / "socket"

    @property
    def life_lock(self) -> Path:
        """A file that every process of the server keeps locked for as long as it lives."""
        return self.path / "server.lock"

    @property
    def log(self) -> Path:
        return self.anchor / "postgres.log"

    @property
    def notice(self) -> str | None:
        """One sentence for a person where the data is not in the state folder, else None."""
        if self.path == self.anchor:
            return None
        if self.user is None:
            return f"The file system of {self.state} keeps no folder private, so PostgreSQL's data is in {self.path}."
        return (
            f"PostgreSQL does not run as root, and the user that it runs as (uid {self.user.uid}) "
            f"cannot enter {self.state}, so its data is in {self.path}."
        )


@dataclass(frozen=True, slots=True)
class _Identity:
    id: str
    state: str
    linked: bool  # whether the outside file is a hard link to the one in the state folder


def anchor(state: Path) -> Path:
    """Return the folder of the embedded server inside the state folder."""
    return state / "postgres"


def read_home(state: Path) -> Home | None:
    """Return the home that the state folder records; None where there is none, or it is gone or not ours."""
    inside = anchor(state)
    own, place = _read_identity(inside), _read_json(inside / "place.json")
    if own is None or place is None:
        return None
    path = Path(place["home"]) if place.get("home") else inside
    if path != inside and not _belongs(inside, own, path):
        return None
    outer_socket_dir = Path(place["socket_dir"]) if place.get("socket_dir") else None
    return Home(state, path, choose_user(own.id, path / "data", state), outer_socket_dir)


def prepare_home(state: Path) -> Home:
    """Return the recorded home, or make a new one. The caller holds the lock in ``anchor(state)``."""
    home = read_home(state) or _new_home(state)
    _open_own_folders(home)
    if home.path != home.anchor:
        _share_identity(home)
    return home


def with_socket_dir(home: Home) -> Home:
    """Return ``home`` with a private folder for the socket whose path fits a socket's address.

    In the home where its path allows it, else among the temporary files; the latter is recorded.
    """
    own = replace(home, outer_socket_dir=None)
    if _fits_a_socket(own.socket_dir):
        _make_private(own.socket_dir, home.user)
        if _can_bind(own.socket_dir):
            return own
    if home.outer_socket_dir is not None and is_private(home.outer_socket_dir, home.user):
        return home
    runtime = os.environ.get("XDG_RUNTIME_DIR") if home.user is None else None
    for base in (runtime, tempfile.gettempdir(), "/tmp"):
        if base and os.access(base, os.W_OK | os.X_OK) and _fits_a_socket(Path(base) / "whisper-enrich-12345678"):
            folder = Path(tempfile.mkdtemp(prefix="whisper-enrich-", dir=base))
            give(folder, home.user)
            if can_enter(folder, home.user) and _can_bind(folder):
                return _record(replace(home, outer_socket_dir=folder))
            folder.rmdir()
    raise DatabaseUnavailable(
        "No private folder with a path short enough for PostgreSQL's socket could be made. "
        f"Set TMPDIR to a short path, or {USE_A_SERVER}."
    )


def forget_socket_dir(home: Home) -> None:
    """Remove a socket folder among the temporary files; the server must have ended."""
    if home.outer_socket_dir is not None:
        if is_private(home.outer_socket_dir, home.user):
            shutil.rmtree(home.outer_socket_dir)
        recorded = read_home(home.state)
        if recorded is not None and recorded.outer_socket_dir == home.outer_socket_dir:
            _record(replace(recorded, outer_socket_dir=None))


def remove_home(home: Home) -> None:
    """Remove the data and all else that belongs to the server, here and outside; the server must have ended."""
    forget_socket_dir(home)
    if home.path != home.anchor:
        shutil.rmtree(home.path)
    for entry in home.anchor.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "lock":  # whoever waits for the lock must go on to find the same file
            entry.unlink()


def _new_home(state: Path) -> Home:
    inside = anchor(state)
    own = _Identity(uuid.uuid4().hex, str(state), linked=True)
    (inside / "place.json").unlink(missing_ok=True)  # written last: without it this is begun again
    write_private(inside / "identity.json", json.dumps(asdict(own)), durable=True)
    home = Home(state, inside, choose_user(own.id, inside / "data", state))
    if can_enter(state.parent, home.user):
        _open_own_folders(home)
        if _is_usable(home):
            return _record(home)
    home = _outside_home(home, own)
    _logger.warning(home.notice)
    return _record(home)


def _open_own_folders(home: Home) -> None:
    let_pass(home.path, home.user)
    if home.path == home.anchor and is_made_by_us(home.state):
        let_pass(home.state, home.user)


def _is_usable(home: Home) -> bool:
    """Whether a folder made in the home can belong to the server's user, be private, and be entered by it."""
    trial = Path(tempfile.mkdtemp(prefix="trial-", dir=home.path))
    try:
        give(trial, home.user)
        return is_private(trial, home.user) and can_enter(trial, home.user)
    except PermissionError:
        return False
    finally:
        trial.rmdir()


def _make_private(folder: Path, user: ServerUser | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    give(folder, user)


def _outside_home(home: Home, own: _Identity) -> Home:
    for base in _outside_bases():
        try:
            outside = replace(home, path=_make_outside(base, own))
        except OSError as error:
            _logger.info("PostgreSQL's data cannot lie in %s: %s", base, error.strerror)
            continue
        _open_own_folders(outside)
        if _is_usable(outside):
            _share_identity(outside)
            return outside
        outside.path.rmdir()
    raise DatabaseUnavailable(
        f"PostgreSQL's user cannot use {home.state}, and no other folder for its data could be made. "
        f"Set another state folder, or {USE_A_SERVER}."
    )


def _outside_bases() -> list[Path]:
    own = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    lasting = "/var/lib" if os.geteuid() == 0 else own
    return [Path(lasting).resolve(), Path(tempfile.gettempdir()).resolve()]


def _make_outside(base: Path, own: _Identity) -> Path:
    name = f"whisper-enrich-{hashlib.sha256(own.state.encode()).hexdigest()[:12]}"
    folder = base / name
    if os.path.lexists(folder) and not _remove_orphan(folder):
        _logger.warning("The folder %s is left from another state folder. Remove it if nobody misses its data.", folder)
        folder = base / f"{name}-{own.id[:8]}"
    folder.mkdir(mode=0o700, parents=os.geteuid() != 0)
    return folder


def _remove_orphan(folder: Path) -> bool:
    """Remove an outside folder, and its server, where its state folder is provably gone; say whether it was.

    The proof is the link count: moving a state folder keeps its hard link to the identity, removing it does not.
    """
    identity = _read_identity(folder) if folder.lstat().st_uid == os.geteuid() else None
    if identity is None or not identity.linked or (folder / "identity.json").stat().st_nlink != 1:
        return False
    end_strays(folder / "data")
    shutil.rmtree(folder)
    return True


def _share_identity(home: Home) -> None:
    """Put the identity into the outside folder: as a hard link, or where that is another file system as a copy."""
    source, target = home.anchor / "identity.json", home.path / "identity.json"
    own, theirs = _read_identity(home.anchor), _read_identity(home.path)
    assert own is not None, "a home is read or made together with its identity"
    copy = replace(own, state=str(home.state), linked=False)
    if theirs == copy or (theirs is not None and os.path.samefile(source, target)):
        return
    link = target.with_name("identity.link")
    link.unlink(missing_ok=True)
    try:
        os.link(source, link)
    except OSError:
        write_private(target, json.dumps(asdict(copy)), durable=True)
    else:
        os.replace(link, target)


def _belongs(inside: Path, own: _Identity, folder: Path) -> bool:
    """Whether the outside folder is ours, and not that of a state folder that ours is a copy of."""
    theirs = _read_identity(folder)
    if theirs is None or theirs.id != own.id:
        return False
    if os.path.samefile(inside / "identity.json", folder / "identity.json"):
        return True
    if theirs.linked:
        return (folder / "identity.json").stat().st_nlink == 1
    elsewhere = Path(theirs.state)
    other = _read_identity(anchor(elsewhere))
    return elsewhere == inside.parent or other is None or other.id != own.id


def _record(home: Home) -> Home:
    place = {
        "home": str(home.path) if home.path != home.anchor else None,
        "socket_dir": str(home.outer_socket_dir) if home.outer_socket_dir else None,
    }
    write_private(home.anchor / "place.json", json.dumps(place), durable=True)
    return home


def _fits_a_socket(folder: Path) -> bool:
    path = str(folder / SOCKET_NAME)
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(path) is not None


def _can_bind(folder: Path) -> bool:
    """Whether sockets can be made there: on a folder shared with a virtual machine's host they often cannot."""
    trial = folder / ".trial"
    trial.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as endpoint:
        try:
            endpoint.bind(str(trial))
        except OSError:
            return False
    trial.unlink()
    return True


def _read_identity(folder: Path) -> _Identity | None:
    content = _read_json(folder / "identity.json")
    if content is None or set(content) != {"id", "state", "linked"}:
        return None
    return _Identity(**content)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content if isinstance(content, dict) else None
