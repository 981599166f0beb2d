"""What the assets of the nightly tidying share: the dry run, and how they tell what they found."""

from collections.abc import Sequence
from typing import Any

from dagster import Config, MaterializeResult, MetadataValue, TableRecord
from pydantic import Field

from whisper_enrich.stages.tidying import Finding


class TidyConfig(Config):
    """A run that a person launches changes nothing unless they say so; the schedule goes by TIDY_APPLY."""

    dry_run: bool = Field(True, description="Count what is past its time, and change nothing.")


def tidied(findings: Sequence[Finding], dry_run: bool, **more: Any) -> MaterializeResult:
    """What each rule found, or did."""
    records = [
        TableRecord(
            {"rule": each.rule, "kept": each.kept_for, "what": what, "rows": rows, "left out": each.remark or ""}
        )
        for each in findings
        for what, rows in each.rows.items()
    ]
    total = sum(finding.total for finding in findings)
    return MaterializeResult(
        metadata={"dry_run": dry_run, "rows": total, "rules": MetadataValue.table(records), **more}
    )
