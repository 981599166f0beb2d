"""Telling strategic_engagement_opportunities: silence, the best time, what is open, what may be said."""

from __future__ import annotations

from datetime import datetime

from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import DAYS, hours, label_of, moment, number, percent


def engagement(told: Told) -> None:
    """The recommendations, then the numbers that they follow from."""
    told.say(*(told.take("recommendations") or ()))
    _silence(told)
    reach = told.take("reach_out_at")
    told.figure(
        "optimal_timing_hours",
        "write first",
        lambda after: f"{hours(after)} after the last message",
        note=f"at {moment(reach)} UTC" if reach else "",
    )
    told.figure("optimal_engagement_hour", "best hour", lambda hour: f"{hour}:00", note=_zone(told))
    told.figure("optimal_engagement_day", "best day", lambda day: DAYS[int(day)])
    sent = told.take("proactive_sent")
    told.figure(
        "receptivity_score",
        "receptive to being written to",
        percent,
        count=f"{sent or 0} messages that the bot wrote first",
    )
    told.figure("proactive_success_rate", "of them answered", percent)
    told.figure("previous_gap_hours", "pause before the last message", hours)
    shared = told.take("unresolved_shared_count")
    note = "" if shared is None else f"{shared} of them said outside of dms"
    told.figure("unresolved_topic_count", "open questions and promises", note=note)
    told.figure("milestone_count", "milestones")
    _lists(told)
    _presence(told)


def _silence(told: Told) -> None:
    """The formulas of `whisper_enrich.strategic.proactive_engagement`, as of the telling."""
    last, lull = told.take("last_message_at"), told.take("lull")
    silent = None if last is None else max((told.at - datetime.fromisoformat(last)).total_seconds(), 0.0) / 3600.0
    told.figure(
        "last_engagement_gap_hours", "silent for", hours, value=silent, note=f"since {moment(last)} UTC" if last else ""
    )
    told.take("survival_now")
    if not lull or silent is None:
        told.missing("unusual silence", told.why("lull"))
        return
    severity = next((word for word in ("severe", "moderate", "mild") if silent >= lull[f"{word}_after_hours"]), "none")
    survival = (1.0 + (max(silent - lull["offset_hours"], 0.0) / lull["scale_hours"]) ** lull["shape"]) ** -lull["tail"]
    ends = ", ".join(f"{word} after {hours(lull[f'{word}_after_hours'])}" for word in ("mild", "moderate", "severe"))
    model = f"{label_of(lull['family'])}, scale {hours(lull['scale_hours'])}, shape {number(lull['shape'])}"
    note = f"{percent(survival)} of this user's pauses are longer; {ends}; {model}, tail {number(lull['tail'])}"
    told.add("unusual silence", severity, count=f"{lull['gaps']} pauses", note=note)


def _zone(told: Told) -> str:
    presence = told.take("presence") or {}
    known = presence.get("zone_source") != "unknown"
    return f"{presence.get('zone', 'UTC')}" + ("" if known else ", the user's zone is not known")


def _lists(told: Told) -> None:
    told.listing(
        "May be spoken of", ("what", "kind", "said on", "due", "why"), told.take("suggested_topics"),
        lambda t: (t["topic"], label_of(t["kind"]), t.get("said_on") or "", t.get("due") or "", t["why"]),
    )  # fmt: skip
    told.listing(
        "Still open", ("what", "kind", "said", "due"), told.take("open_items"),
        lambda o: (o["text"], label_of(o["kind"]), moment(o["said_at"]), o.get("due") or ""),
    )  # fmt: skip
    told.listing(
        "Milestones", ("what", "#number"), told.take("milestones"), lambda m: (label_of(m["kind"]), number(m["number"]))
    )  # fmt: skip


def _presence(told: Told) -> None:
    found = told.take("presence")
    if not found:
        told.missing("presence by hour", told.why("presence"))
        return
    note = "too few messages of this one"
    if found["source"] == "own":
        note = (
            f"{percent(found['population_share'])} of it is that of all users; spread by {found['spread_hours']:.1f} h, "
            f"half-life {found['half_life_days']:.0f} d"
        )
    whose = "of this user" if found["source"] == "own" else "of all users"
    count = f"{found['messages']} messages on {found['active_days']} days"
    told.add("presence by hour", whose, count=count, note=note)
    if found.get("quiet_hours"):
        told.add("quiet hours", ", ".join(f"{hour}:00" for hour in found["quiet_hours"]))
    week = found["week"]
    told.grid = [week[24 * day : 24 * day + 24] for day in range(7)]
