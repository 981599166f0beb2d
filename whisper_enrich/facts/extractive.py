"""The extractive engine: facts about a user from one of their messages, by rules, without a model.

It looks at one message alone, so that its result depends on nothing else. In order: whose message is it, is its language
covered, which clauses assert something (`clauses`), which rules match them (`rules`), and, where none does, whether the
clause is worth keeping in its own words (`fallback`). Statements are third person with ``{user}``, relative dates resolved
behind their phrase.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from whisper_enrich.facts import confidence, fallback
from whisper_enrich.facts.attributes import normalise
from whisper_enrich.facts.clauses import Clause, clauses
from whisper_enrich.facts.dates import DateSpan, find_dates, with_dates
from whisper_enrich.facts.model import (
    Assertion,
    Category,
    Evidence,
    Extraction,
    Outcome,
    Polarity,
    Tense,
)
from whisper_enrich.facts.rules import RULES
from whisper_enrich.facts.rules.model import Cut, Rule
from whisper_enrich.facts.rules.values import cut, is_vague, items
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text import language
from whisper_enrich.text.third_person import to_third_person

ENGINE_VERSION = "extractive-1"

MAX_STATEMENT = 500
MAX_PER_CLAUSE = 2
MAX_PER_MESSAGE = 4
# The general rule fills up to this many facts, and only with clauses of this interest.
MAX_WITH_GENERAL = 2
MIN_INTEREST = 2.0

# How long ago a move may lie and still tell where the person lives.
_RECENT = timedelta(days=62)


def extract(message: Message) -> Extraction:
    """What ``message`` says about its user. Deterministic; raises nothing for any text."""
    if message.speaker is not Speaker.USER:
        return Extraction(message.point_id, Outcome.NOT_THE_USER, ())
    detected = language.detect(message.text)
    if detected is not None and detected not in language.COVERED:
        return Extraction(message.point_id, Outcome.NOT_COVERED, (), detected)
    assertions = tuple(_select(list(_candidates(message))))
    return Extraction(message.point_id, Outcome.FACTS if assertions else Outcome.NO_FACTS, assertions, detected)
