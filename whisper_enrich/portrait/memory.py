"""Telling strategic_memory_health and strategic_memory_behavior."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import between, hours, label_of, moment, number, percent

_SOURCE = {
    "observed": "retrievals that the platform counted",
    "unobserved": "mentions in the conversation: the platform counts no retrievals",
}
_COLUMNS = ("memory", "kind", "#times", "last named", "#chance now", "#in 7 d", "#stability")


def _left(item: Mapping[str, Any], at: datetime, days: float = 0.0) -> float:
    """Retrievability ``days`` after ``at``, by the formula that comes with the item."""
    idle = (at - datetime.fromisoformat(item["last_at"])).total_seconds() / 86_400.0 + days
    return float((1.0 + item["factor"] * max(idle, 0.0) / item["stability_days"]) ** -item["decay"])


def _cells(at: datetime):
    def cells(item: Mapping[str, Any]) -> tuple[str, ...]:
        return (
            item["topic"], item["kind"], number(item["times"]), moment(item["last_at"]), percent(_left(item, at)),
            percent(_left(item, at, 7.0)), f"{item['stability_days']:.1f} d",
        )  # fmt: skip

    return cells


def health(told: Told) -> None:
    """Ages, trend, drift, the memories at risk, the freshest and the stalest."""
    count = told.take("memory_count") or 0
    of = f"{count} memories"
    ages = told.take("age_parameters")
    average = None if not ages else (told.at.timestamp() - ages["sum_last_at"] / ages["count"]) / 3600.0
    told.figure(
        "avg_memory_age_hours", "average age of a memory", hours, value=average, count=of, note="since last named"
    )
    snapshot = told.take("memory_snapshot") or {}
    if snapshot.get("mean_retrievability") is not None:
        told.add("average chance to come to mind", percent(snapshot["mean_retrievability"]), count=of)
    _trend(told)
    _drift(told)
    told.figure("retrieval", "read from", lambda word: _SOURCE.get(word, word))
    risk = told.take("forgetting_risk_memories")
    told.listing("At risk of being forgotten", (*_COLUMNS, "why"), risk, lambda i: (*_cells(told.at)(i), i["why"]))
    for name in ("freshest", "stalest"):
        told.listing(name.capitalize(), _COLUMNS, snapshot.get(name), _cells(told.at))


def _trend(told: Told) -> None:
    test = told.take("trend_test")
    label, note, interval, count = "trend of mentions", "", "", ""
    if test:
        count = f"{number(test['later'])} in {number(test['later_days'])} d"
        note = f"before: {number(test['earlier'])} in {number(test['earlier_days'])} d"
        interval = between((test.get("low"), test.get("high")))
    if test and test.get("ratio") is not None:
        note += f"; {test['ratio']:.1f} times that rate, p = {test['p']:.2f}"
    if told.take("retrieval_frequency_trend") is None and note:
        told.missing(label, f"{told.why('retrieval_frequency_trend')}; {note}", interval=interval, count=count)
        return
    told.figure("retrieval_frequency_trend", label, interval=interval, count=count, note=note)


def _drift(told: Told) -> None:
    drift = told.take("topic_drift")
    if not drift or drift.get("jensen_shannon") is None:
        told.missing("drift of topics, last week", told.why("topic_drift"))
    else:
        told.add(
            "drift of topics, last week", f"{drift['jensen_shannon']:.2f}",
            count=f"{drift['mentions_recent']} and {drift['mentions_earlier']} mentions",
            note=f"0 the same, 1 none shared; {drift['expected_without_change']:.2f} without any change, p = {drift['p']:.2f}",
        )  # fmt: skip
    if drift and drift.get("cosine_distance") is not None:
        told.add("drift by meaning", f"{drift['cosine_distance']:.2f}", note="cosine distance of the message vectors")


def behavior(told: Told) -> None:
    """The fitted curve, recall, spacing, when to bring a memory up again."""
    params = told.take("forgetting_curve_params") or {}
    told.say(told.take("recall_strategy"))
    if params:
        told.add(
            "decay of the forgetting curve", number(params["decay"]),
            interval=between((params["decay_low"], params["decay_high"])),
            count=f"{params['named_again_count']} returns in {params['chances']} chances",
            note=f"{params['population_decay']:.2f} over all users; {params['formula']}",
        )  # fmt: skip
        told.figure("confidence", "share of it that is this user's own", percent, note="the rest is that of all users")
        typical = params.get("typical_stability_days")
        if typical is not None:
            told.add(
                "stability of a typical memory",
                f"{typical:.1f} d",
                note="the median of those named in two conversations or more",
            )
        told.add("what makes a topic return", "", note=_activation(params.get("activation") or {}))
    told.figure("retention_baseline", "chance after 7 days", percent, note="of a typical memory")
    told.figure("decay_rate", "lost a day, over 7 days", percent)
    told.figure(
        "optimal_recall_days",
        "bring up again after",
        lambda days: f"{days:.0f} d",
        note="when the chance is down to 90%",
    )
    _recall(told)
    _spacing(told)
    told.figure("reinforced_topic_count", "topics named again")
    told.figure("total_retrieval_count", "times something was named again")
    told.figure("avg_retrieval_interval_days", "days between mentions", lambda days: f"{days:.1f} d")
    told.figure("retrieval", "read from", lambda word: _SOURCE.get(word, word))
    _lists(told)


def _activation(found: Mapping[str, Any]) -> str:
    clear = [name for name, one in found.items() if name != "intercept" and (one["low"] > 0 or one["high"] < 0)]
    told = [f"{label_of(name)} {between((found[name]['low'], found[name]['high']))}" for name in clear]
    others = len(found) - len(clear) - (1 if "intercept" in found else 0)
    return (", ".join(told) or "nothing clearly") + f"; {others} further parts are not clear of 0"


def _recall(told: Told) -> None:
    simulated = told.take("recall_simulation") or {}
    note = "0.5 is chance, 1 all foretold"
    if simulated.get("brier_skill") is not None:
        note += f"; {simulated['brier_skill']:+.1%} against the average (Brier's score {simulated['brier']:.3f})"
    count = f"{simulated['returns']} returns in {simulated['forecasts']} forecasts" if simulated else ""
    told.figure("recall_simulation_score", "simulated recall", number, count=count, note=note)


def _spacing(told: Told) -> None:
    found = told.take("spaced_repetition")
    if not found:
        told.missing("effect of spacing", told.why("spaced_repetition"))
        return
    told.add(
        "effect of spacing", f"{found['difference']:+.0%}", interval=between((found["low"], found["high"]), percent),
        count=f"{found['n']['spaced']} spaced, {found['n']['massed']} massed",
        note=f"came back within {found['within_days']} d: {percent(found['came_back_spaced'])} of the spaced, "
        f"{percent(found['came_back_massed'])} of the massed; p = {found['p']:.2f}",
    )  # fmt: skip


def _lists(told: Told) -> None:
    due = told.take("reinforcement_opportunities")
    told.listing(
        "Due to be brought up again", ("memory", "kind", "due", "#chance now", "last named"), due,
        lambda i: (i["topic"], i["kind"], moment(i["due_at"]), percent(_left(i, told.at)), moment(i["last_at"])),
    )  # fmt: skip
    told.listing("Well kept", _COLUMNS, told.take("high_retention_memories"), _cells(told.at))
    told.listing("Faded", _COLUMNS, told.take("low_retention_memories"), _cells(told.at))
    became = told.take("consolidation")
    if became:
        for name in ("strengthened", "faded", "returned"):
            told.add(
                f"{name} in {became['days']} days", number(became[f"{name}_count"]),
                count=f"of {became['known_before']} known before",
            )  # fmt: skip
            if became[name]:
                told.listing(f"{name.capitalize()} in {became['days']} days", _COLUMNS, became[name], _cells(told.at))
