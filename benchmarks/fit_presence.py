"""Fits the shipped priors for hours and pauses anew, on the sample's users and the broad shape.

python benchmarks/fit_presence.py            # prints them
python benchmarks/fit_presence.py --write    # and writes whisper_enrich/strategic/priors/presence.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from presence_sample import sample_times

from whisper_enrich.strategic.engagement_priors import as_json, refit

TARGET = ROOT / "whisper_enrich" / "strategic" / "priors" / "presence.json"


def main() -> None:
    """Print the priors, write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    users = list(sample_times().values())
    text = json.dumps(as_json(refit(users, "sample conversations of this repository")), indent=1) + "\n"
    print(text)
    if options.write:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
