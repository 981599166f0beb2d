"""How sure the conversation makes us of a fact.

Support ``s`` of independent pieces of evidence with confidences ``c_i``: ``1 - prod(1 - c_i)`` (noisy-or), at most
`CEILING`, because the errors of one extractor are not independent. What one person says within an hour counts once,
by its strongest piece: repeating a sentence does not make it truer.

Opposition ``o`` is formed in the same way from what contradicts the fact. Both are simple support functions for
exclusive hypotheses; Dempster's rule of combination (Shafer, A Mathematical Theory of Evidence, 1976, ch. 3 and 4)
leaves

    belief = s (1 - o) / (1 - s o)

What the person had said before is discounted by half (Shafer's discounting, ch. 11) where it contradicts what they
said later: people correct themselves towards the truth. Without opposition the belief is the support; it always lies
in (0, 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

#: No amount of evidence makes a fact more certain than this.
CEILING = 0.97
#: Weight of contradicting evidence that the person themself put right later.
DISCOUNT_OF_CORRECTED = 0.5

_ONE_OCCASION = timedelta(hours=1)


def support(pieces: Iterable[tuple[datetime, float]]) -> float:
    """Combined confidence of pieces (said at, confidence in (0, 1)); 0 for none."""
    doubt = 1.0
    strongest, begun = 0.0, None
    for said_at, confidence in sorted(pieces):
        if begun is None or said_at - begun >= _ONE_OCCASION:
            doubt *= 1.0 - strongest
            strongest, begun = confidence, said_at
        else:
            strongest = max(strongest, confidence)
    return min(CEILING, 1.0 - doubt * (1.0 - strongest))


def belief(supporting: float, opposing: float) -> float:
    """Dempster's rule for two exclusive hypotheses, each supported as given; both in 0..`CEILING`."""
    return supporting * (1.0 - opposing) / (1.0 - supporting * opposing)
