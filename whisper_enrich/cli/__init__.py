"""The command line: `whisper-enrich`."""

from __future__ import annotations

import logging
import os
import sys

# Before numpy is loaded: on our small matrices a second BLAS thread costs more than it saves.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click
from sqlalchemy.exc import DBAPIError

from whisper_enrich import __version__
from whisper_enrich.assets.failures import plain
from whisper_enrich.cli import (
    alerts,
    ask,
    backup,
    batches,
    cache,
    cost,
    data,
    demo,
    enrich,
    exporter,
    fact,
    inspect,
    prompt,
    rights,
    rollups,
    serve,
    show,
    tidy,
    user,
)  # fmt: skip
from whisper_enrich.cli.console import complain
from whisper_enrich.errors import EnrichError


class _Group(click.Group):
    """Turns our errors, those of a database that breaks off, and wrong usage into one plain line and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except EnrichError as error:
            complain(str(error))
            sys.exit(1)
        except DBAPIError as error:
            complain(str(plain(error)))
            sys.exit(1)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else ctx.command_path
            complain(f"{error.format_message()} See `{command} --help`.")
            sys.exit(error.exit_code)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="whisper-enrich")
def main() -> None:
    """Derive facts and summaries from the messages of chat bots, in the cold path.

    Without any setting everything runs on this machine: an embedded PostgreSQL and an embedded Qdrant engine, kept in
    the folder .whisper-enrich. POSTGRES_HOST and QDRANT_URL (or QDRANT_HOST) name servers instead.

    \b
    First steps:
      whisper-enrich demo      load sample conversations, enrich them, show the result
      whisper-enrich up        the Dagster UI on http://127.0.0.1:3000, sensors running
      whisper-enrich status    what is done, what waits, what was set aside
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)


for command in (
    demo.demo, serve.up, data.migrate_command, data.load_command, enrich.enrich, enrich.retry, enrich.reconcile_command,
    batches.batches, inspect.status, inspect.doctor, cost.cost, fact.fact, fact.diff, fact.rollback, user.user,
    show.show, ask.ask, prompt.prompt, cache.cache, rollups.rollup, rollups.summaries, rights.forget, rights.export, rights.pii,
    tidy.tidy, backup.backup, backup.restore, exporter.exporter, alerts.alerts,
):  # fmt: skip
    main.add_command(command)
