"""A time zone from where somebody says they live: cities and countries of the IANA time zone database.

Only what that database itself names: some 400 cities that stand for their zones ("Lisbon", "New York"), and countries that
have a single zone ("Portugal"). Anything else says nothing, and the zone stays unknown: a guess from the hours of writing
would take a night owl for somebody of another continent.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


def zone_of_place(place: str) -> ZoneInfo | None:
    """The zone of a place as written in a fact ("Lisbon", "Lisbon, Portugal", "Portugal"), None where that is not known.

    With a city a second part must be the country that the city's zone is in: "Paris, Texas" and "Dublin, USA" say nothing.
    """
    city, *rest = [_plain(part) for part in place.split(",") if part.strip()] or [""]
    name = _cities().get(city)
    if not rest:
        name = name or _single_zones().get(city)
    else:
        country = _countries().get(rest[-1], frozenset())
        name = name if name in country else _single_zones().get(rest[-1])
    return ZoneInfo(name) if name else None


def _plain(name: str) -> str:
    """Lower case, without accents, single blanks."""
    letters = unicodedata.normalize("NFKD", name.replace("_", " ").casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


@cache
def _cities() -> dict[str, str]:
    """Zone names by plain city name; a name that stands in two areas is left out."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in {zone for zones in _countries().values() for zone in zones}:
        found[_plain(name.rpartition("/")[2])].add(name)
    return {city: next(iter(names)) for city, names in found.items() if len(names) == 1}


@cache
def _countries() -> dict[str, frozenset[str]]:
    """Zone names by country in English."""
    names = {code: country for code, country, *_ in _rows("iso3166.tab")}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for code, _, zone, *_ in _rows("zone.tab"):
        found[_plain(names[code])].add(zone)
    return {country: frozenset(zones) for country, zones in found.items()}


def _rows(table: str) -> list[list[str]]:
    lines = (files("tzdata") / "zoneinfo" / table).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@cache
def _single_zones() -> dict[str, str]:
    """Countries with one zone."""
    return {country: next(iter(zones)) for country, zones in _countries().items() if len(zones) == 1}
