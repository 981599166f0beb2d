"""What a bot could speak of when it writes first: what is due, what was left open, what the user comes back to.

In this order: announced events whose day has passed, what the bot promised or was asked to do, plans (facts) whose day has
come, the user's unanswered questions, events of the next days, the user's promises, the bot's unanswered questions,
recurring subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import History, KnownFact, OpenItem
from whisper_enrich.strategic.open_items import LaterDays, terms_of
from whisper_enrich.strategic.scoped import most
from whisper_enrich.strategic.subjects import HEAVY_MOODS, Subject, subjects

MOST_POINTS = 12
SOON = timedelta(days=3)
"""An event so near is worth a word before it."""
PLAN_LAPSES = timedelta(days=14)
"""How long after its day a plan is asked about."""

_MOST_IDS = 5
_DENIED = re.compile(r"\b(?:not|never|no|won't|cannot)\b|n't\b", re.IGNORECASE)
_PLANS = frozenset({Category.PLAN, Category.COMMITMENT, Category.EVENT})


@dataclass(frozen=True, slots=True)
class TalkingPoint:
    """``kind`` is 'outcome', 'request' (a reminder asked for), 'promise_of_bot', 'plan', 'question_to_bot', 'soon',
    'promise_of_user', 'question_to_user' or 'recurring'; ``text`` the sentence or subject; ``said_on`` the user's local day of
    it, ``due`` the day it spoke of. ``gently``: it was said in a heavy mood. ``message_ids`` is its evidence.
    For a recurring subject ``days`` is on how many the user spoke of it, ``known`` what is known of it.
    """

    kind: str
    text: str
    scope: str
    message_ids: tuple[str, ...]
    said_on: date
    due: date | None = None
    gently: bool = False
    days: int = 1
    known: str = ""


def talking_points(history: History, open_items: Sequence[OpenItem]) -> list[TalkingPoint]:
    """At most `MOST_POINTS`, or as many that are shared; the most useful first."""
    today = history.as_of.astimezone(history.zone).date()
    opened = [point for item in open_items if (point := _of_item(history, item, today)) is not None]
    told = {message for point in opened for message in point.message_ids}
    found = [*opened, *_plans(history, today, told)]
    found.sort(key=lambda p: (_ORDER[p.kind], -(p.due or p.said_on).toordinal(), p.text))
    found += [_of_subject(history, one) for one in subjects(history)]
    return most(found, MOST_POINTS, lambda point: point.scope == Scope.DM)


_ORDER = {
    "outcome": 0,
    "request": 1,
    "promise_of_bot": 1,
    "plan": 2,
    "question_to_bot": 3,
    "soon": 4,
    "promise_of_user": 5,
    "question_to_user": 6,
}


def _of_item(history: History, item: OpenItem, today: date) -> TalkingPoint | None:
    """None for what is not to be spoken of yet."""
    kind = item.kind
    if kind == "follow_up":
        # On the day itself nobody knows whether it is over.
        kind = "soon" if item.due is None or item.due >= today else "outcome"
        if item.due is None or item.due > today + SOON:
            return None
    elif item.due is not None and item.due > today:
        return None
    elif kind == "promise_of_bot" and history.turns.from_user[item.turn]:
        kind = "request"
    return TalkingPoint(
        kind=kind,
        text=item.text,
        scope=item.scope.value,
        message_ids=(history.turns.ids[item.turn],),
        said_on=_local_day(history, float(history.turns.at[item.turn])),
        due=item.due,
        gently=int(history.turns.emotion[item.turn]) in HEAVY_MOODS,
    )


def _plans(history: History, today: date, told: set[str]) -> Iterator[TalkingPoint]:
    """Plans whose day has come and of which the user has not spoken since."""
    later = LaterDays(history.day_terms)
    for fact in history.facts:
        day = _plan_day(fact)
        if day is None or not day <= today <= day + PLAN_LAPSES or told & set(fact.message_ids):
            continue
        said_on = _local_day(history, fact.said_at[-1])
        terms = terms_of(fact.statement.replace("{user}", "").replace(history.user_name, ""))
        waiting = OpenItem(-1, "follow_up", fact.statement, terms, day, fact.scope)
        if said_on < day and terms and not later.settle(waiting, said_on):
            statement = fact.statement.replace("{user}", history.user_name)
            yield TalkingPoint("plan", statement, fact.scope.value, fact.message_ids[-_MOST_IDS:], said_on, day)


def _plan_day(fact: KnownFact) -> date | None:
    """The day by which a plan is due: the last of its span. That something is not planned is no plan."""
    if fact.tense != Tense.FUTURE or fact.category not in _PLANS or not fact.said_at or _DENIED.search(fact.statement):
        return None
    return fact.valid_to or fact.valid_from


def _of_subject(history: History, subject: Subject) -> TalkingPoint:
    return TalkingPoint(
        kind="recurring",
        text=subject.label,
        scope=subject.scope.value,
        message_ids=tuple(history.turns.ids[turn] for turn in subject.turns[-_MOST_IDS:]),
        said_on=_local_day(history, float(history.turns.at[subject.turns[-1]])),
        days=subject.days,
        known=subject.statement,
    )


def _local_day(history: History, at: float) -> date:
    return datetime.fromtimestamp(at, tz=UTC).astimezone(history.zone).date()
