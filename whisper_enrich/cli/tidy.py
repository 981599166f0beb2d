"""`tidy`: what is past its time, and dropping it."""

from __future__ import annotations

from uuid import uuid4

import click

from whisper_enrich.cli.console import out, table, warn
from whisper_enrich.cli.instance import dagster_instance
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.stages.tidying import Finding


@click.command()
@click.option("--apply", "apply_it", is_flag=True, help="Drop it. Without this nothing is changed.")
@click.option("--facts/--no-facts", default=True, help="Also fold the facts of all users anew.  [default: facts]")
def tidy(apply_it: bool, facts: bool) -> None:
    """Show what is past its time, rule by rule; with --apply, put away and drop it.

    The nightly schedule does the same, and changes something only where TIDY_APPLY is set. Nothing that a rerun needs goes: the
    ledger, assertions, facts and summaries stay. Of Dagster's log, what tells the status of a partition stays.
    """
    from whisper_enrich.automation.dagster_events import finding_of
    from whisper_enrich.stages.tidying import archive_summaries, consolidate_facts, drop_records

    dry_run = not apply_it
    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context(f"tidy-{uuid4()}")
        findings = [archive_summaries(ctx, dry_run=dry_run), *drop_records(ctx, dry_run=dry_run)]
        if facts:
            findings.append(consolidate_facts(ctx, dry_run=dry_run))
        with dagster_instance(ctx.settings) as instance:
            findings.append(finding_of(instance, ctx.settings.dagster_events_days, ctx.clock(), dry_run=dry_run))
    _print(findings, apply_it)


def _print(findings: list[Finding], applied: bool) -> None:
    shown = table("rule", "kept for", "what", "#done" if applied else "#past its time")
    for finding in findings:
        for number, (what, rows) in enumerate(finding.rows.items()):
            first = number == 0
            shown.add_row(
                finding.rule if first else "", finding.kept_for if first else "", what, f"{rows:,}" if rows else "·"
            )
    out.print(shown)
    for finding in findings:
        if finding.remark:
            warn(f"{finding.rule}: {finding.remark}.")
    if not applied:
        total = sum(finding.total for finding in findings)
        out.print("Nothing was changed. Next: whisper-enrich tidy --apply" if total else "Nothing is past its time.")
