"""Talking points, milestones and refusals as sentences to the bot, which name the user in the third person.

Every sentence says what it rests on and when that was said, and claims nothing beyond it. What was said in private makes a
sentence private.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.milestones import Milestone
from whisper_enrich.strategic.outreach import Timing, Unasked
from whisper_enrich.strategic.scoped import most, of_dm
from whisper_enrich.strategic.talking_points import TalkingPoint

MOST_SENTENCES = 8

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WHY = {
    "outcome": "announced for a day that has passed; how it went is not known",
    "plan": "a plan whose day has come",
    "promise_of_bot": "the bot promised it",
    "request": "asked of the bot, and not done since as far as is known",
    "question_to_bot": "the bot did not answer it",
    "soon": "announced for these days",
    "promise_of_user": "promised, and not spoken of since",
    "question_to_user": "the bot asked and got no answer",
}
_POINTS = {
    "outcome": 'Ask {name} {gently}how it went, if that has not been told: "{text}" (said on {said}, for {due}).',
    "plan": "The day has come for what was planned: {text} (said on {said}).",
    "promise_of_bot": 'Keep the promise made to {name} on {said}, if that has not been done: "{text}"',
    "request": '{name} asked on {said}, and it has not been done as far as is known: "{text}"',
    "question_to_bot": 'Answer what {name} asked on {said}: "{text}"',
    "soon": '{name} has this ahead for {due}: "{text}" A word before it would be kind.',
    "promise_of_user": '{name} said on {said}: "{text}" Ask about it without pressing.',
    "question_to_user": '{name} did not come to answer this question of {said}: "{text}" Ask again only if it fits.',
    "recurring": "A word about {text} may be welcome. {known} (Spoken of on {days} days of the last month, last on {said}.)",
}
_REFUSALS = {
    "unanswered_before": "Do not reach out: the last {unanswered} unasked messages to {name} got no reply.",
    "gone_too_long": "Do not reach out: {name} has been away for {silent} days; let {name} come back.",
    "comes_back_rarely": "Do not reach out: {name}'s pauses are long by habit.",
    "nothing_to_say": "Do not reach out: nothing is open or due with {name}, so there would be nothing to say.",
    "only_quiet_hours": "Do not reach out: {name} is only here in hours that are kept quiet.",
    "too_few_sessions": "Not enough data to say when {name} is expected back: too few visits so far.",
}
_MILESTONES = {
    "messages": "{name} has written {number} messages here.",
    "months": "The first conversation with {name} was {number} {unit} ago today.",
    "years": "The first conversation with {name} was {number} {unit} ago today.",
    "streak": "{name} has been here {number} days in a row.",
    "birthday": "It is {name}'s birthday today{age}.",
}


def topic(point: TalkingPoint, user_name: str) -> dict[str, Any]:
    """A talking point as it is stored."""
    why = _WHY.get(point.kind) or f"{user_name} spoke of it on {point.days} days of the last month"
    return {
        "topic": point.text,
        "kind": point.kind,
        "why": why,
        "scope": point.scope,
        "message_ids": list(point.message_ids),
        "said_on": point.said_on.isoformat(),
        "due": None if point.due is None else point.due.isoformat(),
    }


def recommendations(
    history: History,
    points: Sequence[TalkingPoint],
    milestones: Sequence[Milestone],
    timing: Timing,
    unasked: Unasked,
) -> list[dict[str, str]]:
    """Sentences as {"text", "scope"}: a birthday, what there is to speak of, other milestones, the best time. A refusal comes
    first, since it overrules the others; missing data come last, since what is open can be taken up whenever the user
    writes. At most `MOST_SENTENCES`, or as many that are shared."""
    name = history.user_name
    marks = [(mark.kind, _spoken(_of_milestone(name, mark), mark.scope)) for mark in milestones]
    found = [sentence for kind, sentence in marks if kind == "birthday"]
    found += [_spoken(_of_point(name, point), point.scope) for point in points]
    found += [sentence for kind, sentence in marks if kind != "birthday"]
    closing = _of_timing(history, timing, unasked)
    refused = timing.at is None and timing.reason != "too_few_sessions"
    told = most(found, MOST_SENTENCES - 1, of_dm)
    return [closing, *told] if refused else [*told, closing]


def _of_point(name: str, point: TalkingPoint) -> str:
    return _POINTS[point.kind].format(
        name=name,
        text=point.text,
        said=written(point.said_on),
        due="" if point.due is None else written(point.due),
        gently="gently " if point.gently else "",
        days=point.days,
        known=_sentence(point.known),
    )


def _of_milestone(name: str, mark: Milestone) -> str:
    singular = mark.number == 1
    unit = mark.kind.removesuffix("s") if singular else mark.kind
    age = f" ({name} turns {mark.number})" if mark.kind == "birthday" and mark.number else ""
    return _MILESTONES[mark.kind].format(name=name, number=mark.number, unit=unit, age=age)


def _of_timing(history: History, timing: Timing, unasked: Unasked) -> dict[str, str]:
    """The best time, or why there is none."""
    if timing.at is None:
        users = history.turns.at[history.turns.from_user]
        silent = int((history.as_of.timestamp() - users.max()) // 86400)
        text = _REFUSALS[timing.reason or ""].format(
            name=history.user_name, unanswered=unasked.unanswered_in_a_row, silent=silent
        )
        return _spoken(text, "shared")
    local = datetime.fromtimestamp(timing.at, tz=UTC).astimezone(history.zone)
    whose = "UTC" if history.zone_source == "unknown" else f"{history.user_name}'s time"
    when = f"{_WEEKDAYS[local.weekday()]}, {written(local.date())}, about {local:%H:%M} {whose}"
    return _spoken(f"If {history.user_name} has not written by then, the best time to reach out is {when}.", "shared")


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?" else f"{text}."


def _spoken(text: str, scope: str) -> dict[str, str]:
    return {"text": text, "scope": scope}


def written(day: date) -> str:
    """A day as "16 January"."""
    return f"{day.day} {_MONTHS[day.month - 1]}"
