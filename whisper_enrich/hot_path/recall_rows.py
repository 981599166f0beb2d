"""From the rows of `recall_queries` to a `Recall`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from whisper_enrich.hot_path import freshness, queries
from whisper_enrich.hot_path.context import Absence, Freshness, StaleReason
from whisper_enrich.hot_path.recall_model import Digest, FoundFact, FoundSummary, Recall
from whisper_enrich.hot_path.recall_queries import DIGEST, FACT, LISTS, WINDOW
from whisper_enrich.hot_path.rows import Request, confidence_now, state_of
from whisper_enrich.hot_path.time_phrases import Understood
from whisper_enrich.text.words import any_of

FUSION_K = 10
"""The 60 of the literature is for lists of a thousand: in lists of 20 it would make being in two of them count for more than
any rank."""
WEIGHTS = {"meaning": 0.5}
"""A list counts once unless it is here. What is near a question in meaning need not answer it; what has its words does more
often."""

_LEAP_YEAR = 2000
_EVENT = re.compile(
    r"\b"
    + any_of(
        "wedding | engagement | anniversary | trip | holiday | vacation | party | concert | exam | interview | surgery | "
        "operation | graduation | move | funeral | marathon | flight | conference | festival | appointment"
    )
    + r"\b",
    re.IGNORECASE,
)


def anchors_of(row: Sequence[Any]) -> dict[str, date]:
    """Days of the person's life by name, from a row of `anchors_query`; of several of one name the one told last.

    Birthdays without a year are in a leap year, so that every one has its day.
    """
    text = row[len(queries.STATE)] if row else None
    anchors: dict[str, date] = {}
    for attribute, value, content, valid_from, valid_to in json.loads(text) if text else ():
        if attribute == "birthday":
            anchors["birthday"] = date.fromisoformat(value if len(value) > len("MM-DD") else f"{_LEAP_YEAR}-{value}")
        elif attribute == "relationship_status" and value == "married":
            anchors["wedding"] = date.fromisoformat(valid_from)
        elif valid_from == valid_to and (event := _EVENT.search(content)):
            anchors[event[0].lower()] = date.fromisoformat(valid_from)
    return anchors


def recall_of(row: Sequence[Any], request: Request, understood: Understood, limit: int) -> Recall:
    """The best of a row of `recall_query`."""
    state = state_of(row)
    lists = {
        name: json.loads(text) if text else [] for name, text in zip(LISTS, row[len(queries.STATE) :], strict=True)
    }
    waiting = [at for at in (state.summaries_waiting_at, state.facts_waiting_at) if at is not None]
    fresh, reason = freshness.of_stage(state, request.moment, waiting_since=min(waiting, default=None))
    windows = {name: [dict(zip(WINDOW, values, strict=True)) for values in lists[name]] for name in LISTS[:3]}
    facts = {
        name.removeprefix("facts_"): [_aged(values, request.moment.now) for values in lists[name]]
        for name in ("facts_time", "facts_words")
    }
    facts["time"].sort(key=lambda fact: -fact["confidence"])
    return Recall(
        understood=understood,
        digests=tuple(_digest(dict(zip(DIGEST, values, strict=True))) for values in lists["digests"]),
        summaries=tuple(_summary(*each) for each in fused(windows, lambda window: window["id"], limit)),
        facts=tuple(_fact(*each) for each in fused(facts, lambda fact: fact["content"], limit)),
        computed_at=None, read_up_to=state.summaries_read_at, freshness=fresh, stale_reason=reason,
    )  # fmt: skip


def nothing(understood: Understood, why: Absence) -> Recall:
    """The answer without a database."""
    return Recall(
        understood=understood, missing=why, computed_at=None, read_up_to=None, freshness=Freshness.STALE,
        stale_reason=StaleReason.UNREACHABLE,
    )  # fmt: skip


Found = Mapping[str, Any]


def fused(
    lists: Mapping[str, Sequence[Found]], key: Callable[[Found], Hashable], limit: int
) -> list[tuple[Found, float, tuple[str, ...]]]:
    """The best of several rankings, each with the sum of weight / (10 + rank) and the names of the lists that it is in.

    Of equals the one that comes first in the earlier list is first.
    """
    first: dict[Hashable, Found] = {}
    scores: dict[Hashable, float] = {}
    names: dict[Hashable, list[str]] = {}
    for name, items in lists.items():
        for rank, item in enumerate(items, 1):
            which = key(item)
            first.setdefault(which, item)
            scores[which] = scores.get(which, 0.0) + WEIGHTS.get(name, 1.0) / (FUSION_K + rank)
            names.setdefault(which, []).append(name)
    best = sorted(scores, key=lambda which: -scores[which])[:limit]
    return [(first[which], scores[which], tuple(names[which])) for which in best]


def _aged(values: Sequence[Any], now: datetime) -> dict[str, Any]:
    """A fact of a row, as sure as it is at the moment of reading; one of the past ages no more."""
    fact = dict(zip(FACT, values, strict=True))
    return fact | {"confidence": confidence_now(fact | {"last_said_at": fact["evidence_at"]}, now)}


def _summary(row: Found, score: float, found_by: tuple[str, ...]) -> FoundSummary:
    return FoundSummary(
        id=row["id"], text=row["text"], start=_utc(row["start"]), end=_utc(row["end"]),
        message_count=row["message_count"], topics=tuple(row["topics"] or ()), tone=row["tone"],
        confidence=row["confidence"], state=row["state"], scope=row["scope"], message_ids=tuple(row["message_ids"]),
        score=score, found_by=found_by,
    )  # fmt: skip


def _fact(row: Found, score: float, found_by: tuple[str, ...]) -> FoundFact:
    return FoundFact(
        content=row["content"], category=row["category"], first_said_at=datetime.fromisoformat(row["first_said_at"]),
        last_said_at=datetime.fromisoformat(row["last_said_at"]), valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]), current=row["current"], confidence=row["confidence"], scope=row["scope"],
        message_ids=tuple(row["message_ids"]), score=score, found_by=found_by,
    )  # fmt: skip


def _digest(row: Found) -> Digest:
    return Digest(
        period=row["period"], start=date.fromisoformat(row["start"]), end=date.fromisoformat(row["end"]),
        text=row["text"], topics=tuple(row["topics"]), tone=row["tone"], message_count=row["message_count"],
        state=row["state"], scope=row["scope"],
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _utc(text: str) -> datetime:
    """Of a column without a zone, which is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
