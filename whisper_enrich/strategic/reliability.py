"""How far a measured trait tells speakers apart, and from where on a turn shows it: what the trait norms are made of.

Split-half reliability: the correlation over speakers of the mean score in their odd sessions with that in their even ones,
stepped up to the whole length by Spearman (1910) and Brown (1910): R = 2 r / (1 + r).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

USUAL_SHARE = 0.3
"""A trait is shown clearly from the lowest score on that at most this share of the turns reaches."""
LEAST_SHOWN = 0.2
"""And never below this: one sentence of five."""
_STEP = 0.05


def stepped_up(odd: np.ndarray, even: np.ndarray) -> float:
    """Spearman-Brown of the correlation of the two halves over speakers; NaN for fewer than three or without spread."""
    if len(odd) < 3 or np.ptp(odd) == 0 or np.ptp(even) == 0:
        return float("nan")
    r = float(np.corrcoef(odd, even)[0, 1])
    return 2 * r / (1 + r) if r > -1 else float("-inf")


def without(scores: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What is left of ``scores`` once a straight line on ``other`` is taken out, over speakers."""
    x = other - other.mean()
    return scores - scores.mean() - x * float(x @ scores) / float(x @ x)


def usual(turns: Sequence[np.ndarray], column: int) -> tuple[float, float]:
    """``shown_from`` and ``usual_share`` of a trait over speakers' turns ([n, traits] each), every speaker weighing the same."""
    scores = [own[np.isfinite(own[:, column]), column] for own in turns]

    def reached(threshold: float) -> float:
        return float(np.mean([np.mean(own >= threshold - 1e-9) for own in scores if len(own)]))

    grid = np.round(np.arange(LEAST_SHOWN, 1.0 + _STEP, _STEP), 2)
    shown_from = next((float(value) for value in grid if reached(value) <= USUAL_SHARE), 1.0)
    return shown_from, reached(shown_from)
