"""The people of the sample conversations. All invented, ids included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BOTS: tuple[str, ...] = ("ines", "juno", "marlow")


@dataclass(frozen=True, slots=True)
class Person:
    """The id that stands in the payloads, and the name to show."""

    user_id: str
    name: str


PEOPLE: Mapping[str, Person] = {
    "nadia": Person("612874903315570688", "Nadia"),
    "theo": Person("348120577946112001", "Theo"),
    "amara": Person("1093355871204442155", "Amara"),
    "kenji": Person("801467722093518848", "Kenji"),
    "dani": Person("957731064488203274", "Dani"),
    "piet": Person("web-3f9c1a7e", "Piet"),
    "ruth": Person("family-tablet-02", "Ruth"),
    "sol": Person("api:cab-4471", "Sol"),
}
"""By the key that the conversation files use. Five came by a chat platform and carry its long numbers, three by an API that
lets a caller choose; theo talks to two bots under one id."""
