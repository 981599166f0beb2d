"""Which sentences stand for a conversation: centrality with maximal marginal relevance (MMR).

The score of a sentence s in message m is

    score(s) = mass(s) / sqrt(max(words(s), 6)) * sqrt(centrality(m)) * form(s)
    mass(s)  = sum over its content words of ln(1 + number of messages with that word)

mass favours sentences about what the talk comes back to, the square root keeps them from winning by length alone.
centrality(m) is the cosine of the message with the mean of all messages: of the stored vectors where the message has
one, of TF-IDF weights where it has none. The two kinds of cosine differ in size, so each is divided by its own mean
over the window; that is what makes them comparable in a window that holds both. form(s) prefers statements about
oneself to others, and puts questions last.

Sentences are then taken greedily by score * (1 - REDUNDANCY * similarity to the most similar one taken): Carbonell and
Goldstein 1998, in product form, since scores have no fixed range. Everything is linear in the number of messages; only
the `POOL` best sentences of each speaker enter the greedy part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import nlargest

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
_DANGLING = 0.6
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
        self._points = [message.point_id for message in messages]
        self._vectors = _unit_rows(messages)
        self._has_vector = self._vectors.any(axis=1)

    def centrality(self) -> dict[int, float]:
        """For each message with words: its cosine with the mean message, over the mean of that kind of cosine."""
        with_vector = [i for i in self.stems if self._has_vector[i]]
        without = [i for i in self.stems if not self._has_vector[i]]
        return _relative(self._vector_centrality(with_vector)) | _relative(self._lexical_centrality(without))

    def overlap(self, candidates: Sequence[Candidate], taken: Candidate) -> list[float]:
        """Similarity in 0..1 of each candidate to ``taken``: the larger of word containment and the vectors' cosine.

        Sentences of one point share its vector, so between them only words count.
        """
        cosines = self._cosines(taken.message)
        source = self._points[taken.message]
        return [
            max(
                _containment(candidate, taken),
                0.0 if self._points[candidate.message] == source else cosines[candidate.message],
            )
            for candidate in candidates
        ]

    def coverage(self, chosen: Sequence[Candidate]) -> float | None:
        """How much of the messages' content the chosen sentences stand for, in 0..1; None where there is no content.

        The mean over the messages with content words of the larger of two shares: the greatest vector cosine with
        another message that a sentence was taken from, and the part of its content words, each weighed by
        ln(1 + messages with that word), that occur in the chosen sentences (1 where all of it was taken). So what the
        talk comes back to counts more than what was said in passing.
        """
        spoken = frozenset().union(*(candidate.stems for candidate in chosen))
        nearest = np.zeros(len(self._points), dtype=np.float32)
        for source in sorted({candidate.message for candidate in chosen}):
            cosines = self._cosines(source)
            cosines[self._same_point(source)] = 0.0
            nearest = np.maximum(nearest, cosines)
        shares = [max(self._weight_within(i, spoken), float(nearest[i])) for i in self.stems if self.stems[i]]
        return min(1.0, sum(shares) / len(shares)) if shares else None

    def _weight_within(self, message: int, spoken: frozenset[str]) -> float:
        stems = sorted(self.stems[message])
        return sum(self._recurrence(s) for s in stems if s in spoken) / sum(self._recurrence(s) for s in stems)

    def _recurrence(self, stem: str) -> float:
        return math.log1p(self.frequency[stem])

    def _cosines(self, message: int) -> np.ndarray:
        return np.clip(self._vectors @ self._vectors[message], 0.0, 1.0)

    def _same_point(self, message: int) -> list[int]:
        point = self._points[message]
        # The two halves of a pair stand side by side in a conversation.
        return [i for i in range(max(0, message - 1), min(len(self._points), message + 2)) if self._points[i] == point]

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
        length = math.sqrt(sum(value * value for value in mean.values())) or 1.0
        return {i: sum(weight * mean[stem] for stem, weight in row.items()) / length for i, row in rows.items()}

    def _unit_weights(self, message: int) -> dict[str, float]:
        # Sorted, so that sums come out the same to the last digit in every process.
        stems = sorted(self.stems[message])
        length = math.sqrt(sum(self._weights[stem] ** 2 for stem in stems))
        return {stem: self._weights[stem] / length for stem in stems}


def scores_of(candidates: Sequence[Candidate], content: Content) -> list[float]:
    """How telling each candidate is by itself, above 0; the formula is at the top of this module."""
    centrality = content.centrality()
    return [_score(candidate, content.frequency, centrality[candidate.message]) for candidate in candidates]


def select(
    candidates: Sequence[Candidate], scores: Sequence[float], content: Content, *, most_sentences: int, most_words: int
) -> list[Candidate]:
    """The sentences that stand for the conversation, in its order.

    Stops at ``most_sentences``, at the sentence that reaches ``most_words``, or when what is left adds nothing. The bot
    gets at most half of the words while the user has something left to say: bots write more, the summary is about the
    user.
    """
    pools = {speaker: _pool(speaker, candidates, scores) for speaker in Speaker}
    # What has no content is left out even where it is all that its speaker said, as long as the other said more.
    least = 1000 * _NO_CONTENT if max(scores, default=0.0) > 1000 * _NO_CONTENT else 0.0
    bars = {speaker: max(least, LEAST_GAIN * scores[pool[0]]) for speaker, pool in pools.items() if pool}
    redundancy = {k: 0.0 for pool in pools.values() for k in pool}
    chosen: list[Candidate] = []
    while len(chosen) < most_sentences and sum(candidate.size for candidate in chosen) < most_words:
        gains = {k: scores[k] * (1 - REDUNDANCY * known) for k, known in redundancy.items()}
        worth = [k for k, gain in gains.items() if gain >= bars[candidates[k].speaker]]
        open_to = _open_to(worth, candidates, chosen, most_words)
        if not open_to:
            break
        best = max(open_to, key=lambda k: (gains[k], -k))
        chosen.append(candidates[best])
        del redundancy[best]
        overlaps = content.overlap([candidates[k] for k in redundancy], candidates[best])
        redundancy = {k: max(before, now) for (k, before), now in zip(redundancy.items(), overlaps, strict=True)}
    return sorted(chosen, key=lambda candidate: (candidate.message, candidate.position))


def _pool(speaker: Speaker, candidates: Sequence[Candidate], scores: Sequence[float]) -> list[int]:
    own = (k for k, candidate in enumerate(candidates) if candidate.speaker is speaker)
    return nlargest(POOL, own, key=lambda k: (scores[k], -k))


def _open_to(
    worth: list[int], candidates: Sequence[Candidate], chosen: Sequence[Candidate], most_words: int
) -> list[int]:
    """Those of ``worth`` that may be taken next: only the user's, once the bot has had its half."""
    bot_words = sum(candidate.size for candidate in chosen if candidate.speaker is Speaker.BOT)
    users = [k for k in worth if candidates[k].speaker is Speaker.USER]
    return users if users and 2 * bot_words >= most_words else worth


