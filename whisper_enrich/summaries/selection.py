"""Which sentences stand for a conversation: centrality with maximal marginal relevance (MMR).

The score of a sentence s in message m is

    score(s) = mass(s) / sqrt(max(words(s), 6)) * sqrt(centrality(m)) * form(s)
    mass(s)  = sum over its content words of ln(1 + number of messages with that word)

mass favours sentences about what the talk comes back to, the square root keeps them from winning by length alone.
centrality(m) is the cosine of the message with the mean of all messages: of the stored vectors where the message has
one, of TF-IDF weights where it has none. The two kinds of cosine differ in size, so each is divided by its own mean
over the window; that is what makes them comparable in a window that holds both. form(s) prefers statements about
oneself to others, whole clauses to fragments, and puts questions last.

Sentences are then taken greedily by score * fit * (1 - REDUNDANCY * similarity to the most similar one taken):
Carbonell and Goldstein 1998, in product form, since scores have no fixed range. fit prefers the user's sentences to the
bot's, and those that can be understood alone; one that leans on its neighbour gains once that is taken. Everything is
linear in the number of messages; only the `POOL` best sentences of each speaker enter the greedy part.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from heapq import nlargest
from itertools import chain

import numpy as np

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.summaries.candidates import Candidate

POOL = 100
REDUNDANCY = 0.9
LEAST_GAIN = 0.15
"""A sentence that adds less than this share of its speaker's best score is not worth its place. By speaker, since a bot's
long sentences would otherwise set a bar that a person's short ones never reach."""

_ABOUT_OTHERS = 0.6
_ABOUT_YOU = 0.6
_QUESTION = {Speaker.USER: 0.35, Speaker.BOT: 0.1}
"""What a person asks a bot is often what the talk was for; what a bot asks is mostly meant to keep it going."""
_BOT = 0.8
"""For a bot's sentences: what it says of itself is mostly its manner of answering."""
_FRAGMENT = 0.2
_LEANING = 0.25
"""For a sentence that leans on the one before it."""
_UNDERSTOOD = 0.6
"""The same once that one is taken."""
_NO_CONTENT = 1e-6
"""Sentences without content words are taken only where there is nothing else."""
_LEAST_CENTRALITY = 0.05
_SHORT = 6
"""Words below which a sentence gains nothing by being shorter still."""


