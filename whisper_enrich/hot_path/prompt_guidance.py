"""What a bot should do with a user, from the strategic rows: tone and length, what is open, what to bring up again.

As with `prompt_notes`, what a sentence is worth is in points. What a bot has to act on comes first: a birthday today 10, what
is due or promised 8, a silence that is over 6; then tone and length 7; then what makes a talk better: subjects 4, trends 3.
A sentence is only made of what is known, says nothing of how it was computed, and of a stale row as of when it holds. What
time alone makes untrue (that somebody is away, that it is their birthday) is left out where the row is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from whisper_enrich.hot_path.context import (
    Context,
    ConversationPatterns,
    Engagement,
    PersonalityProfile,
    StaleReason,
)
from whisper_enrich.hot_path.guard import MinuteLog
from whisper_enrich.hot_path.prompt_notes import About, Line, Piece, Section
from whisper_enrich.hot_path.prompt_text import around, cut, is_to_be_trusted, on_day, quoted, silence
from whisper_enrich.hot_path.rows import UNREADABLE

_TOPICS = 5
_AT_RISK = 3
_LONGEST_TOPIC = 80
OFTEN_SWITCHING = 5.0
"""Changes of topic in 10 messages of the user: as the deployed bots have it, as is the next."""
INCOHERENT = 0.4


_log = MinuteLog(said="A prompt says less than is known")


def of_strategic(context: Context, about: About) -> Iterator[Line]:
    """One line a piece of advice. An item of another shape than this version writes costs its subject, and is logged."""
    for tell in (_style, _subjects, _moving, _engagement, _memories, _switches, _performance):
        try:
            yield from list(tell(context, about))
        except UNREADABLE as error:
            _log.note(f"what there is on {tell.__name__.strip('_')} could not be read", type(error).__name__)


def _own(section: Section, text: str, worth: float) -> Line:
    return Line(section, (Piece(text, worth),))


_TONES = {"casual": "Keep a casual tone", "formal": "Keep a formal tone"}
_LENGTHS = {"brief": "short answers", "detailed": "answers that go into detail"}
_WRITES = {"brief": "briefly", "detailed": "at length"}


def _style(context: Context, about: About) -> Iterator[Line]:
    profile, patterns = context.personality_profile, context.conversation_patterns or None
    if not profile:
        return
    tone = _TONES.get(profile.formality_level or "")
    length = _length(profile, patterns)
    advice = " and ".join(filter(None, (tone, length and f"{'give' if tone else 'Give'} {length}")))
    manner = _manner(profile)
    since = _last_messages(profile) or about.as_of(profile)
    if advice:
        why = f"; {about.who} {manner}" if manner else ""
        yield _own(Section.HOW, f"{advice}{why}{since}.", 7.0)
    elif manner:
        yield _own(Section.HOW, f"{about.Who} {manner}{since}.", 3.0)
    for item in profile.adaptation_suggestions:
        if not about.hidden(item.get("scope")) and (text := _suggestion(item, about)):
            yield _own(Section.HOW, f"{text}{about.as_of(profile)}.", 5.0)
    if profile.dominant_emotions:
        moods = _listed([about.plain(mood) for mood in profile.dominant_emotions])
        yield _own(Section.KNOWN, f"Mood in messages: mostly {moods}{about.as_of(profile)}.", 2.0)


def _length(profile: PersonalityProfile, patterns: ConversationPatterns | None) -> str | None:
    best = patterns.best_reply_length if patterns is not None else None
    if best and best.get("median_words"):
        return f"answers of about {max(round(best['median_words'] / 5) * 5, 5)} words"
    return _LENGTHS.get(profile.verbosity_level or "")


def _manner(profile: PersonalityProfile) -> str:
    if profile.communication_style:
        style = profile.communication_style
        return f"writes in {'an' if style[:1] in 'aeiou' else 'a'} {style} way"
    how = [
        profile.formality_level if profile.formality_level in _TONES else None,
        _WRITES.get(profile.verbosity_level or ""),
    ]
    kept = [f"{word}ly" if word in _TONES else word for word in how if word]
    return f"writes {' and '.join(kept)}" if kept else ""


def _last_messages(part: PersonalityProfile) -> str:
    return ", going by the last messages" if part.stale_reason is StaleReason.HEURISTIC else ""


_THEN = {
    "reply": "writes back more often then",
    "mood": "is in a better mood then",
    "length": "writes more then",
    "latency": "writes back sooner then",
}


def _suggestion(item: Mapping[str, Any], about: About) -> str:
    """Its advice without the numbers, which come after ": after" (`whisper_enrich.strategic.trait_advice`)."""
    advice, found, _ = str(item.get("text", "")).partition(": after ")
    effect = _THEN.get(str(item.get("outcome")))
    return f"{about.plain(advice)}; {about.who} {effect}" if found and effect else ""


def _subjects(context: Context, about: About) -> Iterator[Line]:
    profile = context.personality_profile
    topics = _topics(profile.primary_topics, about)[:_TOPICS] if profile else []
    if topics:
        yield _own(Section.KNOWN, f"{about.Who} often talks about {_listed(topics)}{about.as_of(profile)}.", 4.0)


def _topics(items: Sequence[Mapping[str, Any]], about: About) -> list[str]:
    """Each once, without what is hidden or gives orders."""
    seen = [str(item["topic"]) for item in items if not about.hidden(item.get("scope"))]
    told = [about.plain(topic).rstrip(".") for topic in seen if is_to_be_trusted(topic)]
    return list(dict.fromkeys(cut(topic, _LONGEST_TOPIC) for topic in told if topic))


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _moving(context: Context, about: About) -> Iterator[Line]:
    patterns = context.conversation_patterns
    if not patterns:
        return
    ways = (
        ("lifts", "{who} is glad to talk about {topics}", 4.0),
        ("lowers", "{topics} weigh on {who}: go gently", 4.5),
    )
    for direction, sentence, worth in ways:
        items = [item for item in patterns.emotional_engagement or () if item.get("direction") == direction]
        topics = _topics(items, about)[:_AT_RISK]
        if topics:
            text = sentence.format(who=about.who, topics=_listed(topics))
            yield _own(Section.HOW, f"{text[:1].upper()}{text[1:]}{about.as_of(patterns)}.", worth)


_OPEN = {
    "outcome": ("Ask how it went, if that has not been told: {text} (told {said}{due}).", 8.0),
    "request": ("Asked of you {said} and, as far as is known, not done: {text}", 8.0),
    "promise_of_bot": ("You promised {said}: {text}", 8.0),
    "question_to_bot": ("{Who} asked {said} and got no answer: {text}", 7.5),
    "plan": ("Its day has come: {text} (told {said}).", 7.0),
    "soon": ("Ahead{due}: {text}", 7.0),
    "promise_of_user": ("{Who} said {said}: {text} Ask without pressing.", 5.0),
    "follow_up": ("Still to come{due}: {text}", 4.0),
    "question_to_user": ("You asked {said} and got no answer: {text} Ask again only where it fits.", 4.0),
    "recurring": ("A word about {topic} may be welcome.", 3.0),
}


def _engagement(context: Context, about: About) -> Iterator[Line]:
    engagement = context.engagement
    if not engagement:
        return
    since = about.as_of(engagement)
    told = set()
    for item in engagement.suggested_topics:
        told.add(item["topic"])
        yield from _open(item, item["topic"], about, since, 1.0)
    for item in engagement.open_items:
        if item["text"] not in told:
            yield from _open(item, item["text"], about, since, 0.8)
    if engagement.is_fresh:
        yield from _away(engagement, about)
        yield from _milestones(engagement, about)


def _open(item: Mapping[str, Any], said: str, about: About, since: str, share: float) -> Iterator[Line]:
    sentence, worth = _OPEN.get(item["kind"], (None, 0.0))
    if sentence is None or about.hidden(item.get("scope")):
        return
    due = _day(item.get("due"))
    text = sentence.format(
        Who=about.Who, text=quoted(about.plain(said)), topic=cut(about.plain(said), _LONGEST_TOPIC),
        said=around(_day(item.get("said_on")) or about.day(datetime.fromisoformat(item["said_at"])), about.today),
        due="" if due is None else _due(due, item["kind"], about),
    )  # fmt: skip
    yield Line(Section.OPEN, (Piece(f"{text}{since}", worth * share, said),))


def _due(day: date, kind: str, about: About) -> str:
    when = on_day(day, about.today)
    return f", for {when.removeprefix('on ')}" if kind == "outcome" else f" {when}"


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


_HOW_LONG = {
    "mild": "longer than is usual",
    "moderate": "much longer than is usual",
    "severe": "very much longer than is usual",
}


def _away(engagement: Engagement, about: About) -> Iterator[Line]:
    """A silence that is unusual for this user; and that the bot should not write first, where that is so."""
    severity = _HOW_LONG.get(engagement.lull_severity or "")
    if not engagement.is_in_lull or severity is None or engagement.hours_since_last_message is None:
        return
    long = silence(engagement.hours_since_last_message)
    yield _own(
        Section.HOW, f"{about.Who} had not written for {long}, {severity}: a word of welcome fits, no reproach.", 6.0
    )
    refusals = [one for one in engagement.recommendations if one.startswith("Do not reach out")]
    if refusals:
        yield _own(
            Section.HOW, f"Unless {about.who} writes: {about.plain(refusals[0][:1].lower() + refusals[0][1:])}", 4.0
        )


_MILESTONES = {
    "birthday": ("It is {whose} birthday today.", 10.0),
    "years": ("The first conversation with {who} was {number} {unit} ago today.", 5.0),
    "months": ("The first conversation with {who} was {number} {unit} ago today.", 4.0),
    "streak": ("{Who} has been here {number} days in a row.", 3.0),
    "messages": ("{Who} has just written the {number}th message here.", 3.0),
}


def _milestones(engagement: Engagement, about: About) -> Iterator[Line]:
    """Those of the day on which they were found."""
    if engagement.computed_at is None or about.day(engagement.computed_at) != about.today:
        return
    for item in engagement.milestones:
        sentence, worth = _MILESTONES.get(item["kind"], (None, 0.0))
        if sentence is None or about.hidden(item.get("scope")):
            continue
        number = item.get("number")
        unit = item["kind"].removesuffix("s") if number == 1 else item["kind"]
        whose = f"{about.who}'s"
        text = sentence.format(who=about.who, Who=about.Who, whose=whose, number=number, unit=unit)
        if item["kind"] == "birthday" and number:
            text = f"{text[:-1]}: {number} years."
        yield _own(Section.HOW, text, worth)


_NAMED, _FACT, _OTHER = range(3)


def _memories(context: Context, about: About) -> Iterator[Line]:
    """What fades first, then what is due to be spoken of again: names and usual subjects, then facts; single words that are
    neither only where there is nothing else."""
    health, behavior = context.memory_health or None, context.memory_behavior or None
    profile = context.personality_profile or None
    fading = [] if health is None else [(m.kind, m.topic, m.scope) for m in health.forgetting_risk_memories]
    due = () if behavior is None else behavior.reinforcement_opportunities
    fading += [(item["kind"], item["topic"], item["scope"]) for item in due if item["due_in_days"] <= 0.0]
    usual = set() if profile is None else {item["topic"] for item in profile.primary_topics}
    ranked: dict[int, list[dict[str, str]]] = {_NAMED: [], _FACT: [], _OTHER: []}
    for kind, topic, scope in fading:
        rank = _FACT if kind == "fact" else _NAMED if kind == "entity" or topic in usual else _OTHER
        ranked[rank].append({"topic": topic, "scope": scope})
    topics = _topics(ranked[_NAMED] + ranked[_FACT] or ranked[_OTHER], about)[:_AT_RISK]
    if topics:
        since = about.as_of(health or behavior)
        yield _own(
            Section.OPEN, f"Not spoken of for a while, worth a word where it fits: {'; '.join(topics)}{since}.", 3.5
        )


def _switches(context: Context, about: About) -> Iterator[Line]:
    switches = context.context_switches
    if not switches:
        return
    since = about.as_of(switches)
    if (switches.switch_frequency or 0.0) > OFTEN_SWITCHING:
        yield _own(Section.HOW, f"{about.Who} changes the subject often: go along{since}.", 3.0)
    if switches.context_coherence_score is not None and switches.context_coherence_score < INCOHERENT:
        yield _own(Section.HOW, f"Talks with {about.who} wander: say what you refer to{since}.", 3.0)
    if not (context.summaries and context.summaries.items):
        latest = _topics(list(reversed(switches.recent_topics)), about)[:_AT_RISK]
        if latest:
            yield _own(Section.KNOWN, f"Lately it was about {_listed(latest)}{since}.", 3.0)


FOR_THE_BOT = (
    "bring up what the users themselves like to talk about", "let more turns end with something that can be answered",
    "take up what was left open or planned the day before", "answer the feeling before the matter",
    "take up the user's words first",
)  # fmt: skip
"""Of the remedies in `whisper_enrich.strategic.performance_words` those that a bot itself can follow."""


def _performance(context: Context, about: About) -> Iterator[Line]:
    performance = context.character_performance
    if not performance:
        return
    since = about.as_of(performance)
    if performance.quality_trend == "declining":
        yield _own(Section.HOW, f"Talks with {about.who} have been going less well: take more care{since}.", 4.0)
    remedies = [one for sentence in performance.recommendations for one in FOR_THE_BOT if one in sentence]
    if performance.engagement_trend == "declining":
        remedies.append(FOR_THE_BOT[0])
    for remedy in dict.fromkeys(remedies):
        text = remedy.replace("the users themselves like", f"{about.who} likes").replace("the user's", f"{about.who}'s")
        yield _own(Section.HOW, f"{text[:1].upper()}{text[1:]}{since}.", 4.0)
