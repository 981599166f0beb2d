"""`forget`, `export` and `pii` as a person types them."""

from __future__ import annotations

import json

from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich_tests.builders import enrich
from whisper_enrich_tests.cli.conftest import line, talk, write_lines


def test_a_person_is_counted_handed_out_and_forgotten(cli, home, tmp_path):
    lines = [*talk(), line("Mail me at ana@example.org.", minute=7)]
    assert cli("load", write_lines(tmp_path / "talk.jsonl", lines)).code == 0
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
        ctx = pipeline.context("run-1")
        enrich(ctx, ctx.collection_of("elena"))

    assert "Set it to mask or drop" in cli("pii", "apply").error
    assert "conversation_summaries" in cli("pii", "apply", "--dry-run", ENRICHMENT_PII="email=drop").out
    assert "say keep, model, mask or drop" in cli("pii", "apply", ENRICHMENT_PII="hide").error

    assert cli("user", "ana", "--name", "Ana Silva").code == 0
    for command in (("forget", "--dry-run"), ("forget", "--yes"), ("export",)):
        error = cli(*command, "--user", "ana silva").error
        assert "'ana silva' is a name, and nobody's id. Give the id: ana." in error
    counted = json.loads(cli("forget", "--user", "ana", "--dry-run", "--json").out)
    assert (counted["dry_run"], counted["tombstone"], counted["store"]["messages"]) == (True, None, 7)
    assert "Wrote" in cli("export", "--user", "ana", "--out", tmp_path / "ana.json").out
    assert (tmp_path / "ana.json").stat().st_mode & 0o777 == 0o600
    assert len(json.loads((tmp_path / "ana.json").read_text())["facts"]) == counted["rows"]["user_facts"] > 0

    assert cli("forget", "--user", "ana").code != 0  # nobody said yes
    receipt = json.loads(cli("forget", "--user", "ana", "--yes", "--json").out)
    assert receipt["rows"]["user_facts"] == counted["rows"]["user_facts"]
    assert any("new start" in note for note in receipt["notes"])
    assert "Lisbon" not in json.dumps(receipt)
    assert json.loads(cli("export", "--user", "ana").out)["facts"] == []
    assert "Nothing was left" in cli("forget", "--resume").out
    assert "0 tombstones" in cli("forget", "--user", "ana", "--lift").out
    assert "--user" in cli("forget").error
