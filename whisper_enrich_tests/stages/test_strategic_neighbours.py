"""A user's strategic rows are made of that user's messages alone."""

from __future__ import annotations

from sqlalchemy import text

from whisper_enrich_tests.builders import contents, enrich
from whisper_enrich_tests.stages.test_strategic import strategic, week


def rows_of(ctx, user: str) -> dict[str, list[tuple]]:
    """Features, caches and snapshots of a user, without clocks."""
    tables = {name: rows for name, rows in contents(ctx).items() if name.startswith("strategic_")}
    return {name: [row for row in rows if user in row] for name, rows in tables.items()}


def test_what_others_say_changes_none_of_a_users_rows(ctx, elena, clock):
    ctx.store.upsert(elena.collection, week("ana"))
    enrich(ctx, elena)
    strategic(ctx, elena)
    alone = rows_of(ctx, "ana")
    assert all(alone.values())
    clock.forward(minutes=1)
    other = ctx.store.create_collection("marcus")
    for bot in (elena, other):
        ctx.store.upsert(bot.collection, [p for user, hour in (("ben", 9), ("aaa", 13)) for p in week(user, hour)])
        enrich(ctx, bot)
        strategic(ctx, bot)
    assert rows_of(ctx, "ana") == alone
    with ctx.database.begin() as connection:
        for name in alone:
            connection.execute(text(f"TRUNCATE {name}"))
    clock.forward(minutes=-1)
    strategic(ctx, elena)
    assert rows_of(ctx, "ana") == alone
