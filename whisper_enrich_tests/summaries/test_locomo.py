"""The aim on real conversations, on one of them; `benchmarks/summaries_locomo.py` measures all."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT.parent / "shared" / "data" / "locomo" / "conv-30.json"
AIM = {"rouge1": 0.37, "rouge2": 0.085, "rougeL": 0.215}


@pytest.mark.skipif(not FILE.is_file(), reason="the LoCoMo data (CC BY-NC, not ours to ship) is not in ../shared/data")
def test_summaries_of_real_sessions_reach_the_aim() -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(list(AIM), use_stemmer=True)
    spec = importlib.util.spec_from_file_location("summaries_locomo", ROOT / "benchmarks" / "summaries_locomo.py")
    benchmark = sys.modules["summaries_locomo"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    sessions = list(benchmark.read(FILE))
    scores = [scorer.score(s.gold, benchmark.summarise_one(s).summary_text) for s in sessions]
    assert len(sessions) == 19
    for metric, aim in AIM.items():
        assert sum(score[metric].fmeasure for score in scores) / len(scores) >= aim
