"""The extractive facts on the sample conversations, against the hand-made gold list.

    python benchmarks/facts_sample.py [--show missed|tempted|extra] [--limit N]

Found: a gold fact whose quote overlaps the evidence of at least one assertion of the same message. Turn precision: of the
user messages with an assertion, the share that carries gold (the gold notes what a careful reader would, so a message
without gold may still say something true). Tempted: an assertion whose words are mostly those of a statement that a careless
system would store from that message (content stems, Jaccard of at least one half).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from datetime import UTC, date, datetime

from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.facts.model import Assertion, Outcome
from whisper_enrich.messages.model import Disposition, Message, Speaker
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.sample.conversations import sample_expectations, sample_gold, sample_points
from whisper_enrich.summaries.vocabulary import content_stems, words

ANCHOR = datetime(2026, 1, 25, 12, tzinfo=UTC)


def user_messages() -> dict[tuple[str, str], Message]:
    """The user's words by (bot, point), single points before the pairs that repeat them."""
    found: dict[tuple[str, str], Message] = {}
    for bot, points in sample_points(ANCHOR).items():
        for point in points:
            parsed = parse_point(bot, point, now=ANCHOR, first_day=date(2025, 1, 1))
            if parsed.disposition is Disposition.CONVERSATION:
                found |= {(bot, m.point_id): m for m in parsed.messages if m.speaker is Speaker.USER}
    return found


def overlaps(message: Message, quote: str, assertion: Assertion) -> bool:
    """Whether the assertion rests on some of the quoted words."""
    start = message.text.find(quote)
    return start >= 0 and assertion.evidence.start < start + len(quote) and start < assertion.evidence.end


def stems(statement: str) -> set[str]:
    return set(content_stems(words(statement.replace("{user}", "")), frozenset()))


def same_words(a: str, b: str) -> float:
    """Jaccard of the content stems."""
    one, other = stems(a), stems(b)
    return len(one & other) / max(1, len(one | other))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=("missed", "tempted", "extra"))
    parser.add_argument("--limit", type=int, default=40)
    options = parser.parse_args()
    messages = user_messages()
    extractions = {key: extract(message) for key, message in messages.items()}
    gold = sample_gold(ANCHOR)
    by_message = defaultdict(list)
    for fact in gold:
        by_message[fact.bot, fact.point_id].append(fact)
    missed = [
        fact
        for fact in gold
        if (fact.bot, fact.point_id) not in messages
        or not any(
            overlaps(messages[fact.bot, fact.point_id], fact.quote, a)
            for a in extractions[fact.bot, fact.point_id].assertions
        )
    ]
    uncovered = {key for key, e in extractions.items() if e.outcome is Outcome.NOT_COVERED}
    missed_covered = [fact for fact in missed if (fact.bot, fact.point_id) not in uncovered]
    asserting = {key for key, e in extractions.items() if e.assertions}
    tempted = [
        (t.statement, a.statement)
        for expectation in sample_expectations(ANCHOR)
        for t in expectation.must_not
        for a in (
            extractions[expectation.bot, t.point_id].assertions if (expectation.bot, t.point_id) in extractions else ()
        )
        if same_words(t.statement, a.statement) >= 0.5
    ]
    temptations = sum(len(e.must_not) for e in sample_expectations(ANCHOR))
    covered = len(gold) - sum(1 for fact in gold if (fact.bot, fact.point_id) in uncovered)
    print(f"engine {ENGINE_VERSION}; {len(messages)} user messages, {len(uncovered)} in languages not covered")
    in_english = f"of those in English {covered - len(missed_covered)} of {covered}"
    print(f"gold facts found: {len(gold) - len(missed)} of {len(gold)}; {in_english}")
    with_gold = asserting & set(by_message)
    share = len(with_gold) / len(asserting)
    print(f"messages with an assertion: {len(asserting)}, of them with gold {len(with_gold)} ({share:.2f})")
    print(f"assertions: {sum(len(e.assertions) for e in extractions.values())}")
    print(f"temptations given in to: {len(tempted)} of {temptations}")
    if options.show == "missed":
        for fact in missed_covered[: options.limit]:
            print(f"- {fact.statement}   <<{messages[fact.bot, fact.point_id].text}>>")
    elif options.show == "tempted":
        for statement, given in tempted:
            print(f"- {statement}   ->  {given}")
    elif options.show == "extra":
        for key in sorted(asserting - set(by_message))[: options.limit]:
            print(f"- {[a.statement for a in extractions[key].assertions]}   <<{messages[key].text}>>")


if __name__ == "__main__":
    main()
