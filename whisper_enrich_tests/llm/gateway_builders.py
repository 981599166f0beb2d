"""A client that answers from a script, and gateways over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import Answer, Prompt, Usage
from whisper_enrich.stages.context import StageContext

GOOD = json.dumps({"facts": ["lives in Lisbon"]})
BAD = json.dumps({"facts": "lives in Lisbon"})


def answer(text: str = GOOD, *, tokens_in: int = 300, out: int = 40, cost: Decimal | None = None) -> Answer:
    """An answer with its figures."""
    return Answer(text, "acme/small-2", "stop", Usage(tokens_in, out, 100, cost), 0.25)


Step = Answer | Exception | Callable[[], Answer]


class ScriptedClient:
    """Gives the steps in order, then the last one again; remembers what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self._lock = threading.Lock()
        self.asked: list[tuple[str, str, tuple[str, str] | None]] = []

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        with self._lock:
            self.asked.append((prompt.material, structured, correction))
            step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step


def gateway_over(ctx: StageContext, *steps: Step, **settings: Any) -> tuple[Gateway, ScriptedClient]:
    """A gateway of a run, and its client."""
    from whisper_enrich_tests.storage.model_builders import with_settings

    client = ScriptedClient(*steps)
    return Gateway(client, ctx.database, with_settings(ctx.settings, **settings), ctx.clock), client


def facts(data: Any) -> list[str]:
    """A parser of answers: a list of facts."""
    if not isinstance(data, dict) or not isinstance(data.get("facts"), list):
        raise ValueError("facts is to be a list")
    return data["facts"]
