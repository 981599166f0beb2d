"""The fault campaign of operations: whatever dies, fills up, goes silent or jumps, no message is lost and no row is double.

    python benchmarks/operations_faults.py                       every fault
    python benchmarks/operations_faults.py --short               some of them in 20 seconds, as the tests do
    python benchmarks/operations_faults.py --only poison --only bot-renamed

Messages of two bots are enriched on embedded engines through the sensor and the Dagster job that it requests. Each fault
has a database schema, a store and a Dagster instance of its own, and is followed by the same checks:

1. No message is lost: every point of the store is in the ledger as done, waiting, left out or set aside, with its reason, or
   bears no mark and is still to come; the marks in the store are those in the ledger.
2. No row is double, and all rows are those of a world that nothing befell.
3. What happened is said in a plain sentence, by the run that failed or by the tick.
4. The sensor alone goes on: what it requests is run, until nothing waits.

Ends with 1 where anything is violated. Needs root for the full disk (a small file system is mounted), else that is left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

# As the command line and the definitions do, before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
# For the processes that are started beside this one.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")])

from operations_faults_servers import SERVER_TRIALS
from operations_faults_trials import SHORT, TRIALS, Campaign, Verdict

from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.state_dir import state_dir

FULL = {**TRIALS, **SERVER_TRIALS}
ALL = {**FULL, **SHORT}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", choices=sorted(ALL), help="one fault; may be given several times")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = options.only or list(SHORT if options.short else FULL)
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-operations-"))
    home.chmod(0o711)
    postgres = EmbeddedPostgres(state_dir(home / "state"))
    postgres.acquire()
    try:
        campaign = Campaign(home, options.seed, options.short)
        verdicts = [tried(name, campaign) for name in chosen]
    finally:
        postgres.remove(force=True)
        shutil.rmtree(home)
    broken = [verdict for verdict in verdicts if verdict.violations]
    print(f"{len(verdicts)} faults, {len(broken)} with violations")
    sys.exit(1 if broken else 0)


def tried(name: str, campaign: Campaign) -> Verdict:
    """One trial, told as a row of the table."""
    started = time.perf_counter()
    verdict = ALL[name](campaign)
    result = "skipped" if verdict.skipped else "VIOLATED" if verdict.violations else "holds"
    seen = verdict.skipped or "; ".join(verdict.seen)
    print(f"{verdict.fault:<34} | {seen} | {result} ({time.perf_counter() - started:.0f} s)", flush=True)
    for violation in verdict.violations:
        print(f"    {violation[:600]}", flush=True)
    return verdict


if __name__ == "__main__":
    main()
