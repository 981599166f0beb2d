"""What is usual for each trait, and which traits are reliable enough to be reported.

The figures are in ``priors/trait_norms.json``. ``benchmarks/traits.py --write`` renews it: norms come from the sample
conversations alone (their speakers weigh the same); reliability is that over all speakers at hand, the LoCoMo
conversations among them where they are there, on which nothing was fitted (`whisper_enrich.strategic.reliability`).

A trait with a reliability under `RELIABLE_FROM` is scored and stored, and not reported; `LEFT_OUT` says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from whisper_enrich.strategic.history import TRAITS
from whisper_enrich.strategic.traits import RELIABLE_FROM


@dataclass(frozen=True, slots=True)
class TraitNorm:
    """``shown_from``: score from which a turn shows the trait clearly; ``usual_share``: share of the sample's turns that do.

    ``reliability`` with its 95% interval ``low``..``high``; ``verbosity_correlation`` over speakers;
    ``beyond_verbosity``: reliability of what verbosity does not foretell.
    """

    shown_from: float
    usual_share: float
    reliability: float
    low: float
    high: float
    verbosity_correlation: float
    beyond_verbosity: float | None

    @property
    def reliable(self) -> bool:
        return self.reliability >= RELIABLE_FROM


def _load() -> Mapping[str, TraitNorm]:
    text = (
        resources.files("whisper_enrich.strategic").joinpath("priors", "trait_norms.json").read_text(encoding="utf-8")
    )
    recorded = json.loads(text)["traits"]
    return MappingProxyType({trait: TraitNorm(**recorded[trait]) for trait in TRAITS})


NORMS: Mapping[str, TraitNorm] = _load()
RELIABLE_TRAITS: frozenset[str] = frozenset(trait for trait, norm in NORMS.items() if norm.reliable)
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        trait: f"split-half reliability {norm.reliability:.2f} is under {RELIABLE_FROM}"
        for trait, norm in NORMS.items()
        if not norm.reliable
    }
)
