"""Telling strategic_conversation_patterns: topics and their changes, and how a user talks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import (
    DAYS,
    UNKNOWN,
    between,
    compact,
    label_of,
    moment,
    number,
    percent,
    reason,
    signed,
)


def patterns(told: Told) -> None:
    """Switches of topic, then questions, lengths, openings, times, depth, changes."""
    _switches(told)
    _questions(told)
    _lengths(told)
    _openings(told)
    _times(told)
    depth = told.take("depth_preferred")
    if depth:
        told.add(
            "depth of conversations",
            depth["level"],
            count=f"{depth['sessions']} conversations",
            note=f"turns: {_spread(depth.get('turns_per_session'))}",
        )
        told.add("words a message", _spread(depth.get("words_per_message")))
        _share(told, "stays with a topic", depth.get("follow_up"))
    else:
        told.missing("depth of conversations", told.why("depth_preferred"))
    told.figure(
        "best_reply_length",
        "best length of a reply",
        lambda best: f"{best['from']} to {best['to']} characters",
        note=_best(told.take("best_reply_length")),
    )
    _evolution(told)
    _topics(told)


def _likelihood(told: Told) -> float | None:
    """Half an hour after the last turn a new conversation begins; `likelihood_parameters` has both values."""
    found = told.take("likelihood_parameters")
    if not found or not found.get("last_at"):
        return None
    pause = (told.at - datetime.fromisoformat(found["last_at"])).total_seconds()
    return found["after_pause"] if pause > found["pause_seconds"] else found["within_session"]


def _switches(told: Told) -> None:
    ways = told.take("switch_patterns") or {}
    spent = told.take("conversation_hours")
    over = "" if spent is None else f"{number(spent)} h of conversation"
    told.figure("context_switch_frequency", "changes of topic an hour", number, count=over)
    told.figure("switch_frequency", "changes in 10 of the user's messages", number)
    told.figure("switch_count", "changes of topic", note=compact(ways) if ways else "")
    told.figure("abrupt_switch_rate", "of them abrupt", percent)
    told.figure("avg_topic_duration_minutes", "time on a topic", lambda minutes: f"{minutes:.1f} min")
    told.figure(
        "predicted_switch_likelihood", "likely to change with the next turn", percent, value=_likelihood(told), note="as of now"
    )  # fmt: skip
    told.figure(
        "context_coherence_score", "coherence", number, note=f"by {told.take('coherence_source') or 'what is known'}"
    )
    columns = ("topic", "from", "#minutes", "#turns", "began", "words")
    told.listing("Last topics", columns, list(reversed(told.take("recent_topics") or ())), _topic)
    told.listing(
        "Time by topic", ("topic", "#minutes", "#times", "#minutes a time"), told.take("duration_by_topic"),
        lambda t: (t["topic"], number(t["minutes"]), number(t["runs"]), number(t["average_minutes"])),
    )  # fmt: skip
    told.take("topic_transition_graph")
    graph = (told.take("topic_transition_graph") or {}).get("edges")
    told.take("common_transitions")
    told.listing(
        "What leads to what", ("from", "to", "#times", "#share", "#abrupt"), graph,
        lambda e: (e["from"], e["to"], number(e["count"]), percent(e["probability"]), number(e["abrupt"])),
    )  # fmt: skip


def _topic(found: Mapping[str, Any]) -> tuple[str, ...]:
    began = {True: "bridged", False: "abruptly"}.get(found.get("bridged"), "a conversation")
    return (
        found["topic"] or "(no telling word)", moment(found["start_time"]), number(found["minutes"]),
        number(found["turns"]), began, ", ".join(found.get("terms") or ()),
    )  # fmt: skip


def _share(told: Told, label: str, found: Mapping[str, Any] | None, count: str = "", note: str = "") -> None:
    if found is None or found.get("share") is None:
        told.missing(label, note or "nothing to take a share of", count=count)
        return
    told.add(
        label,
        percent(found["share"]),
        interval=between((found.get("low"), found.get("high")), percent),
        count=count,
        note=note,
    )


def _spread(found: Mapping[str, float] | None) -> str:
    """The median, the quartiles and the mean."""
    if not found:
        return UNKNOWN
    quartiles = f"{number(found['lower_quartile'], 1)} to {number(found['upper_quartile'], 1)}"
    return f"{number(found['median'], 1)} (half of them {quartiles}, mean {found['mean']:.1f})"


def _questions(told: Told) -> None:
    found = told.take("question_patterns")
    if not found:
        told.missing("questions", told.why("question_patterns"))
        return
    for side, whose in ((found, "the user"), (found.get("bot") or {}, "the bot")):
        kinds = {kind: one["count"] for kind, one in (side.get("by_kind") or {}).items() if one["count"]}
        note = ", ".join(f"{label_of(kind)} {count}" for kind, count in kinds.items())
        _share(told, f"{whose} asks", side.get("question_frequency"), f"{side.get('messages', 0)} messages", note)


def _lengths(told: Told) -> None:
    found = told.take("length_patterns")
    if not found:
        told.missing("lengths", told.why("length_patterns"))
        return
    told.add("characters of the user", _spread(found.get("characters")), count=f"{found['messages']} messages")
    told.add("words of the user", _spread(found.get("words")))
    told.add("characters of the bot", _spread(found.get("bot_characters")))
    _changed(told, "length of messages, trend", found.get("trend"), "points")


def _changed(told: Told, label: str, found: Mapping[str, Any] | None, counted: str = "") -> None:
    """A direction with its change, interval and p; or why there is none."""
    if not found:
        return
    interval = between((found.get("low"), found.get("high")))
    count = f"{found[counted]} days" if counted and found.get(counted) is not None else ""
    parts = [f"change {number(found['change'])}"] if found.get("change") is not None else []
    parts += [f"p = {found['p']:.2f}"] if found.get("p") is not None else []
    if found.get("direction") is None:
        told.missing(label, "; ".join([reason(found.get("reason")), *parts]), interval=interval, count=count)
        return
    told.add(label, found["direction"], interval=interval, count=count, note=", ".join(parts))


def _openings(told: Told) -> None:
    found = told.take("initiation_patterns")
    if not found:
        told.missing("openings", told.why("initiation_patterns"))
        return
    _share(
        told,
        "the user opens",
        found.get("by_user"),
        f"{found['sessions']} conversations",
        f"the bot opens {found['by_bot']}",
    )
    if found.get("usual"):
        told.add("usual opening", label_of(found["usual"]))
    else:
        told.missing("usual opening", reason(found.get("reason")))
    for kind, one in (found.get("kinds") or {}).items():
        _share(told, f"  opens with {label_of(kind)}", one, f"{one['count']}")
    _share(told, "opens by asking", found.get("by_asking"))


def _times(told: Told) -> None:
    found = told.take("temporal_patterns")
    if not found:
        told.missing("times", told.why("temporal_patterns"))
        return
    source = "not known of the user" if found["zone_source"] == "unknown" else found["zone_source"]
    told.add("time zone of these hours", f"{found['zone']} ({source})")
    by_hour = " ".join(f"{hour}:{count}" for hour, count in enumerate(found["messages_by_hour"]) if count)
    told.add("messages by hour", by_hour)
    active = f"days with messages: {_by_day(found['active_days_by_weekday'])}"
    told.add("messages by day", _by_day(found["messages_by_weekday"]), note=active)
    if found.get("mean_hour") is None:
        told.missing("opens at about", reason(found.get("mean_hour_reason")))
    else:
        at = f"{int(found['mean_hour'])}:{int(found['mean_hour'] % 1 * 60):02d}"
        told.add("opens at about", at, note=f"concentration {found['concentration']:.2f} of 1")
    told.add("preferred hours", ", ".join(f"{hour}:00" for hour in found.get("preferred_hours") or ()) or "none")
    count = f"{found['active_days']} of {number(found['days'])} days"
    told.add(
        "comes by",
        found.get("interaction_pattern") or UNKNOWN,
        count=count,
        note=reason(found.get("interaction_reason")),
    )
    if found.get("sessions_per_week") is not None:
        note = f"on {number(found['active_days_per_week'], 1)} days a week"
        count = f"{found['sessions']} conversations"
        told.add("conversations a week", number(found["sessions_per_week"], 1), count=count, note=note)


def _by_day(counts: Sequence[int]) -> str:
    return ", ".join(f"{day[:3]} {count}" for day, count in zip(DAYS, counts, strict=True))


def _best(found: Mapping[str, Any] | None) -> str:
    return "" if not found else compact({name: value for name, value in found.items() if name not in ("from", "to")})


def _evolution(told: Told) -> None:
    found = told.take("style_evolution")
    if not found:
        told.missing("changes of style", told.why("style_evolution"))
        return
    early, late = found["early"], found["late"]
    told.add(
        "halves compared",
        f"until {early['until']}, since {late['since']}",
        count=f"{early['messages']} and {late['messages']} messages",
    )
    for name, label in (
        ("length", "length, later half"),
        ("questions", "questions, later half"),
        ("mood", "mood, later half"),
    ):
        _changed(told, label, found.get(name))
    halves = [{"month": "earlier half", **early}, {"month": "later half", **late}]
    columns = ("month", "#messages", "#median characters", "#asks", "#mood")
    told.listing("By month", columns, [*halves, *(found.get("months") or ())], _month)


def _month(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["month"], number(found["messages"]), number(found["median_characters"], 0),
        percent(found["question_share"]), signed(found["mean_valence"]),
    )  # fmt: skip


def _topics(told: Told) -> None:
    found = told.take("topic_patterns") or {}
    columns = ("topic", "#days", "#messages", "last", "#mood")
    why = told.why("topic_patterns") or "none"
    told.listing("Talks of most", columns, found.get("most_discussed"), _discussed, empty=why)
    told.listing(
        "Moves this user", ("topic", "how"), told.take("emotional_engagement"),
        lambda t: (t["topic"], compact({name: value for name, value in t.items() if name not in ("topic", "scope")})),
        empty=told.why("emotional_engagement") or "none",
    )  # fmt: skip


def _discussed(found: Mapping[str, Any]) -> tuple[str, ...]:
    last = moment(found["last_at"])
    return (found["topic"], number(found["days"]), number(found["messages"]), last, signed(found.get("valence")))
