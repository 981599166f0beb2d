"""The steps of the pipeline, free of Dagster: intake, facts, summaries, completion, reconciliation.

Each takes a `StageContext`, a bot's collection and a day, works in short transactions, and may be killed at any point:
what is committed is whole, what is not is done again.
"""
