"""`rollup` and `summaries`: what a week or month with a user came to."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

import click
from rich.markup import escape

from whisper_enrich.cli.console import out, step, warn
from whisper_enrich.cli.enrich import chosen_bots
from whisper_enrich.errors import InputError
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage.rollups import StoredRollup, rollups_of
from whisper_enrich.summaries.rollups import Kind, Period, month_of, week_of

_MONTH = re.compile(r"(\d{4})-(\d{2})")
STATES = {"provisional": "stands in until the model is asked again", "degraded": "stands in, since the model failed"}


class Month(click.ParamType):
    """A calendar month: YYYY-MM."""

    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        match = _MONTH.fullmatch(str(value))
        if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
            raise InputError(f"'{value}' is no month. Write it as YYYY-MM, e.g. 2026-10.")
        return month_of(date(int(match[1]), int(match[2]), 1))


class Week(click.ParamType):
    """The ISO week of a day: any of its days as YYYY-MM-DD."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return week_of(date.fromisoformat(str(value)))
        except ValueError:
            raise InputError(f"'{value}' is no date. Write any day of the week as YYYY-MM-DD.") from None


@click.command()
@click.option("--bot", "bots", multiple=True, help="Only this bot; may be given several times.  [default: all]")
@click.option("--stale", is_flag=True, help="Also redo digests of another engine, model or prompt.")
def rollup(bots: tuple[str, ...], stale: bool) -> None:
    """Bring the digests of weeks and months up to date. Also runs every night."""
    from whisper_enrich.stages.rollups import roll_up

    with opened(Pipeline()) as pipeline:
        run_id = f"rollup-{uuid4()}"
        ctx = pipeline.context(run_id)
        ask = pipeline.gateway(run_id).ask if ctx.settings.uses_model else None
        for bot in chosen_bots(pipeline, bots):
            result = roll_up(ctx, bot.bot_name, ask, stale=stale)
            step(
                f"{bot.bot_name}: {result.written} digests written ({result.weeks} weeks and {result.months} months looked "
                f"at), {result.removed} removed."
            )
            if result.stand_ins:
                warn(f"{result.stand_ins} digests of {bot.bot_name} stand in for the model's and are redone next time.")
            if result.halt is not None:
                raise result.halt
    out.print("Next: whisper-enrich summaries --bot BOT --user USER --month YYYY-MM")


@click.command()
@click.option("--bot", required=True, help="The bot.")
@click.option("--user", "user_id", required=True, help="The user's id.")
@click.option("--month", type=Month(), help="Only this calendar month: YYYY-MM.")
@click.option("--week", type=Week(), help="Only the ISO week of this day: YYYY-MM-DD.")
def summaries(bot: str, user_id: str, month: Period | None, week: Period | None) -> None:
    """What a week or month with a user came to: one digest a period, those of dms apart."""
    if month and week:
        raise InputError("--month and --week exclude each other. Give one of them.")
    wanted = month or week
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("summaries")
        chosen_bots(pipeline, [bot])
        with pipeline.database.connect() as connection:
            rows = rollups_of(connection, bot, user_id, wanted)
    if not rows:
        when = f" for {wanted.title}" if wanted else ""
        out.print(f"There is no digest of '{escape(user_id)}' with {escape(bot)}{when}. Next: whisper-enrich rollup")
        return
    for row in rows:
        _print_row(row)


def _print_row(row: StoredRollup) -> None:
    period = f"{row.start:%Y-%m}" if row.kind is Kind.MONTH else f"{row.start} to {row.last_day}"
    out.print(
        f"[bold]{row.kind} {period}[/] · {row.scope} · {row.window_count} summaries, {row.message_count} messages"
    )
    out.print(escape(row.summary_text), soft_wrap=True)
    for title, entries in (
        ("topics", row.key_topics), ("decisions", row.decisions), ("open questions", row.open_questions),
    ):  # fmt: skip
        if entries:
            out.print(f"[dim]{title}:[/] {escape('; '.join(entries))}", soft_wrap=True)
    figures = [
        f"tone {row.emotional_tone}" if row.emotional_tone else "no tone known",
        f"confidence {row.confidence_score:.2f}" if row.confidence_score is not None else "no confidence",
        row.engine_version, f"as of {row.updated_at:%Y-%m-%d %H:%M} UTC",
    ]  # fmt: skip
    if row.state in STATES:
        figures.append(STATES[row.state])
    out.print(f"[dim]{escape(', '.join(figures))}[/]\n", soft_wrap=True)
