"""The asset that publishes into the platform's graph: there only where a setting asks for it."""

from __future__ import annotations

from dagster import AssetSelection, Definitions, define_asset_job

from whisper_enrich.assets.knowledge_graph import knowledge_graph
from whisper_enrich.assets.pending_messages import pending_messages
from whisper_enrich.assets.user_facts import user_facts
from whisper_enrich.automation.jobs import PIPELINE_ASSETS, pipeline_assets
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings


def test_it_is_part_of_every_run_where_a_setting_says_so_and_not_even_shown_else():
    assert "knowledge_graph" not in PIPELINE_ASSETS
    wanted = pipeline_assets(load_settings(knowledge_graph="on"))
    assert set(wanted) == {*PIPELINE_ASSETS, "knowledge_graph"}


def test_it_runs_over_the_partitions_of_the_facts_after_them():
    job = define_asset_job("run", AssetSelection.assets("user_facts", "knowledge_graph"))
    defs = Definitions([pending_messages, user_facts, knowledge_graph], jobs=[job], resources={"pipeline": Pipeline()})
    graph = defs.resolve_job_def("run").asset_layer.asset_graph.get(knowledge_graph.key)
    assert graph.parent_keys == {user_facts.key}
    assert graph.partitions_def == user_facts.partitions_def
