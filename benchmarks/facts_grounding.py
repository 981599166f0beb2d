"""How much of right answers grounding keeps, and how much of wrong ones it refuses.

    python benchmarks/facts_grounding.py [--show kept|refused]

Right: 100 typical answers of a good model (`whisper_enrich_tests/facts/typical_answers.jsonl`), and the gold of the sample
conversations with its quotes as noted; the gold has no attribute and often says what only the context tells, so that its share
is a lower bound. Wrong, made from the English gold that is kept: another fact's statement over a quote (of anybody, of
the same user), one content word replaced by a word of another fact (of anybody; of the same user on the same day, the
hardest, where some replacements are still right). All draws are seeded; nothing depends on the clock.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.facts.grounding import ground
from whisper_enrich.facts.telling_words import TELLING
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.sample.gold import BOTS, lines, shift_days
from whisper_enrich.sample.people import PEOPLE
from whisper_enrich.text import language
from whisper_enrich_tests.facts.typical import refusal, typical_answers

DAYS = shift_days(datetime(2026, 11, 20, tzinfo=UTC))
CONTEXT = 6
SAME_USER_PAIRS = 6000
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Gold:
    """A fact of the gold: its chunk, the number of its line, and what it says."""

    chunk: Chunk
    line: int
    statement: str
    quote: str
    category: str

    def item(self, statement: str | None = None, quote: str | None = None) -> FactItem:
        return FactItem(
            line=self.line, quote=quote or self.quote, statement=statement or self.statement, category=self.category,
            attribute="", value="", polarity="affirm", tense="present", holds_from=None, holds_to=None,
            confidence=0.9, question_line=None,
        )  # fmt: skip

    def refusal(self, item: FactItem) -> str | None:
        return next(iter(ground(FactsPart(facts=[item]), self.chunk, rule="benchmark", unmask=str).rejected), None)

    @property
    def is_english(self) -> bool:
        return language.detect(self.chunk.line(self.line).text) in (None, "en")

    @property
    def words(self) -> list[str]:
        told = _WORD.findall(self.statement.replace("{user}", ""))
        return [word for word in told if word.lower() not in TELLING["en"]]


def gold_facts() -> list[Gold]:
    return [fact for bot in BOTS for fact in _of_bot(bot)]


def _of_bot(bot: str) -> Iterator[Gold]:
    days = defaultdict(list)
    for line in lines(bot, DAYS):
        if line.speaker in ("user", "bot"):
            days[line.user, line.at.date()].append(line)
    before: dict[str, list[Message]] = defaultdict(list)
    for (user, _), said in days.items():
        messages = tuple(Message(bot, s.id, Speaker(s.speaker), user, s.at, s.text, Scope.DM, "0") for s in said)
        chunk = Chunk(bot, bot.title(), user, PEOPLE[user].name, Scope.DM, messages, tuple(before[user][-CONTEXT:]))
        before[user] += messages
        for number, line in enumerate(said, 1):
            if line.speaker == "user":
                yield from (Gold(chunk, number, n.statement, n.quote, n.category) for n in line.notes)


def swapped(facts: list[Gold], rnd: random.Random) -> Iterator[tuple[Gold, str]]:
    for _ in range(4):
        for fact in facts:
            other = rnd.choice(facts)
            if other.statement != fact.statement:
                yield fact, other.statement


def swapped_within_user(facts: list[Gold]) -> Iterator[tuple[Gold, str]]:
    pairs = 0
    for fact in facts:
        for other in facts if pairs < SAME_USER_PAIRS else ():
            same_user = other.chunk.user_id == fact.chunk.user_id
            if same_user and other is not fact and other.statement != fact.statement:
                pairs += 1
                yield fact, other.statement


def reworded(facts: list[Gold], rnd: random.Random, *, same_day: bool) -> Iterator[tuple[Gold, str]]:
    """Statements with one content word replaced by one that the quote does not have."""
    for fact in facts:
        others = [f for f in facts if f.chunk is fact.chunk and f is not fact] if same_day else rnd.sample(facts, 3)
        for other in others if fact.words else ():
            new = [w for w in other.words if w.lower() not in f"{fact.quote} {fact.statement}".lower()]
            if new:
                old, replacement = re.escape(rnd.choice(fact.words)), rnd.choice(new)
                yield fact, re.sub(rf"\b{old}\b", replacement, fact.statement, count=1)


def report(name: str, outcomes: Iterable[str | None], *, right: bool) -> str:
    counted = Counter(outcomes)
    total, kept = counted.total(), counted.pop(None, 0)
    good = kept if right else total - kept
    reasons = "  ".join(f"{reason} {count}" for reason, count in counted.most_common())
    return f"{name:44} {'kept' if right else 'refused'} {good:5} of {total:5}  {good / max(1, total):.3f}   {reasons}"


def _judged(cases: Iterable[tuple[Gold, str]], show: bool) -> Iterator[str | None]:
    for fact, statement in cases:
        reason = fact.refusal(fact.item(statement))
        if show and reason is None:
            print(f"  KEPT {statement} | {fact.quote}")
        yield reason


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=("kept", "refused"), help="print wrong answers kept, or right ones refused")
    show = parser.parse_args().show
    answers = [(answer, refusal(answer)) for answer in typical_answers()]
    print(report("typical answers", (reason for _, reason in answers), right=True))
    facts = [fact for fact in gold_facts() if fact.is_english]
    as_noted = [(fact, fact.refusal(fact.item())) for fact in facts]
    print(report("gold, quotes as noted", (reason for _, reason in as_noted), right=True))
    whole = (fact.refusal(fact.item(quote=fact.chunk.line(fact.line).text)) for fact in facts)
    print(report("gold, the whole message as quote", whole, right=True))
    if show == "refused":
        print(*(f"  {reason} {a['statement']} | {a['quote']}" for a, reason in answers if reason), sep="\n")
        print(*(f"  {reason} {f.statement} | {f.quote}" for f, reason in as_noted if reason), sep="\n")
    kept = [fact for fact, reason in as_noted if reason is None]
    for name, cases in (
        ("a statement of anybody's over the quote", swapped(facts, random.Random(1))),
        ("a statement of the same user's", swapped_within_user(facts)),
        ("one word replaced, by anybody's", reworded(kept, random.Random(2), same_day=False)),
        ("one word replaced, by the user's of that day", reworded(kept, random.Random(3), same_day=True)),
    ):
        print(report(name, _judged(cases, show == "kept"), right=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
