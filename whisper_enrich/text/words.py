"""Sets of words, written the way one reads them."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``, split at white space."""
    return frozenset(text.split())
