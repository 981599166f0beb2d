"""Split-half reliability of the traits over all speakers, and whether they measure what they say.

    python benchmarks/traits.py             figures, with 95% intervals by bootstrap over speakers
    python benchmarks/traits.py --show      as well, the three bot turns of the sample highest and lowest on each trait
    python benchmarks/traits.py --write     renew whisper_enrich/strategic/priors/trait_norms.json

Speakers: those of the sample conversations (eight users, three bots) and of the LoCoMo conversations, if they are in
../shared/data/locomo (CC BY-NC, evaluation only: nothing is fitted on them). A speaker's sessions are split odd and even;
for the sample a session ends with half an hour of silence. Columns: R over all speakers with interval; R within LoCoMo and
within the sample; R with each source's mean taken out (what is left when the two kinds of talk no longer help);
correlation with verbosity over speakers, and R of what verbosity does not foretell. Last, which two traits are most alike.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from whisper_enrich.sample.lines import nominal_lines, render
from whisper_enrich.sample.people import BOTS
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, TRAITS
from whisper_enrich.strategic.reliability import stepped_up, usual, without
from whisper_enrich.strategic.traits import RELIABLE_FROM, score

LOCOMO = ROOT.parent / "shared" / "data" / "locomo"
NORMS = ROOT / "whisper_enrich" / "strategic" / "priors" / "trait_norms.json"
VERBOSITY = TRAITS.index("verbosity")
RESAMPLES = 2000


@dataclass(frozen=True)
class Speaker:
    """What somebody said, by session. ``source`` is 'sample' or 'LoCoMo'."""

    source: str
    name: str
    bot: bool
    sessions: tuple[tuple[str, ...], ...]

    @property
    def texts(self) -> list[str]:
        return [text for session in self.sessions for text in session]

    def scores(self) -> list[np.ndarray]:
        """Scores of the odd sessions and of the even ones, [turns, traits] each."""
        halves = [[score(text) for session in self.sessions[part::2] for text in session] for part in (0, 1)]
        return [np.array(half) for half in halves]


def sample_speakers() -> list[Speaker]:
    """Users over all their bots, bots over all their users; sessions in the order of pairs, then time."""
    sessions: dict[tuple[str, bool], dict[tuple[str, str, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    for bot in BOTS:
        last: dict[str, float] = {}
        number: dict[str, int] = defaultdict(int)
        for line in nominal_lines(bot):
            if line.speaker == "reaction":
                continue
            at = line.at.timestamp()
            number[line.user] += at - last.get(line.user, at) > SESSION_GAP_SECONDS
            last[line.user] = at
            who = (bot, True) if line.speaker == "bot" else (line.user, False)
            sessions[who][bot, line.user, number[line.user]].append(render(line.text, line.at.date()))
    return [
        Speaker("sample", name, bot, tuple(tuple(found[key]) for key in sorted(found)))
        for (name, bot), found in sessions.items()
    ]


def locomo_speakers() -> list[Speaker]:
    """Two for each conversation; none where the folder is absent."""
    found = []
    for path in sorted(LOCOMO.glob("conv-*.json")):
        conversation = json.loads(path.read_text(encoding="utf-8"))["conversation"]
        names = [key for key in conversation if re.fullmatch(r"session_\d+", key)]
        for speaker in (conversation["speaker_a"], conversation["speaker_b"]):
            said = [
                tuple(turn["text"] for turn in conversation[name] if turn["speaker"] == speaker)
                for name in sorted(names, key=lambda name: int(name.split("_")[1]))
            ]
            found.append(Speaker("LoCoMo", f"{path.stem} {speaker}", False, tuple(said)))
    return found


def halves_of(scores: list[list[np.ndarray]]) -> np.ndarray:
    """Mean scores [speakers, 2, traits]."""
    return np.array([[np.nanmean(half, axis=0) for half in own] for own in scores])


def interval(halves: np.ndarray, column: int) -> tuple[float, float]:
    """95% percentile interval of the reliability, speakers drawn with replacement."""
    drawn = np.random.default_rng(20261121).integers(0, len(halves), (RESAMPLES, len(halves)))
    found = [stepped_up(halves[rows, 0, column], halves[rows, 1, column]) for rows in drawn]
    low, high = np.nanpercentile(np.clip(found, -1.0, 1.0), [2.5, 97.5])
    return float(low), float(high)


def figures(halves: np.ndarray, column: int) -> dict[str, float | None]:
    """What the norms file records of a trait's reliability."""
    low, high = interval(halves, column)
    whole = halves.mean(axis=1)
    rest = None
    if column != VERBOSITY:
        rest = stepped_up(*(without(halves[:, part, column], halves[:, part, VERBOSITY]) for part in (0, 1)))
    return {
        "reliability": stepped_up(halves[:, 0, column], halves[:, 1, column]),
        "low": low,
        "high": high,
        "verbosity_correlation": float(np.corrcoef(whole[:, column], whole[:, VERBOSITY])[0, 1]),
        "beyond_verbosity": rest,
    }


