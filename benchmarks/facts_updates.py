"""The extractive engine on the texts of the hand-made update cases: what it knows at the end of each.

    python benchmarks/facts_updates.py [--show] [--theme NAME]

The suite's own test folds ideal extractions; here the rules read the texts themselves. English cases only. Right: everything
expected is known, by attribute and value, and nothing that is over. Wrongly retired: of the facts that must be left alone
and that the engine had found, the share that is no longer current. Found: of the facts that must be current at the end,
the share that is. There is no threshold: many texts are told in ways that no rule covers, and a value may be found in other
words than the expected ones.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.facts.fold import Folded, fold
from whisper_enrich.facts.model import Assertion, Polarity
from whisper_enrich_tests.facts.update_cases import Expected, UpdateCase, update_cases


def read(case: UpdateCase) -> list[Assertion]:
    """What the engine asserts of all messages."""
    return [assertion for message in case.messages for assertion in extract(message).assertions]


def once_current(expected: Expected, assertions: list[Assertion]) -> bool:
    """Whether it was known at some time: folded without what takes anything back, as of any message."""
    affirmed = sorted((a for a in assertions if a.polarity is Polarity.AFFIRM), key=lambda a: a.evidence.said_at)
    return any(expected.is_in(fold(affirmed[: i + 1]).facts) for i in range(len(affirmed)))


def count(case: UpdateCase, assertions: list[Assertion], folded: Folded) -> Counter[str]:
    found = [e for e in (*case.now, *case.kept) if e.is_in(folded.facts)]
    known = [e for e in case.kept if once_current(e, assertions)]
    return Counter(
        cases=1,
        right=not case.failures(folded),
        still=any(e.is_in(folded.facts) for e in case.gone),
        expected=len(case.now) + len(case.kept),
        found=len(found),
        known=len(known),
        retired=sum(not e.is_in(folded.facts) for e in known),
    )


def row(theme: str, counts: Counter[str]) -> str:
    return (
        f"{theme:20} {counts['cases']:5} {counts['right']:6} {counts['found']:6} of {counts['expected']:3}"
        f" {counts['still']:12} {counts['retired']:6} of {counts['known']:3}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="what is wrong, case by case")
    parser.add_argument("--theme", help="only the cases of this theme")
    options = parser.parse_args()
    by_theme: dict[str, Counter[str]] = defaultdict(Counter)
    for case in update_cases():
        if case.language != "en" or options.theme not in (None, case.theme):
            continue
        assertions = read(case)
        folded = fold(assertions)
        by_theme[case.theme] += count(case, assertions, folded)
        failures = case.failures(folded)
        if options.show and failures:
            print(f"{case.theme}/{case.id}: {'; '.join(failures)}")
    print(f"engine {ENGINE_VERSION}")
    print("theme                cases  right  facts found  not yet over  wrongly retired")
    for theme, counts in sorted(by_theme.items()):
        print(row(theme, counts))
    print(row("all", sum(by_theme.values(), Counter())))


if __name__ == "__main__":
    main()
