"""Errors on their way into Dagster's event log, which keeps every error text for ever: what and where, no contents.

Our own errors hold no word of a conversation. Any other may: PostgreSQL quotes the row that it refuses, a parser the text.
"""

import traceback
from pathlib import Path

from psycopg2.errors import DiskFull
from sqlalchemy.exc import DBAPIError, OperationalError

from whisper_enrich.errors import DatabaseUnavailable, EnrichError

_PACKAGE = Path(__file__).resolve().parents[1]


def plain(error: Exception) -> EnrichError:
    """The error itself where it is one of ours, else one that names class and place of it and nothing of its text."""
    if isinstance(error, EnrichError):
        return error
    if isinstance(error, DBAPIError):
        return _of_database(error)
    return EnrichError(
        f"Unexpected {type(error).__name__} in {_place(error)}; its text is withheld, as it may quote a message. What was "
        "done before is stored. The run's log holds the stack; please report it."
    )


def stack(error: Exception) -> str:
    """Where the error was raised, frame by frame: lines of code, no values."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()


def _of_database(error: DBAPIError) -> EnrichError:
    kind = type(error.orig).__name__
    if isinstance(error.orig, DiskFull):
        return DatabaseUnavailable(
            "PostgreSQL has no room left on its disk. Free some, or give it more: `whisper-enrich tidy` shows what is past its "
            "time. What was committed is stored; the next run goes on from there."
        )
    if error.connection_invalidated or isinstance(error, OperationalError):
        return DatabaseUnavailable(
            f"PostgreSQL broke off in the middle of the work ({kind}). What was committed is stored; run it again, it "
            "goes on from there."
        )
    diagnosis = getattr(error.orig, "diag", None)
    names = ((name, getattr(diagnosis, f"{name}_name", None)) for name in ("table", "column", "constraint"))
    objects = ", ".join(f"{name} {value}" for name, value in names if value)
    return EnrichError(
        f"PostgreSQL refused a statement in {_place(error)}: {kind}{f' ({objects})' if objects else ''}. Nothing of that "
        "batch was stored. Run `whisper-enrich doctor` to compare the schema; if that is in order, please report it."
    )


def _place(error: Exception) -> str:
    """The innermost frame of ours: file, line, function."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    frame = (ours or list(frames))[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno} ({frame.name})"
