"""Putting a portrait together from what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from whisper_enrich.facts.ageing import Aged, confidence_at
from whisper_enrich.portrait.engagement import engagement
from whisper_enrich.portrait.memory import behavior, health
from whisper_enrich.portrait.model import Item, Listing, Portrait, Section
from whisper_enrich.portrait.patterns import patterns
from whisper_enrich.portrait.performance import performance
from whisper_enrich.portrait.profile import profile
from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import counted, hours, moment, span
from whisper_enrich.storage.portraits import SummaryRow, Who
from whisper_enrich.storage.strategic_rows import StoredRow
from whisper_enrich.strategic.engines import ENGINE_VERSION
from whisper_enrich.strategic.history import KnownFact

CACHES: dict[str, tuple[str, Callable[[Told], None]]] = {
    "strategic_engagement_opportunities": ("When and about what to write", engagement),
    "strategic_personality_profiles": ("Style, and the bot's traits", profile),
    "strategic_conversation_patterns": ("How they talk", patterns),
    "strategic_memory_health": ("What is still in mind", health),
    "strategic_memory_behavior": ("How they come back to things", behavior),
    "strategic_character_performance": ("How the bot does with them", performance),
}
"""By cache, its title and who tells it, in the order of the portrait."""

_ZONES = {
    "profile": "as set in the profile", "platform": "as the platform says", "inferred": "from where they live",
    "unknown": "not known: UTC is assumed",
}  # fmt: skip


def readable(value: Any, *, private: bool) -> Any:
    """A plain value without the items that a dm alone supports, at any depth; with ``private`` as it is.

    The views of the bots leave out the same.
    """
    if private:
        return value
    if isinstance(value, Mapping):
        return {name: readable(item, private=False) for name, item in value.items() if not _is_private(item)}
    if isinstance(value, (list, tuple)):
        return [readable(item, private=False) for item in value if not _is_private(item)]
    return value


def _is_private(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("scope") == "dm"


@dataclass(frozen=True)
class Known:
    """All that is stored of a person, before anything is left out. ``at`` is now, or the end of the day asked for."""

    who: Who
    facts: Sequence[KnownFact]
    summaries: Sequence[SummaryRow]
    rows: Mapping[str, StoredRow]
    at: datetime
    day: date | None = None


def drawable(known: Known, *, private: bool) -> dict[str, dict[str, Any]]:
    """By cache, the values that may be shown, of the engine version in force."""
    return {
        cache: readable(row.values, private=private)
        for cache, row in known.rows.items()
        if row.engine_version == ENGINE_VERSION
    }


def portrait_of(known: Known, *, private: bool = True) -> Portrait:
    """Everything that is known, in words; without ``private`` nothing that was said in a dm alone."""
    who = known.who
    sections = [_facts(known, private), _summaries(known, private)]
    for cache, (title, tell) in CACHES.items():
        row = known.rows.get(cache)
        if row is None:
            sections.append(Section(title, _absent(known), False, cache))
            continue
        told = Told(readable(row.values, private=private), row.reasons, known.at)
        # Fields of another engine version may mean something else: they are told as they are.
        if row.engine_version == ENGINE_VERSION:
            tell(told)
        state, fresh = _state(row, known)
        sections.append(
            Section(
                title, state, fresh, cache, told.sentences, told.figures, told.listings, told.grid, tuple(told.rest())
            )
        )
    as_of = f"{moment(known.at)} UTC" if known.day is None else f"the end of {known.day}"
    return Portrait(who.name, who.bot_called, as_of, _lines(known, private), sections)


_SAME_TURN = timedelta(seconds=1)
"""The platform stamps an answer a millisecond after its question."""


def _absent(known: Known) -> str:
    if known.day is not None:
        return f"there is no snapshot of {known.day} or before"
    return "not computed yet: it comes with the next run of the bot"


def _state(row: StoredRow, known: Known) -> tuple[str, bool | None]:
    """How fresh a row is, and what it was made from."""
    read = (
        f"from {counted(row.messages_read, 'message')} up to {moment(row.read_up_to)} UTC, engine {row.engine_version}"
    )
    if row.day is not None:
        return f"snapshot of {row.day}, {read}", None
    computed = f"computed {moment(row.computed_at)}"
    behind = known.who.last_at is not None and known.who.last_at - row.read_up_to > _SAME_TURN
    until = row.fresh_until
    if until is not None and until > known.at:
        waiting = "; newer messages are not in it yet" if behind else ""
        return f"fresh until {moment(until)} UTC; {computed}, {read}{waiting}", True
    if until == row.silent_from:
        why = "the worker has given no sign of life since"
    elif behind or until != row.expires_at:
        why = "there are newer messages"
    else:
        why = "its time is over"
    return f"stale since {moment(until)} UTC: {why}; {computed}, {read}", False


def _lines(known: Known, private: bool) -> list[str]:
    who = known.who
    lines = [f"{who.name} with {who.bot_called}", f"user {who.user_id}, bot {who.bot_name}"]
    zone, source = _zone(known)
    lines.append(f"time zone: {zone}, {_ZONES.get(source, source)}")
    lines.append(f"{counted(who.messages, 'message')}, {who.own_messages} of them by the user")
    if who.first_at is not None and who.last_at is not None:
        ago = hours(max((known.at - who.last_at).total_seconds(), 0.0) / 3600.0)
        lines.append(f"first {moment(who.first_at)}, last {moment(who.last_at)} UTC, {ago} before")
    if not private:
        lines.append("without what was said in a dm alone")
    return lines


def _zone(known: Known) -> tuple[str, str]:
    """As the caches were computed with; else from the profile."""
    row = known.rows.get("strategic_engagement_opportunities")
    presence = (row.values.get("presence") if row else None) or {}
    if presence.get("zone"):
        return presence["zone"], presence.get("zone_source", "unknown")
    return (known.who.zone, "profile") if known.who.zone else ("UTC", "unknown")


def _facts(known: Known, private: bool) -> Section:
    items = []
    for fact in known.facts:
        if fact.scope == "dm" and not private:
            continue
        last = datetime.fromtimestamp(fact.said_at[-1], UTC)
        aged = Aged(fact.attribute, fact.category, fact.tense, fact.confidence, last, fact.valid_from)
        planned = f"(plan) {fact.statement}" if fact.tense == "future" else fact.statement
        items.append(
            Item(
                (
                    planned, fact.category, f"{confidence_at(aged, known.at):.2f}", moment(last),
                    f"{len(fact.message_ids)}", span(fact.valid_from, fact.valid_to),
                ),
                fact.scope == "dm", fact.message_ids,
            )
        )  # fmt: skip
    columns = ("fact", "category", "#confidence", "last said", "#times", "held")
    return Section("Facts", listings=[Listing("", columns, items, "nothing is known")])


def _window(one: SummaryRow) -> str:
    """A whole day by its date."""
    return (
        f"{one.start:%Y-%m-%d}"
        if one.end - one.start == timedelta(days=1)
        else f"{moment(one.start)} to {one.end:%H:%M}"
    )


_STATES = {"provisional": "stands in until the model is asked again", "degraded": "stands in, since the model failed"}


def _summaries(known: Known, private: bool) -> Section:
    items = []
    for one in known.summaries:
        if one.scope == "dm" and not private:
            continue
        notes = [
            f"{title}: {'; '.join(entries)}"
            for title, entries in (
                ("topics", one.topics), ("decisions", one.decisions), ("open questions", one.open_questions),
            )
            if entries
        ]  # fmt: skip
        notes += [_STATES[one.state]] if one.state in _STATES else []
        confidence = "" if one.confidence is None else f"{one.confidence:.2f}"
        said = "\n".join([one.summary, *notes])
        items.append(
            Item(
                (_window(one), said, f"{one.messages}", one.tone or "", confidence),
                one.scope == "dm", one.message_ids,
            )
        )  # fmt: skip
    columns = ("window (UTC)", "summary", "#messages", "tone", "#confidence")
    return Section("Last summaries", listings=[Listing("", columns, items, "there is none yet")])
