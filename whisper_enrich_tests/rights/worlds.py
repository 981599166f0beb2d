"""A world in which one person's id, name and every word of theirs occur nowhere else, gone through everything that stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import text

from whisper_enrich.assets.engines import derive_facts, derive_summaries
from whisper_enrich.llm.types import Purpose, Usage
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import model_answers, model_batches, model_calls, profiles
from whisper_enrich.storage.model_batches import Batch, BatchRequest
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich_tests.builders import at, chat, due, said
from whisper_enrich_tests.requesting import ask_for
from whisper_enrich_tests.storage.model_builders import errand, prompt, settle

PERSON = "731777000111222333"
NAME = "Zerelda"
WORDS = ("quillabamba", "wrenfield", "dulcimerist", "axolotl", "huckaback", "zerelda", PERSON)
"""What is theirs alone, in lower case."""

DAYS = ("2026-03-16", "2026-03-17")
TALK = [
    "I live in Quillabamba.", "Lovely!", "I work as a dulcimerist in Wrenfield.", "Since when?",
    "I love my axolotl. What should I feed my axolotl?", "Worms, mostly.", "I promise to weave the huckaback tomorrow.", "Good.",
]  # fmt: skip
LATER = ["I moved to Huckaback.", "When?", "I adopted an axolotl.", "How nice."]


def conversation(user: str = PERSON, days: Sequence[str] = DAYS, *, hour: int = 9) -> list[Point]:
    """The same talk on each day; the last day also in a dm."""
    private = chat(days[-1], LATER, user=user, channel="dm", hour=hour + 3)
    reaction = said(
        "❤️", at(f"{days[-1]} 15:00"), user=user, interaction_type="emoji_reaction", emotion_type="positive_mild"
    )
    unreadable = said("", at(f"{days[-1]} 16:00"), user=user, content=17, name=f"unreadable/{user}")
    return [p for day in days for p in chat(day, TALK, user=user, hour=hour)] + private + [reaction, unreadable]


def run_everything(ctx: StageContext, bot: BotCollection) -> list[date]:
    """Every stage over what waits, as a run does."""
    take_in(ctx, bot)
    mark_left_out(ctx, bot)
    days = due(ctx, bot)
    if days:
        derive_facts(ctx, bot, days, None, with_summaries=True)
        derive_summaries(ctx, bot, days, None)
        complete_days(ctx, bot, days)
    days = days or [ctx.clock().date()]
    bring_features_up_to_date(ctx, bot, days)
    for cache in sorted(BY_NAME):
        compute_caches(ctx, bot, days, cache)
    roll_up(ctx, bot.bot_name)
    return days


def populate(ctx: StageContext, bot: BotCollection) -> None:
    """Two people through everything, of whom one is the person."""
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, PERSON, display_name=NAME, time_zone="Europe/Lisbon")
    ctx.store.upsert(
        bot.collection, conversation() + chat(DAYS[0], ["I live in Porto.", "Oh.", "I like tea."] * 2, user="ben")
    )
    run_everything(ctx, bot)
    # A day that is told of late, an earlier engine, a person's ruling.
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO fact_assertion_history SELECT a.*, now(), 'older' FROM fact_assertions a WHERE user_id = :user"
            ),
            {"user": PERSON},
        )
    ask_for(ctx, PERSON, bot.bot_name)
    _report(ctx, bot.bot_name)
    _ask_a_model(ctx, bot.bot_name)
    with ctx.database.begin() as connection:
        profiles.set_profile(connection, PERSON, model_opt_out=True)


def _report(ctx: StageContext, bot_name: str) -> None:
    """What a bot tells, and what is noted on the way."""
    values = {"user": PERSON, "bot": bot_name, "now": ctx.clock()}
    with ctx.database.begin() as connection:
        for statement in (
            "INSERT INTO message_touches (bot_name, user_id, at) VALUES (:bot, :user, :now)",
            "INSERT INTO feedback (bot_name, user_id, at, score, kind) VALUES (:bot, :user, :now, 1, 'quillabamba')",
            "INSERT INTO stale_windows (bot_name, user_id, day, reason) VALUES (:bot, :user, CAST(:now AS date), 'x')",
            "INSERT INTO fact_redone VALUES (:bot, 'p', 'older', :user, :now)",
            "INSERT INTO fact_rulings (bot_name, user_id, ruling, category, attribute, value, statement, tense, scope, "
            "point_ids, source_collection, ruled_at, ruled_by) VALUES (:bot, :user, 'reject', 'place', 'lives_in', 'Wrenfield', "
            "'{user} lives in Wrenfield.', 'present', 'shared', '{}', 'c', :now, 'x')",
        ):
            connection.execute(text(statement), values)


def _ask_a_model(ctx: StageContext, bot_name: str) -> None:
    """A call that was answered, and one that waits in a batch beside another person's."""
    settings = ctx.settings.model_copy(update={"llm_prices": {}})
    now = ctx.clock()
    mine, theirs = errand(bot_name, PERSON), errand(bot_name, "ben")
    with ctx.database.begin() as connection:
        answered = model_calls.reserve(connection, mine, prompt("axolotl"), 100, settings, now)
        waiting = [
            model_calls.reserve(
                connection, replace(one, run_id="batch-1"), prompt(f"batch {one.user_id}"), 100, settings, now
            )
            for one in (mine, theirs)
        ]
        model_answers.store(connection, mine, prompt("axolotl"), answered, '{"facts": ["Quillabamba"]}', now)
        requests = tuple(
            BatchRequest(call, f"key-{call}", Purpose.FACTS, one, "p1", "acme/small", "json_schema", 100, 100)
            for call, one in zip(waiting, (mine, theirs), strict=True)
        )
        model_batches.insert(
            connection, Batch("00000000-0000-4000-8000-000000000001", bot_name, "batch-1", "http://x", now, requests)
        )
    settle(ctx, answered, now, Usage(10, 10))


def traces(ctx: StageContext, words: Sequence[str] = WORDS) -> dict[str, int]:
    """By table and word, how many rows hold it in any column, whatever its type."""
    found: dict[str, int] = {}
    with ctx.database.connect() as connection:
        names = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(:schema) AND relkind IN ('r', 'p')"
            ),
            {"schema": ctx.database.schema},
        )
        for table in names.scalars().all():
            for row in connection.execute(text(f"SELECT lower(CAST(t AS text)) FROM {table} t")).scalars():
                for word in words:
                    if word in row or word.encode().hex() in row:
                        found[f"{table}: {word}"] = found.get(f"{table}: {word}", 0) + 1
    return found


def tables_in(found: dict[str, int]) -> set[str]:
    """The tables of `traces`."""
    return {key.partition(":")[0] for key in found}
