"""The check that names, numbers and dates of a summary were said: false alarms, what it finds, and what confidence says.

    python benchmarks/summaries_faithful.py

For each set of LoCoMo, of the extractive summaries (faithful by construction) and of the written ones (`session_summary`):
the share with an alarm, and the share of swaps found. A swap puts one claim that the session supports in place of another:
a name of another session or a stranger's, a number or day that differs, another time of day; swaps that happen to be
supported too are not counted. "the speaker" is the first mention of the user, renamed. Then the confidence of the
written summary, of the same with the user renamed throughout, and of that of another session. The data is read from
../shared/data (CC BY-NC 4.0; nothing of it is part of this repository).
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from summaries_locomo import CHECK, DEVELOPMENT, Session, read, summarise_one

from whisper_enrich.summaries.asked import DigestPart
from whisper_enrich.summaries.claims import Claim, Kind, Sources, claims, unsupported
from whisper_enrich.summaries.faithful import confidence_in

STRANGERS = ("Priya", "Wilson", "Osaka", "Hamburg", "Marco")


def main() -> None:
    """Print one block a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    for title, names in (("development", DEVELOPMENT), ("check", CHECK)):
        sessions = [session for name in names for session in read(options.data / f"{name}.json")]
        print(f"\n{title}: {len(sessions)} sessions")
        report("extractive", sessions, [summarise_one(session).summary_text for session in sessions])
        report("written", sessions, [session.gold for session in sessions])
        report_confidence(sessions)


def report(label: str, sessions: Sequence[Session], texts: Sequence[str]) -> None:
    """False alarms, and swaps found by kind."""
    pairs = [(sources_of(session), text) for session, text in zip(sessions, texts, strict=True)]
    made = sum(len(claims(text)) for _, text in pairs)
    alarms = sum(bool(unsupported(claims(text), sources)) for sources, text in pairs)
    print(f"{label}: {made} claims, {alarms} of {len(pairs)} summaries with an alarm")
    spoken = {name for session in sessions for name in (session.user, session.bot)}
    names = sorted(
        {
            claim.words
            for sources, text in pairs
            for claim in claims(text)
            if claim.kind is Kind.NAME and sources.support(claim) and not claim.words.endswith("'s")
        }
        - spoken
    )
    drawn = random.Random(1)
    for kind in Kind:
        swaps = [
            found for sources, text in pairs for found in swapped(sources, text, kind, [*names, *STRANGERS], drawn)
        ]
        print(f"  {kind} swapped: {sum(swaps)} of {len(swaps)} found")
    renamed = [
        "Priya" in unsupported(claims(rename(text, session.user, 1)), sources)
        for session, (sources, text) in zip(sessions, pairs, strict=True)
        if re.search(rf"\b{session.user}\b", text)
    ]
    print(f"  the speaker renamed: {sum(renamed)} of {len(renamed)} found")


def swapped(
    sources: Sources, text: str, kind: Kind, names: Sequence[str], drawn: random.Random
) -> Iterator[bool]:  # fmt: skip
    """For each claim of ``kind``, whether it is found when it is exchanged."""
    for claim in claims(text):
        match = re.search(rf"(?<!\w){re.escape(claim.words)}(?!\w)", text)
        if claim.kind is not kind or match is None or claim.words in sources.names or not sources.support(claim):
            continue
        other = exchanged(claim, names, drawn)
        if other is None or all(map(sources.support, claims(f"It is {other}."))):
            continue
        changed = text[: match.start()] + other + text[match.end() :]
        yield len(unsupported(claims(changed), sources)) > len(unsupported(claims(text), sources))


def exchanged(claim: Claim, names: Sequence[str], drawn: random.Random) -> str | None:
    """Something else of the same kind; None where there is nothing to exchange."""
    if claim.kind is Kind.NAME:
        return drawn.choice([name for name in names if name != claim.words]) + (
            "'s" if claim.words.endswith("'s") else ""
        )
    if claim.kind is Kind.NUMBER:
        return str(int(claim.value or 0) + drawn.choice([2, 3, 5, 7, 11]))
    if claim.kind is Kind.TIME:
        return "4:47 am"
    if claim.day is None:
        return None
    return re.sub(r"\b\d{1,2}", str((claim.day + drawn.randint(5, 20)) % 28 + 1), claim.words, count=1)


def report_confidence(sessions: Sequence[Session]) -> None:
    """Fifth percentile, median and ninety-fifth."""
    others = [*sessions[7:], *sessions[:7]]
    rows = {
        "written": [(session, session.gold) for session in sessions],
        "the user renamed": [(session, rename(session.gold, session.user, 0)) for session in sessions],
        "of another session": [(session, other.gold) for session, other in zip(sessions, others, strict=True)],
    }
    for label, pairs in rows.items():
        values = [confidence_of(session, text) for session, text in pairs]
        low, middle, high = np.percentile([value for value in values if value is not None], (5, 50, 95))
        print(f"confidence, {label}: {middle:.2f} [{low:.2f}, {high:.2f}]")


def confidence_of(session: Session, text: str) -> float | None:
    """As for a model's answer that says ``text``."""
    part = DigestPart(summary=text, topics=[], tone="", decisions=[], open_questions=[])
    return confidence_in(part, sources_of(session), [message.text for message in session.messages])


def sources_of(session: Session) -> Sources:
    """What a summary of the session may rest on."""
    texts, times = [m.text for m in session.messages], [m.at for m in session.messages]
    return Sources(tuple(texts), (session.user, session.bot), tuple(times))


def rename(text: str, name: str, count: int) -> str:
    """``text`` with a stranger's name for ``name``, so many times; 0 is everywhere."""
    return re.sub(rf"\b{name}\b", "Priya", text, count=count)


if __name__ == "__main__":
    main()
