"""What a good model typically answers about one message, from ``typical_answers.jsonl``, and whether grounding keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whisper_enrich_tests.facts.grounding_builders import outcome

_FILE = Path(__file__).parent / "typical_answers.jsonl"


def typical_answers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]


def refusal(answer: Mapping[str, Any]) -> str | None:
    """Why the answer is not stored; None where it is."""
    rest = {key: answer[key] for key in ("category", "attribute", "value", "polarity", "tense")}
    found = outcome(answer["text"], answer["statement"], answer["quote"], **rest)
    return found if isinstance(found, str) else None
