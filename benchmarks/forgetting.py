"""Will an entity that was mentioned before be mentioned in the next session? LoCoMo, half of the conversations held out.

    python benchmarks/forgetting.py                     # fit on every second conversation, score on the others; and all splits
    python benchmarks/forgetting.py --data FOLDER       # other conversations of the same format
    python benchmarks/forgetting.py --contractions      # "I'm" and its like count as entities (a stop list without them)
    python benchmarks/forgetting.py --speed             # milliseconds of the two engines for a user with 5,000 turns

Entity: a capitalised token inside a sentence (not its first word, no stop word, no speaker's name). An item is each (session,
entity seen in an earlier session of the pair), positive if the session mentions it; features from earlier mentions only.
Scores: log-loss, AUC, expected calibration error in ten quantile bins. Intervals are 95% percentile bootstraps over
the entities of the scored conversations (all sessions of one are drawn together). The data is read from ../shared/data (CC BY-NC
4.0; nothing of it is part of this repository, nor of the shipped parameters: the benchmark fits on the fitted half itself;
"shipped priors" takes nothing from it but the pair's own earlier sessions).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import log_loss, roc_auc_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from whisper_enrich.strategic import forgetting, remention
from whisper_enrich.strategic.forgetting_priors import shipped
from whisper_enrich.strategic.mentions import CALENDAR_WORDS
from whisper_enrich.strategic.remention import Fit, Items, Mentionings, Population
from whisper_enrich.summaries.vocabulary import FUNCTION_WORDS, content_stems, short_forms, words
from whisper_enrich.text.sentences import sentences

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W_]+)*")
_CONTRACTION = re.compile(r"'(?:m|ve|ll|d|s|re)$")
SPREAD = 0.25
"""Standard deviation of a coefficient (on standardised features) between entities and words in general."""
PAIR_INTERCEPT, PAIR_SLOPE = 0.3, 0.01
"""The same between pairs: how much they talk of known things differs more than how they forget."""
RIDGE = 1.0
MOST_WORD_ITEMS = 4000
DAY = 86400.0


@dataclass(frozen=True)
class Conversation:
    """The mentions of a pair's entities, and those of all content words, with their items."""

    name: str
    entities: Mentionings
    items: Items
    words: Mentionings
    word_items: Items


Model = Callable[[Sequence[Conversation], Sequence[Conversation]], np.ndarray]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    parser.add_argument("--contractions", action="store_true", help="count I'm, I've, ... as entities")
    parser.add_argument("--speed", action="store_true", help="measure time instead")
    options = parser.parse_args()
    if options.speed:
        measure_speed()
        return
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    found = [c for path in sorted(options.data.glob("*.json")) for c in read(path, options.contractions)]
    if len(found) < 2:
        sys.exit(f"{options.data} holds fewer than two conversations: nothing could be held out.")
    total, hits = sum(len(c.items.hit) for c in found), sum(c.items.hit.sum() for c in found)
    print(f"{len(found)} conversations, {total} items, {hits:.0f} positive ({hits / total:.1%})")
    for title, fitted in (("odd", found[::2]), ("even", found[1::2])):
        scored = [c for c in found if c not in fitted]
        print(f"\nfitted on the {title} ones ({', '.join(c.name for c in fitted)}), scored on the others")
        for name, model in MODELS.items():
            print_row(name, model(fitted, scored), scored)
    if len(found) <= 6:
        report_all_splits(found)