class Content:
    """How the messages of a window relate to each other: by stored vectors where they have them, by words otherwise."""

    def __init__(self, messages: Sequence[Message], candidates: Sequence[Candidate]) -> None:
        self.stems = _stems_by_message(candidates)
        self.frequency = _frequency(self.stems)
        self._weights = {stem: math.log(1 + len(self.stems) / count) for stem, count in self.frequency.items()}
        numbers: dict[str, int] = {}
        self._point_numbers = [numbers.setdefault(message.point_id, len(numbers)) for message in messages]
        self._vectors = _unit_rows(messages)
        self._has_vector = self._vectors.any(axis=1)

    def weight(self, stem: str) -> float:
        """What a word tells: ln(1 + messages with words / messages with this one)."""
        return self._weights[stem]

    def information(self, candidate: Candidate) -> float:
        """The sum of the weights of a sentence's content words."""
        return math.fsum(map(self._weights.__getitem__, candidate.stems))

    def centrality(self) -> dict[int, float]:
        """For each message with words: its cosine with the mean message, over the mean of that kind of cosine."""
        with_vector = [i for i in self.stems if self._has_vector[i]]
        without = [i for i in self.stems if not self._has_vector[i]]
        return _relative(self._vector_centrality(with_vector)) | _relative(self._lexical_centrality(without))

    def cosines(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """Cosine in 0..1 of each candidate's message with that of each other; 0 without vectors.

        Sentences of one point share its vector, so it says nothing about them: between them it is 0 too.
        """
        rows = self._vectors[[candidate.message for candidate in candidates]]
        cosines = np.clip(rows @ rows.T, 0.0, 1.0)
        # Points by number: comparing texts of ids would cost more than the cosines.
        points = np.array([self._point_numbers[candidate.message] for candidate in candidates])
        cosines[points[:, None] == points] = 0.0
        return cosines

    def _vector_centrality(self, members: list[int]) -> dict[int, float]:
        rows = self._vectors[members]
        mean = rows.sum(axis=0)
        length = float(np.linalg.norm(mean))
        cosines = rows @ (mean / length) if length else np.zeros(len(members))
        return dict(zip(members, cosines.tolist(), strict=True))

    def _lexical_centrality(self, members: list[int]) -> dict[int, float]:
        rows = {i: self._unit_weights(i) for i in members}
        mean: dict[str, float] = {}
        for row in rows.values():
            for stem, weight in row.items():
                mean[stem] = mean.get(stem, 0.0) + weight
        # Words have no order here; `math.fsum` is exact, so that every process comes to the same last digit.
        length = math.sqrt(math.fsum(value * value for value in mean.values())) or 1.0
        return {i: math.fsum(weight * mean[stem] for stem, weight in row.items()) / length for i, row in rows.items()}

    def _unit_weights(self, message: int) -> dict[str, float]:
        weights = [(stem, self._weights[stem]) for stem in self.stems[message]]
        length = math.sqrt(math.fsum(weight * weight for _, weight in weights))
        return {stem: weight / length for stem, weight in weights}


def scores_of(candidates: Sequence[Candidate], content: Content) -> list[float]:
    """How telling each candidate is by itself, above 0; the formula is at the top of this module."""
    centrality = content.centrality()
    masses = {stem: math.log1p(count) for stem, count in content.frequency.items()}
    return [_score(candidate, masses, centrality[candidate.message]) for candidate in candidates]


def select(
    candidates: Sequence[Candidate], scores: Sequence[float], content: Content, *, most_sentences: int, most_words: int
) -> list[Candidate]:
    """The sentences that stand for the conversation, in its order.

    Stops at ``most_sentences``, at the sentence that reaches ``most_words``, or when what is left adds nothing. The bot
    gets at most half of the words while the user has something left to say: bots write more, the summary is about the
    user.
    """
    pool = sorted(k for speaker in Speaker for k in _pool(speaker, candidates, scores))
    if not pool:
        return []
    pooled = [candidates[k] for k in pool]
    by_user = np.array([candidate.speaker is Speaker.USER for candidate in pooled])
    worth = np.array([scores[k] for k in pool]) * np.where(by_user, 1.0, _BOT)
    bars = _bars(worth, by_user)
    overlap = _overlap(pooled, content)
    lean = np.array([_LEANING if candidate.dangling else 1.0 for candidate in pooled])
    redundancy = np.zeros(len(pool))
    chosen: list[int] = []
    open_ = np.ones(len(pool), dtype=bool)
    while len(chosen) < most_sentences and sum(pooled[k].size for k in chosen) < most_words:
        gains = worth * lean * (1 - REDUNDANCY * redundancy)
        left = open_ & (gains >= bars)
        bot_words = sum(pooled[k].size for k in chosen if not by_user[k])
        if 2 * bot_words >= most_words and (left & by_user).any():
            left &= by_user
        if not left.any():
            break
        best = int(np.argmax(np.where(left, gains, -1.0)))
        chosen.append(best)
        open_[best] = False
        # What leans on this sentence can now be understood.
        if best + 1 < len(pool) and pool[best + 1] == pool[best] + 1:
            lean[best + 1] = max(lean[best + 1], _UNDERSTOOD)
        redundancy = np.maximum(redundancy, overlap[:, best])
    return [pooled[k] for k in sorted(chosen)]


def _pool(speaker: Speaker, candidates: Sequence[Candidate], scores: Sequence[float]) -> list[int]:
    own = (k for k, candidate in enumerate(candidates) if candidate.speaker is speaker)
    return nlargest(POOL, own, key=lambda k: (scores[k], -k))


def _bars(worth: np.ndarray, by_user: np.ndarray) -> np.ndarray:
    """The least gain by which each sentence of a pool is worth its place."""
    # What has no content is left out even where it is all that its speaker said, as long as the other said more.
    least = 1000 * _NO_CONTENT if worth.max() > 1000 * _NO_CONTENT else 0.0
    bars = np.empty_like(worth)
    for mine in (by_user, ~by_user):
        bars[mine] = max(least, LEAST_GAIN * worth[mine].max(initial=0.0))
    return bars


def _overlap(candidates: Sequence[Candidate], content: Content) -> np.ndarray:
    """Similarity in 0..1 of each candidate to each: the larger of word containment and the vectors' cosine.

    Containment is the number of content words in common over that of the sentence which has fewer.
    """
    shared, _ = incidence(candidates)
    sizes = np.array([max(1, len(candidate.stems)) for candidate in candidates])
    contained = (shared @ shared.T) / np.minimum(sizes[:, None], sizes)
    return np.maximum(contained, content.cosines(candidates))


def _score(candidate: Candidate, masses: dict[str, float], centrality: float) -> float:
    mass = math.fsum(map(masses.__getitem__, candidate.stems))
    form = 1.0 if candidate.first_person else _ABOUT_OTHERS
    form *= _ABOUT_YOU if candidate.second_person else 1.0
    form *= _QUESTION[candidate.speaker] if candidate.question else 1.0
    form *= _FRAGMENT if candidate.fragment else 1.0
    return max(mass, _NO_CONTENT) / math.sqrt(max(candidate.size, _SHORT)) * math.sqrt(centrality) * form


def _stems_by_message(candidates: Sequence[Candidate]) -> dict[int, frozenset[str]]:
    grouped: dict[int, set[str]] = {}
    for candidate in candidates:
        grouped.setdefault(candidate.message, set()).update(candidate.stems)
    return {message: frozenset(stems) for message, stems in grouped.items()}


def _frequency(stems: dict[int, frozenset[str]]) -> dict[str, int]:
    frequency: dict[str, int] = {}
    for words in stems.values():
        for word in words:
            frequency[word] = frequency.get(word, 0) + 1
    return frequency


def incidence(candidates: Sequence[Candidate]) -> tuple[np.ndarray, list[str]]:
    """One row a candidate, one column a stem that two of them share at least, 1 where it occurs; and those stems."""
    counts = Counter(chain.from_iterable(candidate.stems for candidate in candidates))
    # Sorted, so that sums come out the same to the last digit in every process.
    stems = sorted(stem for stem, count in counts.items() if count > 1)
    columns = {stem: k for k, stem in enumerate(stems)}
    places = [(row, columns[stem]) for row, c in enumerate(candidates) for stem in c.stems if stem in columns]
    matrix = np.zeros((len(candidates), len(columns)), dtype=np.float32)
    if places:
        matrix[tuple(np.array(places).T)] = 1.0
    return matrix, stems


def _unit_rows(messages: Sequence[Message]) -> np.ndarray:
    """A row of length 1 for each message with a usable vector, zeros for the others."""
    width = next((len(message.vector) for message in messages if message.vector is not None), 1)
    rows = np.zeros((len(messages), width), dtype=np.float32)
    for index, message in enumerate(messages):
        if message.vector is None:
            continue
        vector = np.asarray(message.vector, dtype=np.float32)
        length = math.sqrt(vector @ vector)
        if math.isfinite(length) and length > 0:
            rows[index] = vector / length
    return rows


def _relative(cosines: dict[int, float]) -> dict[int, float]:
    """Each cosine over their mean; zero and less counts as a little, so that no sentence becomes unreachable."""
    raised = {i: max(_LEAST_CENTRALITY, cosine) for i, cosine in cosines.items()}
    mean = sum(raised.values()) / len(raised) if raised else 1.0
    return {i: value / mean for i, value in raised.items()}