def _score(candidate: Candidate, frequency: dict[str, int], centrality: float) -> float:
    mass = sum(math.log1p(frequency[stem]) for stem in sorted(candidate.stems))
    form = 1.0 if candidate.first_person else _ABOUT_OTHERS
    form *= _ABOUT_YOU if candidate.second_person else 1.0
    form *= _QUESTION[candidate.speaker] if candidate.question else 1.0
    form *= _DANGLING if candidate.dangling else 1.0
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


def _containment(one: Candidate, other: Candidate) -> float:
    return len(one.stems & other.stems) / max(1, min(len(one.stems), len(other.stems)))


def _unit_rows(messages: Sequence[Message]) -> np.ndarray:
    """A row of length 1 for each message with a usable vector, zeros for the others."""
    width = next((len(message.vector) for message in messages if message.vector is not None), 1)
    rows = np.zeros((len(messages), width), dtype=np.float32)
    for index, message in enumerate(messages):
        if message.vector is None:
            continue
        vector = np.asarray(message.vector, dtype=np.float32)
        length = float(np.linalg.norm(vector))
        if math.isfinite(length) and length > 0:
            rows[index] = vector / length
    return rows


def _relative(cosines: dict[int, float]) -> dict[int, float]:
    """Each cosine over their mean; zero and less counts as a little, so that no sentence becomes unreachable."""
    raised = {i: max(_LEAST_CENTRALITY, cosine) for i, cosine in cosines.items()}
    mean = sum(raised.values()) / len(raised) if raised else 1.0
    return {i: value / mean for i, value in raised.items()}
