"""Tombstones: of whom nothing is to be derived any more, known by a keyed hash of their id.

``person`` is HMAC-SHA-256 of the user id under a key of the database. Whoever sees a tombstone without the key (in a log, a
receipt, an export) cannot tell whose it is, nor find out by trying ids. Whoever has the key too, which lies in the same
database, can try the ids that he knows of: a tombstone is a pseudonym, kept because nothing else tells whose messages are to
be left alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

KEY_BYTES = 32
ALL_BOTS = ""
"""The bot name of a tombstone that holds for every bot."""

_DOMAIN = b"whisper_enrich/person\x00"


def person_hash(key: bytes, user_id: str) -> str:
    """64 hexadecimal digits that stand for a user id."""
    return hmac.new(key, _DOMAIN + user_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Messages of ``person`` with a bot (`ALL_BOTS`: with any) up to ``covers_until`` are left out; None: all of them.

    ``finished_at`` is None until the last of what was derived is gone. ``counts`` are rows and points erased, by table and store.
    """

    id: str
    key_id: str
    person: str
    bot_name: str
    asked_at: datetime
    covers_until: datetime | None
    with_messages: bool
    model_opt_out: bool
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    def covers(self, said_at: datetime | None) -> bool:
        """Whether a message of that time is left out. One without a usable time is: nothing says that it came later."""
        return self.covers_until is None or said_at is None or said_at <= self.covers_until


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Tombstones with the keys that they were made with, by the keys' ids."""

    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    stones: Sequence[Tombstone] = ()

    def hashes_of(self, user_id: str) -> dict[str, str]:
        """What a user id becomes under each key."""
        return {key_id: person_hash(key, user_id) for key_id, key in self.keys.items()}

    def of(self, user_id: str, bot_name: str | None = None) -> list[Tombstone]:
        """Those of a user that hold for this bot (None: for any)."""
        persons = self.hashes_of(user_id)
        return [
            stone
            for stone in self.stones
            if persons.get(stone.key_id) == stone.person and bot_name in (None, stone.bot_name or bot_name)
        ]

    def whose(self, stone: Tombstone, user_ids: Iterable[str]) -> list[str]:
        """Of these user ids, the one that a tombstone stands for, if it is among them."""
        key = self.keys[stone.key_id]
        return [user_id for user_id in user_ids if person_hash(key, user_id) == stone.person]

    def as_json(self) -> dict[str, Any]:
        """For a file: what `from_json` reads."""
        return {
            "keys": {key_id: key.hex() for key_id, key in sorted(self.keys.items())},
            "tombstones": [
                {name: _iso(value) if isinstance(value, datetime) else value for name, value in asdict(stone).items()}
                for stone in self.stones
            ],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Tombstones:
        """What `as_json` made. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        times = ("asked_at", "covers_until", "finished_at")
        stones = [
            Tombstone(**{**entry, **{name: entry[name] and datetime.fromisoformat(entry[name]) for name in times}})
            for entry in content["tombstones"]
        ]
        return cls({key_id: bytes.fromhex(key) for key_id, key in content["keys"].items()}, stones)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
