"""What is asked about facts stays short, and its schema is one that strict structured output takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from whisper_enrich.facts.asked import FACTS_INSTRUCTIONS, FACTS_SCHEMA, PROMPT_VERSION, FactsPart
from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich_tests.facts.grounding_builders import item

# Paid with every call; a token is about four characters.
MAX_INSTRUCTIONS = 330 * 4
MAX_SCHEMA = 250 * 4


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def test_instructions_and_schema_stay_within_their_budget():
    assert len(FACTS_INSTRUCTIONS) <= MAX_INSTRUCTIONS
    assert len(json.dumps(FACTS_SCHEMA, separators=(",", ":"))) <= MAX_SCHEMA


def test_the_instructions_name_every_attribute():
    assert ATTRIBUTES.keys() <= set(FACTS_INSTRUCTIONS.split())


def test_every_object_of_the_schema_requires_all_of_its_fields_and_allows_no_other():
    objects = list(_objects(FACTS_SCHEMA))
    assert len(objects) == 2
    for found in objects:
        assert found["required"] == list(found["properties"])
        assert found["additionalProperties"] is False


def test_the_schema_has_no_references_and_closed_sets_where_there_are_such():
    assert "$ref" not in json.dumps(FACTS_SCHEMA)
    fields = FACTS_SCHEMA["properties"]["facts"]["items"]["properties"]
    assert fields["category"]["enum"] == [category.value for category in Category]
    assert fields["polarity"]["enum"] == [polarity.value for polarity in Polarity]
    assert fields["tense"]["enum"] == [tense.value for tense in Tense]
    assert fields["question_line"] == {"type": ["integer", "null"]}


def test_the_prompt_has_a_short_version():
    assert len(PROMPT_VERSION) == 10
    assert int(PROMPT_VERSION, 16) >= 0


def test_an_answer_may_say_that_there_are_no_facts():
    assert FactsPart.model_validate({"facts": []}).facts == []


def test_a_part_of_a_date_is_its_first_or_last_day():
    answered = item("{user} lived in Rome", "Rome", holds_from="2023", holds_to="2024-02")
    assert (answered.holds_from, answered.holds_to) == (date(2023, 1, 1), date(2024, 2, 29))
    assert item("{user} lived in Rome", "Rome", holds_from="").holds_from is None


@pytest.mark.parametrize(
    "change", [{"holds_from": "soon"}, {"confidence": "nan"}, {"category": "gossip"}, {"line": None}]
)
def test_what_does_not_fit_the_schema_is_no_answer(change):
    with pytest.raises(ValidationError):
        item("{user} lives in Rome", "Rome", **change)


def test_an_unknown_field_is_no_answer():
    with pytest.raises(ValidationError):
        FactsPart.model_validate({"facts": [], "notes": "none"})
