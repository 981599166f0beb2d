"""What is told of an erasure: counts, and what it could not reach; never what was erased."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """``rows`` were deleted, by table; ``pseudonymised`` kept without the person, likewise; ``store`` are points by what was
    done to them; ``named`` rows that still name the person, by table. ``notes`` are sentences for the person.

    With ``dry_run`` nothing was changed, and the counts are of what there is.
    """

    tombstone: str | None
    bots: tuple[str, ...]
    dry_run: bool
    asked_at: datetime
    covers_until: datetime | None
    rows: Mapping[str, int] = field(default_factory=dict)
    pseudonymised: Mapping[str, int] = field(default_factory=dict)
    store: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """All counts, by a name that says where."""
        return {
            **{name: number for name, number in self.rows.items() if number},
            **{f"{name} (pseudonymised)": number for name, number in self.pseudonymised.items() if number},
            **{f"message store: {name}": number for name, number in self.store.items() if number},
        }

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return dict(value) if isinstance(value, Mapping) else value
