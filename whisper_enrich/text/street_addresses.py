"""Postal addresses in chat text: a house number with the name of a street, what follows it, post codes beside their place.

A street needs a word that says it is one ("Elm Street", "Lindenallee", "rue de la Paix") and a number in the place that its
language gives it; "I walked down Elm Street" has none and stays. English, German, Dutch, French, Spanish, Portuguese,
Italian. All expressions are linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Without a digit there is no address.
_DIGIT = re.compile(r"\d")

_NUMBER = r"\d{1,5}(?:[ ]?[A-Za-z])?(?:\s?[-–/]\s?\d{1,4}[A-Za-z]?)?(?!\w)"
_PROPER = r"(?:(?!I['’])[A-ZÀ-Þ][\w'’.-]{1,30}|\d{1,3}(?:st|nd|rd|th))"
_TOWN = r"[A-ZÀ-Þ][^\W\d_'’-]{0,30}(?:[-'’][^\W\d_]{1,30})?(?!\w)"
_POST_CODE = (
    r"(?:[A-Z]{2}\s\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|\d{4}\s?[A-Z]{2}|\d{4,5}(?:-\d{3,4})?)"
    r"(?!\w)"
)
_UNIT = r"(?:,?\s(?i:apt|apartment|unit|suite|ste|flat|floor|room|#)\.?\s?[\w-]{1,6})"
_REST = (
    rf"{_UNIT}?(?:,?\s(?:NW|NE|SW|SE|N|S|E|W)(?!\w))?(?:,?\s{_POST_CODE}(?:\s{_TOWN}(?:\s{_TOWN})?)?"
    rf"|,\s{_TOWN}(?:\s{_TOWN}){{0,2}}(?:,?\s{_POST_CODE})?)?"
)

_KIND = (
    r"street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|terrace|square|sq|way|close|crescent"
    r"|parkway|pkwy|highway|hwy|circle|row|mews|grove|gardens"
)
_ENGLISH = (
    rf"(?<![\w.,]){_NUMBER}\s(?:(?:{_PROPER}\s){{1,3}}(?i:{_KIND})"
    r"|(?P<plain>[^\W\d_]{3,20})\s(?:street|avenue|road|boulevard|lane))(?!\w)\.?"
)
_GERMANIC = (
    r"(?<!\w)(?:[A-ZÀ-Þ][^\W\d_]{0,30}-|[A-ZÀ-Þ][a-zß]{2,20}er\s)?"
    r"[^\W\d_]{0,30}(?:(?i:stra(?:ß|ss)e)|(?i:str\.)|(?<=[a-zß])(?:allee|weg|gasse|platz|ufer|damm|straat|laan|plein|gracht|kade|dijk))"
    rf"\s{_NUMBER}"
)
_ROMANCE = (
    rf"(?<!\w)(?:{_NUMBER},?\s(?i:bis\s|ter\s)?(?i:rue|avenue|boulevard|bd|allée|impasse|chemin|quai|place|cours)\s"
    rf"(?:d[eu]s?\s|de\sla\s|l['’]|d['’])?{_PROPER}(?:[ -]{_PROPER}){{0,3}}"
    r"|(?i:calle|c/|avenida|avda\.?|plaza|paseo|carrer|rua|travessa|largo|praça|via|viale|piazza|corso|vicolo)\s"
    rf"(?:d[aeio]s?\s|de\sla\s|del(?:la)?\s)?{_PROPER}(?:[ -]{_PROPER}){{0,3}},?\s(?:n[.º°o]*\s?)?{_NUMBER})"
)
_BOX = r"(?<!\w)(?i:p\.?\s?o\.?\s?box\s\d{1,8}|postfach\s\d[\d ]{0,8}\d)"
_KINDS = tuple(
    (re.compile(hint, re.IGNORECASE), re.compile(f"(?:{address}){_REST}"))
    for hint, address in (
        (rf"\b(?:{_KIND})\b", _ENGLISH),
        (r"stra|str\.|allee|weg\b|gasse|platz|ufer|damm|laan|plein|gracht|kade|dijk", _GERMANIC),
        (
            r"\brue|\bav|\bboul|\bbd\b|all[ée]|impasse|chemin|quai|\bpla|cours|calle|c/|paseo|carrer|\brua\b|travessa|largo|praça"
            r"|\bvia|piazza|corso|vicolo",
            _ROMANCE,
        ),
        (r"box|postfach", _BOX),
    )
)
"""For each kind a word that it cannot do without, which is looked for first, and what it looks like."""

_NO_NAME = frozenset(
    word
    for words in (
        "the this that our your their his her its any each every other another more different main open long country dirt",
        "minute minutes hour hours mile miles metre metres meter meters yard yards feet blocks one two busy same",
        "down along across from and",
    )
    for word in words.split()
)
"""What stands between a number and a street where no name does: "2 minutes down the road"."""


def street_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in ``text``: start and end of each."""
    if _DIGIT.search(text) is None:
        return
    for hint, address in _KINDS:
        if hint.search(text) is None:
            continue
        for match in address.finditer(text):
            plain = match.groupdict().get("plain")
            if plain is None or plain.lower() not in _NO_NAME:
                yield match.start(), match.end()
