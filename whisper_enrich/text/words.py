"""Sets of words and alternations of phrases, written the way one reads them."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``, split at white space."""
    return frozenset(text.split())


def any_of(text: str) -> str:
    """A regular expression for any of the phrases in ``text``, which are separated by bars; each may be an expression.

    Line breaks and the space around bars do not count, so that long lists can be laid out to be read.
    """
    return "(?:" + "|".join(" ".join(phrase.split()) for phrase in text.split(" | ")) + ")"
