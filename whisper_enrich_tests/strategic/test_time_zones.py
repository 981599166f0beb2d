"""A time zone from a place that somebody lives in, and nothing from a place that says nothing."""

from __future__ import annotations

import pytest

from whisper_enrich.strategic.time_zones import zone_of_place


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Lisbon", "Europe/Lisbon"),
        ("lisbon, Portugal", "Europe/Lisbon"),
        ("New York", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("  tokyo ", "Asia/Tokyo"),
        ("Tokyo, Japan", "Asia/Tokyo"),
        ("Osaka, Japan", "Asia/Tokyo"),
        ("France", "Europe/Paris"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_cities_and_countries_of_one_zone_are_known(place, zone):
    found = zone_of_place(place)
    assert found is not None
    assert found.key == zone


@pytest.mark.parametrize(
    "place",
    [
        "",
        "  ",
        ",",
        "Porto",
        "the countryside",
        "Paris, Texas",
        "Dublin, United States",
        "USA",
        "Portugal",
        "UTC",
        "GMT",
    ],
)
def test_what_the_database_does_not_name_for_certain_stays_unknown(place):
    assert zone_of_place(place) is None
