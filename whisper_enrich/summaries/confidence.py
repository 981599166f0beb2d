"""How good a selection of sentences is for its length: what it covers of the talk, between chance and the best found.

With V the sentences of the talk, S those chosen, I(w) = ln(1 + messages with words / messages with the word w), and w
over content words:

    covered(j, S) = max over s in S of max(sum of I(w) for w in j and s / sum of I(w) for w in j, cosine(j, s))
    f(S)          = sum over j in V of (sum of I(w) for w in j) * covered(j, S) / sum over j in V of (sum of I(w))
    r(S)          = (f(S) - f(random) + d) / (f(best) - f(random) + d),  held within 0..1
    confidence    = r(S) + (1 - r(S)) * f(S) ** 2

so that covered(s, S) = 1 for what was chosen itself, and cosine is that of the stored vectors of the two messages (0
without vectors, and between sentences of one message). f is facility location (Nemhauser, Wolsey and Fisher 1978; Lin
and Bilmes 2011 for summaries), with the information of a sentence for its weight.

f itself falls as the talk grows, since ten sentences cover less of more. What a reader wants to know is how much of what
these ten could have said they do say. So f is corrected for chance like the index of Hubert and Arabie (1985):
f(random) is the exact expectation over all selections of as many sentences. f(best) is that of the greedy selection,
which always takes the sentence that adds most until it has as many sentences as S or as many words as S might have had
(by sentences alone it reaches at least 1 - 1/e of the optimum), or f(S) where that is larger. Where best and random
lie close together, r alone would be a matter of luck. So d = `TOLD_APART` holds what is too little to matter; and where
next to everything was chosen, the summary is complete whatever else might have been: hence the second term of the
confidence. Both are ours. The square leaves little of it in a longer talk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whisper_enrich.summaries.candidates import Candidate
from whisper_enrich.summaries.selection import Content, incidence

MOST = 200
"""Sentences that stand for the talk: all of them, or so many at even distances and the chosen ones."""
TOLD_APART = 0.02
"""The share of a talk's information by which selections must differ to be told apart."""
_NO_INFORMATION = 1e-6


def confidence(
    candidates: Sequence[Candidate], chosen: Sequence[Candidate], content: Content, *, most_words: int
) -> float | None:
    """How good ``chosen`` is as a selection from ``candidates``, in 0..1; the formula is at the top of this module.

    ``most_words`` is the number of words after which no further sentence could be taken. 1 where everything was chosen;
    little for sentences drawn at random from many. None where nothing was chosen or nothing carries content.
    """
    talk = _talk(candidates, chosen)
    information = np.array([content.information(candidate) for candidate in talk])
    if not chosen or not information.any():
        return None
    covered = _covered(talk, information, content)
    weights = information / information.sum()
    picked = {(candidate.message, candidate.position) for candidate in chosen}
    columns = [k for k, candidate in enumerate(talk) if (candidate.message, candidate.position) in picked]
    reached = float(weights @ covered[:, columns].max(axis=1))
    sizes = [candidate.size for candidate in talk]
    by_chance = _expected(covered, weights, len(chosen))
    best = max(reached, by_chance, _best(covered, weights, sizes, len(chosen), most_words))
    relative = max(0.0, (reached - by_chance + TOLD_APART) / (best - by_chance + TOLD_APART))
    return min(1.0, relative + (1 - relative) * reached**2)


def _talk(candidates: Sequence[Candidate], chosen: Sequence[Candidate]) -> list[Candidate]:
    if len(candidates) <= MOST:
        return list(candidates)
    step = len(candidates) / MOST
    sample = [candidates[int((k + 0.5) * step)] for k in range(MOST)]
    return list({(c.message, c.position): c for c in (*sample, *chosen)}.values())


def _covered(talk: Sequence[Candidate], information: np.ndarray, content: Content) -> np.ndarray:
    """In row j and column s, how much of sentence j is covered by sentence s, in 0..1."""
    shared, stems = incidence(talk)
    weights = np.array([content.weight(stem) for stem in stems], dtype=np.float32)
    common = (shared * weights) @ shared.T
    covered = np.maximum(common / np.maximum(information, _NO_INFORMATION)[:, None], content.cosines(talk))
    # A sentence without content says nothing of others, whatever the vector of its message.
    covered[:, information == 0] = 0.0
    np.fill_diagonal(covered, 1.0)
    return np.minimum(covered, 1.0)


def _best(covered: np.ndarray, weights: np.ndarray, sizes: Sequence[int], sentences: int, words: int) -> float:
    """The coverage of the greedy selection."""
    reached = np.zeros(len(weights))
    said = 0
    for _ in range(sentences):
        if said >= words:
            break
        pick = int(np.argmax(weights @ np.maximum(covered, reached[:, None])))
        reached = np.maximum(reached, covered[:, pick])
        said += sizes[pick]
    return float(weights @ reached)


def _expected(covered: np.ndarray, weights: np.ndarray, sentences: int) -> float:
    """The mean coverage of all selections of so many sentences.

    Of the n columns, k are drawn; the largest value of a row that is drawn is its r-th largest (r from 0) with the
    probability C(n - 1 - r, k - 1) / C(n, k).
    """
    columns = len(weights)
    drawn = min(sentences, columns)
    ranks = np.arange(columns - drawn)
    probabilities = np.cumprod(np.append(drawn / columns, (columns - drawn - ranks) / (columns - 1 - ranks)))
    falling = -np.sort(-covered, axis=1)[:, : len(probabilities)]
    return float(weights @ (falling @ probabilities))