def read(path: Path, contractions: bool) -> Iterator[Conversation]:
    """The conversations of one LoCoMo file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for raw in document if isinstance(document, list) else [document]:
        talk = raw["conversation"]
        names = {talk["speaker_a"].lower(), talk["speaker_b"].lower()}
        ignored = frozenset().union(*map(short_forms, names))
        sessions = []
        for key in (key for key in talk if re.fullmatch(r"session_\d+", key)):
            at = datetime.strptime(talk[f"{key}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC).timestamp()
            sessions.append((at, [turn["text"] for turn in talk[key]]))
        sessions.sort(key=lambda session: session[0])
        entities = table(sessions, lambda text, names=names: entities_of(text, names, contractions), entity=True)
        every = table(sessions, lambda text, ignored=ignored: content_stems(words(text), ignored), entity=False)
        yield Conversation(
            path.stem, entities, remention.items(entities, None), every, remention.items(every, MOST_WORD_ITEMS)
        )


def entities_of(text: str, names: set[str], contractions: bool) -> Iterator[str]:
    """Capitalised tokens inside sentences, lower case, without a possessive."""
    for sentence in sentences(text):
        for token in _TOKEN.findall(sentence.text)[1:]:
            word = token.lower().replace("’", "'")
            if not (contractions and word.startswith("i'")):
                word = word.removesuffix("'s")
                word = _CONTRACTION.sub("", word) if not contractions else word
            if (
                token[0].isupper()
                and len(word) > 1
                and word not in names
                and (word not in FUNCTION_WORDS or (contractions and "'" in word))
            ):
                yield word


def table(
    sessions: Sequence[tuple[float, list[str]]], read_text: Callable[[str], Iterator[str]], entity: bool
) -> Mentionings:
    """Who was named in which session."""
    ids: dict[str, int] = {}
    rows = [
        (ids.setdefault(word, len(ids)), index, at)
        for index, (at, texts) in enumerate(sessions)
        for text in texts
        for word in dict.fromkeys(read_text(text))
    ]
    term, session, when = (np.array([row[i] for row in rows]) for i in range(3))
    return remention.mentionings(
        term, session, when.astype(float), np.zeros(len(term), dtype=bool),
        session_at=np.array([at for at, _ in sessions]), session_turns=np.array([float(len(t)) for _, t in sessions]),
        calendar=np.array([word in CALENDAR_WORDS for word in ids]), entity=np.full(len(ids), entity),
    )  # fmt: skip


def features_of(conversations: Sequence[Conversation], entities: bool = True) -> np.ndarray:
    """The features of all items, one conversation after the other."""
    parts = [(c.entities, c.items) if entities else (c.words, c.word_items) for c in conversations]
    return np.concatenate([remention.features(known, found.term, found.session) for known, found in parts])


def hits_of(conversations: Sequence[Conversation]) -> np.ndarray:
    """Which items are positive, in the same order."""
    return np.concatenate([c.items.hit for c in conversations])


def average(fitted: Sequence[Conversation], scored: Sequence[Conversation]) -> np.ndarray:
    """The rate of the fitted half."""
    return np.full(len(hits_of(scored)), hits_of(fitted).mean())


def ages_of(conversations: Sequence[Conversation]) -> tuple[np.ndarray, np.ndarray]:
    """Days since the last mention, and sessions with a mention, of each item."""
    ages, counts = [], []
    for c in conversations:
        known, found = c.entities, c.items
        key, width = known.term * 1000 + known.session, 1000
        end = np.searchsorted(key, found.term * width + found.session)
        ages.append((known.session_at[found.session] - known.session_at[known.session[end - 1]]) / DAY)
        counts.append(end - known.starts[found.term])
    return np.maximum(np.concatenate(ages), 1 / 24), np.concatenate(counts).astype(float)


def fitted_curve(curve: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], start: Sequence[float]) -> Model:
    """A model p = curve(parameters, age, mentions), fitted by log-loss."""

    def model(fitted: Sequence[Conversation], scored: Sequence[Conversation]) -> np.ndarray:
        age, count = ages_of(fitted)
        hit = hits_of(fitted)

        def loss(b: np.ndarray) -> float:
            p = np.clip(curve(b, age, count), 1e-6, 1 - 1e-6)
            return -float(np.mean(hit * np.log(p) + (1 - hit) * np.log(1 - p)))

        best = minimize(loss, np.array(start), method="Nelder-Mead", options={"maxiter": 2000}).x
        return np.clip(curve(best, *ages_of(scored)), 1e-6, 1 - 1e-6)

    return model


def exponential(b: np.ndarray, age: np.ndarray, count: np.ndarray) -> np.ndarray:
    """c * exp(-age / (S * n))."""
    return _squash(b[0]) * np.exp(-age / (np.exp(b[1]) * count))


def half_life(b: np.ndarray, age: np.ndarray, count: np.ndarray) -> np.ndarray:
    """c * 2^(-age/h), h = 2^(b1 + b2 * sqrt(n))."""
    return _squash(b[0]) * forgetting.half_life_recall(age, 2.0 ** np.clip(b[1] + b[2] * np.sqrt(count), -10, 30))


def act_r(fitted: Sequence[Conversation], scored: Sequence[Conversation]) -> np.ndarray:
    """Logistic on the base level, every session that mentions it counting once; ages in sessions."""

    def base(conversations: Sequence[Conversation]) -> np.ndarray:
        found = []
        for c in conversations:
            once = Mentionings(**{**vars(c.entities), "turns": np.ones(len(c.entities.term))})
            found.append(remention.features(once, c.items.term, c.items.session)[:, :1])
        return np.concatenate(found)

    x, y = base(fitted), hits_of(fitted)
    fit = logistic(x, y)
    return 1 / (1 + np.exp(-(np.column_stack([np.ones(len(hits_of(scored))), base(scored)]) @ fit)))


def fsrs(fitted: Sequence[Conversation], scored: Sequence[Conversation]) -> np.ndarray:
    """Logistic on the logarithm of FSRS's retrievability; each session is a good review."""

    def fading(conversations: Sequence[Conversation]) -> np.ndarray:
        found = []
        for c in conversations:
            known, width = c.entities, 1000
            good = np.full(len(known.term), int(forgetting.Rating.GOOD))
            stability, _ = forgetting.review(known.starts, np.diff(known.at, prepend=0.0) / DAY, good)
            last = np.searchsorted(known.term * width + known.session, c.items.term * width + c.items.session) - 1
            days = (known.session_at[c.items.session] - known.at[last]) / DAY
            found.append(np.log(forgetting.retrievability(days, stability[last]))[:, None])
        return np.concatenate(found)

    fit = logistic(fading(fitted), hits_of(fitted))
    return 1 / (1 + np.exp(-(np.column_stack([np.ones(len(hits_of(scored))), fading(scored)]) @ fit)))


def logistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients of a nearly unpenalised logistic regression, the intercept first."""
    x = np.column_stack([np.ones(len(x)), x])
    zero = np.zeros(x.shape[1])
    return remention.map_fit(x, y, np.ones(len(y)), zero, zero + 30.0, zero > 0).coefficients


def population_of(fitted: Sequence[Conversation]) -> Population:
    """Fitted on all content words of the conversations, drawn from there to their entities."""
    x = features_of(fitted, entities=False)
    found = [c.word_items for c in fitted]
    hit, weight = np.concatenate([f.hit for f in found]), np.concatenate([f.weight for f in found])
    scale = x.std(axis=0)
    zero = np.zeros(x.shape[1] + 1)
    flat = Population(x.mean(axis=0), np.where(scale > 0, scale, 1.0), zero, zero)
    wide = np.append(1e3, np.full(x.shape[1], RIDGE**-0.5))
    words_fit = remention.map_fit(remention.design(x, flat), hit, weight, zero, wide, remention.BOUNDED)
    entity_x, entity_hit = remention.design(features_of(fitted), flat), hits_of(fitted)
    spread = np.append(1e3, np.full(x.shape[1], SPREAD))
    fit = remention.map_fit(
        entity_x, entity_hit, np.ones(len(entity_hit)), words_fit.coefficients, spread, remention.BOUNDED
    )
    return replace(flat, mean=fit.coefficients, spread=np.append(PAIR_INTERCEPT, np.full(x.shape[1], PAIR_SLOPE)))


def by_population(population: Population, scored: Sequence[Conversation]) -> np.ndarray:
    """Forecasts by the population's coefficients alone."""
    zero = np.zeros((len(population.mean), len(population.mean)))
    return remention.probability(remention.design(features_of(scored), population), Fit(population.mean, zero, 0.0))


def by_pair(population: Population, scored: Sequence[Conversation]) -> np.ndarray:
    """Forecasts for each session by coefficients that are fitted on the pair's own earlier sessions, drawn to the population."""
    forecasts = []
    for c in scored:
        x = remention.design(remention.features(c.entities, c.items.term, c.items.session), population)
        p = np.empty(len(x))
        for session in np.unique(c.items.session):
            past, ahead = c.items.session < session, c.items.session == session
            fit = remention.fit_user(x[past], c.items.where(past), population)
            p[ahead] = remention.probability(x[ahead], fit)
        forecasts.append(p)
    return np.concatenate(forecasts)


