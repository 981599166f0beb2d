"""The one local folder: embedded databases, Dagster's storage, logs. Removing it starts afresh."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from whisper_enrich.errors import ConfigurationError

# Keeps git away from databases, and marks the folder as one that this project made.
_GITIGNORE = "*\n"


def state_dir(path: str | Path) -> Path:
    """Create the state folder, enterable by its owner only (mode 700), where it is absent; return its absolute path.

    A folder that exists keeps its mode. ``.gitignore`` is written into a new or empty folder only: in a folder
    with other contents (somebody's checkout, a home) it would hide their files from git.

    Raises ConfigurationError where the folder cannot be created or written to, or is no folder.
    """
    folder = Path(path).expanduser().resolve()
    try:
        created = _make_private(folder)
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, "read-only", str(folder))
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "not writable", str(folder))
        if created or not any(folder.iterdir()):
            _mark(folder)
    except OSError as error:
        raise ConfigurationError(_explain(folder, error)) from error
    return folder


def is_made_by_us(folder: Path) -> bool:
    """Whether ``state_dir`` made this folder, so that its group and mode are ours to set."""
    try:
        return (folder / ".gitignore").read_text() == _GITIGNORE
    except (OSError, UnicodeDecodeError):
        return False


def _make_private(folder: Path) -> bool:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(folder)) from None
        return False
    return True


def _mark(folder: Path) -> None:
    try:
        with (folder / ".gitignore").open("x") as file:
            file.write(_GITIGNORE)
    except FileExistsError:
        pass  # another process made the same folder at the same moment


def _explain(folder: Path, error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"The state folder {folder} cannot be written to by this user. "
            "Give it to this user, remove it if another user left it, or set another state folder."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"The state folder {folder} is a file or lies below one. Remove the file or set another state folder."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds the state folder {folder} is full. Free some space or set another state folder."
    if error.errno == errno.EROFS:
        return f"The state folder {folder} lies on a read-only file system. Set another state folder."
    return f"The state folder {folder} cannot be used: {error.strerror}. Set another state folder."
