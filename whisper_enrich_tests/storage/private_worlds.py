"""Conversations in which every telling word of a dm is a made-up one, and no word of a shared channel is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from whisper_enrich.messages.model import Point
from whisper_enrich_tests.builders import said

PRIVATE = re.compile(r"[zZ][qQ]|FERRY|ALDO")
"""What was said in dms alone: made-up words, and by its capitals what the shared channels know as "ferry" and "Aldo Ferri"."""

NAMES = ["Zqorbla", "Zqiven", "Zqulmen", "Zqartho", "Zqessin"]
THINGS = ["zqelli", "zqomber", "zquilt", "zqander", "zqistle", "zqovent", "zqapple"]

OPEN = [
    ("I planted tomatoes in the garden today.", "Lovely! Which kind did you choose?"),
    ("I took the ferry with Aldo Ferri to the island.", "How was the ferry ride?"),
    ("I love jazz and my sister Clara plays the trumpet.", "Does Clara play jazz as well?"),
    ("I work as a nurse at the hospital in Porto.", "That is a demanding job in Porto."),
    ("The tomatoes have grown, and Aldo Ferri came to see the garden.", "Tomatoes and visitors, how nice!"),
    ("By the way, the ferry was late again this morning.", "Was the ferry full?"),
    ("I am going to paint the kitchen on Saturday.", "Which colour will the kitchen have?"),
]
SECRET = [
    ("I live in {name} with my {thing}.", "So {name} is your home, and the {thing} too?"),
    ("I love {thing} and I am afraid of {other}.", "What about {other} frightens you?"),
    ("My sister {name} has an interview at {second} on Friday.", "I promise to ask about {second} on Saturday."),
    ("I will buy a {thing} from {name} tomorrow.", "Will you show me the {thing}?"),
    ("The FERRY with ALDO FERRI had a {thing} aboard.", "ALDO FERRI and the FERRY, and a {thing}!"),
    ("Can you remind me of the {thing} on Sunday?", "I will remind you of the {thing}."),
    ("I work as a {thing} keeper at {name}.", "How long have you been at {name}?"),
    ("My birthday is on {birthday} and {name} will bake a {thing}.", "A {thing} from {name}!"),
    ("What should I do about the {thing}?", ""),
    ("I work as a nurse at the hospital in Porto on the {name} ward.", "The {name} ward, I see."),
    ("I love jazz because of {name}.", "Because of {name}?"),
    ("I took the ferry with Aldo Ferri to the island of {name}.", "And how was {name}?"),
]


def private_world(now: datetime, days: int = 35) -> list[Point]:
    """One bot's points: ana in both kinds of channel, sometimes in one session; ben in dms alone; cleo in the open."""
    chance = Random(7)
    return [
        point
        for day in range(days, 0, -1)
        for user, channels in (("ana", ("guild", "mixed", "dm")), ("ben", ("dm",)), ("cleo", ("guild",)))
        if chance.random() < 0.8
        for point in _day(now - timedelta(days=day), user, channels, chance, now)
    ]


def _day(start: datetime, user: str, channels: tuple[str, ...], chance: Random, now: datetime) -> Iterator[Point]:
    for number, channel in enumerate(channels):
        at = start + timedelta(hours=4 * number, minutes=chance.randrange(30))
        for turn in range(6):
            where = chance.choice(("dm", "guild")) if channel == "mixed" else channel
            question, answer = lines(where, chance, now)
            moment = at + timedelta(minutes=2 * turn)
            emotion: dict[str, Any] = {"emotional_context": chance.choice(("joy", "sadness", "anticipation", "trust"))}
            if moment >= now:
                return
            yield said(question, moment, user=user, channel=where, **emotion)
            if answer:
                moment += timedelta(milliseconds=1)
                yield said(answer, moment, user=user, role="assistant", channel=where, **emotion)


def unmarked(value: Any, path: str = "") -> Iterator[str]:
    """Where a private word stands in a text or a name that is not below an object of scope dm."""
    if isinstance(value, dict):
        if value.get("scope") != "dm":
            for name, item in value.items():
                if PRIVATE.search(name):
                    yield f"{path}.{name}"
                yield from unmarked(item, f"{path}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from unmarked(item, f"{path}[{place}]")
    elif isinstance(value, str) and PRIVATE.search(value):
        yield f"{path}: {value}"


def lines(channel: str, chance: Random, now: datetime) -> tuple[str, str]:
    """What a user says in a channel ('dm' or 'guild'), and the bot's answer, '' where it gives none."""
    if channel == "guild":
        return chance.choice(OPEN)
    name, second = chance.sample(NAMES, 2)
    thing, other = chance.sample(THINGS, 2)
    filling = {"name": name, "second": second, "thing": thing, "other": other, "birthday": f"{now:%B} {now.day}"}
    question, answer = chance.choice(SECRET)
    return question.format(**filling), answer.format(**filling)