MODELS: dict[str, Model] = {
    "average rate": average,
    "exponential e^(-t/S*n)": fitted_curve(exponential, (-1.0, 3.0)),
    "half-life regression": fitted_curve(half_life, (-1.0, 3.0, 1.0)),
    "ACT-R base level": act_r,
    "FSRS retrievability": fsrs,
    "ours, population only": lambda fitted, scored: by_population(population_of(fitted), scored),
    "ours, shrunk fit by pair": lambda fitted, scored: by_pair(population_of(fitted), scored),
    "shipped priors, by pair": lambda _, scored: by_pair(shipped().remention, scored),
}


def calibration_error(hit: np.ndarray, p: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error in quantile bins; equal forecasts fall into bins by chance."""
    order = np.lexsort((np.random.default_rng(0).random(len(p)), p))
    parts = np.array_split(order, bins)
    return sum(abs(hit[part].mean() - p[part].mean()) * len(part) for part in parts if len(part)) / len(p)


def scores(hit: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Log-loss, AUC, calibration error."""
    auc = roc_auc_score(hit, p) if 0 < hit.sum() < len(hit) else np.nan
    return np.array([log_loss(hit, p, labels=[0, 1]), auc, calibration_error(hit, p)])


def print_row(name: str, p: np.ndarray, scored: Sequence[Conversation]) -> None:
    """Scores with their intervals."""
    hit = hits_of(scored)
    groups = np.concatenate([k * 1_000_000 + c.items.term for k, c in enumerate(scored)])
    low, high = np.nanpercentile(bootstrap(hit, p, groups), (2.5, 97.5), axis=0)
    cells = "  ".join(
        f"{label} {value:.4f} [{a:.3f}, {b:.3f}]"
        for label, value, a, b in zip(("log-loss", "AUC", "ECE"), scores(hit, p), low, high, strict=True)
    )
    print(f"  {name:28}{cells}")


def bootstrap(hit: np.ndarray, p: np.ndarray, groups: np.ndarray, resamples: int = 500) -> np.ndarray:
    """Scores over groups drawn with replacement; the seed is fixed."""
    _, where = np.unique(groups, return_inverse=True)
    order = np.argsort(where, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(where[order])) + 1)
    generator = np.random.default_rng(0)
    found = []
    for _ in range(resamples):
        drawn = np.concatenate([parts[i] for i in generator.integers(0, len(parts), len(parts))])
        found.append(scores(hit[drawn], p[drawn]))
    return np.array(found)


def report_all_splits(found: Sequence[Conversation]) -> None:
    """Mean, least and greatest of each score over all splits into nearly equal halves."""
    size = len(found) // 2
    splits = [s for k in {size, len(found) - size} for s in combinations(range(len(found)), k)]
    print(f"\nall {len(splits)} splits into {size} and {len(found) - size}: mean [least, greatest]")
    for name, model in MODELS.items():
        rows = []
        for split in splits:
            scored = [c for i, c in enumerate(found) if i not in split]
            rows.append(scores(hits_of(scored), model([found[i] for i in split], scored)))
        rows = np.array(rows)
        cells = "  ".join(
            f"{label} {rows[:, i].mean():.4f} [{rows[:, i].min():.3f}, {rows[:, i].max():.3f}]"
            for i, label in enumerate(("log-loss", "AUC", "ECE"))
        )
        print(f"  {name:28}{cells}")


def measure_speed() -> None:
    """CPU milliseconds of memory_aging and human_like_memory for one made-up user."""
    from whisper_enrich.strategic import human_like_memory, memory_aging
    from whisper_enrich_tests.strategic.talkative import talkative_history

    history = talkative_history(turns=5000, mentions=4000, seed=1)
    for engine in (memory_aging, human_like_memory):
        engine.compute(history)
        started = time.process_time()
        for _ in range(20):
            engine.compute(history)
        milliseconds = 1000 * (time.process_time() - started) / 20
        print(f"{engine.__name__.rpartition('.')[2]:20} {milliseconds:.1f} ms")


def _squash(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


if __name__ == "__main__":
    main()
