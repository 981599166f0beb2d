"""What of a question is looked for: in texts by the beginnings of its words, in messages by their hashes."""

from __future__ import annotations

import re

from whisper_enrich.text.terms import SHORTEST, root, term, words

MOST_WORDS = 12


def sought(text: str, without: str = "") -> list[tuple[str, int]]:
    """The words of ``text`` outside the phrase ``without``: for each a prefix for ``to_tsquery('simple', …)`` and its hash."""
    if without:
        text = re.sub(re.escape(without), " ", text, count=1, flags=re.IGNORECASE)
    found = {_prefix(word): term(word) for word in words(text)}
    return list(found.items())[:MOST_WORDS]


def _prefix(word: str) -> str:
    """Quoted; a word that is too short to lose its ending is looked for as it is."""
    return f"'{root(word)}':*" if len(word) > SHORTEST else f"'{word}'"