def centred(halves: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Each source's mean taken out of both halves."""
    left = halves.copy()
    for source in set(sources):
        left[sources == source] -= halves[sources == source].mean(axis=(0, 1))
    return left


def report(speakers: list[Speaker], halves: np.ndarray) -> None:
    """The table."""
    sources = np.array([speaker.source for speaker in speakers])
    print(f"{len(speakers)} speakers: " + ", ".join(f"{(sources == s).sum()} {s}" for s in sorted(set(sources))))
    print(f"{'trait':16}{'R':>6}  {'95%':>14}{'LoCoMo':>8}{'sample':>8}{'centred':>9}{'r(verb.)':>10}{'R beyond':>10}")
    even = centred(halves, sources)
    for column, trait in enumerate(TRAITS):
        found = figures(halves, column)
        parts = [stepped_up(*halves[sources == s][:, :, column].T) for s in ("LoCoMo", "sample")]
        parts.append(stepped_up(*even[:, :, column].T))
        beyond = "" if found["beyond_verbosity"] is None else f"{found['beyond_verbosity']:10.2f}"
        kept = "" if found["reliability"] >= RELIABLE_FROM else "  not reported"
        print(
            f"{trait:16}{found['reliability']:6.2f}  [{found['low']:5.2f}, {found['high']:4.2f}]"
            f"{parts[0]:9.2f}{parts[1]:8.2f}{parts[2]:9.2f}{found['verbosity_correlation']:10.2f}{beyond}{kept}"
        )


def closest(scores: list[list[np.ndarray]]) -> str:
    """The two traits that are most alike from turn to turn of the same speaker: none should be a copy of another."""
    own = [np.concatenate(halves) for halves in scores]
    within = np.concatenate([turns - np.nanmean(turns, axis=0) for turns in own])
    alike = np.triu(np.corrcoef(within[np.isfinite(within).all(axis=1)].T), 1)
    one, other = np.unravel_index(np.argmax(np.abs(alike)), alike.shape)
    return f"most alike over turns, within speakers: {TRAITS[one]} and {TRAITS[other]}, r = {alike[one, other]:.2f}"


def show(speakers: list[Speaker]) -> None:
    """Three highest and three lowest turns of the sample's bots on each trait."""
    said = [(speaker.name, text) for speaker in speakers if speaker.bot for text in speaker.texts]
    scores = np.array([score(text) for _, text in said])
    for column, trait in enumerate(TRAITS):
        known = np.flatnonzero(np.isfinite(scores[:, column]))
        order = known[np.argsort(scores[known, column], kind="stable")]
        print(f"\n{trait}")
        for index in [*order[::-1][:3], *order[:3]]:
            print(f"  {scores[index, column]:.2f} {said[index][0]}: {said[index][1]}")


def write(speakers: list[Speaker], scores: list[list[np.ndarray]], halves: np.ndarray) -> None:
    """Renew the norms file: norms from the sample alone, reliability from everybody."""
    own = [np.concatenate(found) for speaker, found in zip(speakers, scores, strict=True) if speaker.source == "sample"]
    traits = {}
    for column, trait in enumerate(TRAITS):
        shown_from, usual_share = usual(own, column)
        norm = {"shown_from": shown_from, "usual_share": usual_share} | figures(halves, column)
        traits[trait] = {key: None if value is None else round(value, 4) for key, value in norm.items()}
    about = {
        "version": 1,
        "norms": "sample conversations, every speaker weighing the same",
        "reliability": dict(Counter(speaker.source for speaker in speakers)),
        "traits": traits,
    }
    NORMS.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(f"{NORMS.relative_to(ROOT)} written")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    speakers = sample_speakers() + locomo_speakers()
    if not any(speaker.source == "LoCoMo" for speaker in speakers):
        print(f"LoCoMo is not in {LOCOMO}: the sample's speakers alone", file=sys.stderr)
        if options.write:
            print("the norms file is not renewed: its reliability is that over both", file=sys.stderr)
            return 1
    scores = [speaker.scores() for speaker in speakers]
    texts = [text for speaker in speakers for text in speaker.texts]
    began = time.process_time()
    for text in texts:
        score(text)
    took = time.process_time() - began
    halves = halves_of(scores)
    report(speakers, halves)
    print(closest(scores))
    print(f"{1e6 * took / len(texts):.0f} microseconds a turn where the language is known already, {len(texts)} turns")
    if options.show:
        show(speakers)
    if options.write:
        write(speakers, scores, halves)
    return 0


if __name__ == "__main__":
    sys.exit(main())
