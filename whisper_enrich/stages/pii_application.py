"""The policy about personal data (ENRICHMENT_PII), applied to what was stored before it was in force."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

from whisper_enrich.errors import InputError
from whisper_enrich.rights.pii import Policy
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import refold
from whisper_enrich.storage import facts as facts_repository
from whisper_enrich.storage import stored_texts

_STAGES = ("facts", "summary", "rollups", "features")
_FACTS = ("fact_assertions", "fact_assertion_history", "fact_rulings")


@dataclass
class PiiResult:
    """Rows changed, by table; users whose features and caches the next run makes anew, and of how many days."""

    rows: Counter[str] = field(default_factory=Counter)
    users: int = 0
    days: int = 0


def apply_policy(ctx: StageContext, bot_name: str, *, dry_run: bool = False) -> PiiResult:
    """Mask or drop, in everything that a bot's conversations led to, what the policy in force shows no engine any more.

    Statements, quotes, summaries, digests and stored answers are changed in place, and facts folded anew; features and caches are
    left to the next run, which makes them from the messages. Raises `InputError` where the policy keeps texts as they are,
    `LeaseHeld` while a run is at it; nothing is changed then.
    """
    policy = ctx.settings.pii_policy
    if not policy.changes_texts:
        raise InputError(
            f"ENRICHMENT_PII={policy.name} keeps what is stored as it is. Set it to mask or drop, for all kinds or some, first."
        )
    result = PiiResult()
    with ExitStack() as held:
        mine = [held.enter_context(ctx.lease(f"{bot_name}/{stage}")) for stage in _STAGES]
        with ctx.database.begin() as connection:
            for lease in mine:
                ctx.confirm(connection, lease)
            concerned: set[str] = set()
            for table in stored_texts.TEXTS:
                shown = _masked if table == "model_answers" else _applied
                result.rows[table], users = stored_texts.change(
                    connection, table, bot_name, lambda words, shown=shown: shown(policy, words),
                    drop_blank=table in _FACTS, dry_run=dry_run,
                )  # fmt: skip
                concerned |= users
                if table in _FACTS and users and not dry_run:
                    facts_repository.lock_users(connection, bot_name, users)
            for table in stored_texts.MADE_ANEW:
                concerned |= stored_texts.holders(
                    connection, table, bot_name, lambda words: bool(policy.applied(words).pieces)
                )
            if concerned and not dry_run:
                refold(connection, bot_name, sorted(concerned))
                result.days = stored_texts.ask_anew(connection, bot_name, concerned)
            result.users = len(concerned)
    return result


def _applied(policy: Policy, words: str) -> str:
    applied = policy.applied(words)
    return applied.text.strip() if applied.pieces else words


def _masked(policy: Policy, answer: str) -> str:
    """A raw answer stays the JSON that it is: what is to be dropped is masked in it."""
    return policy.masking.applied(answer).text
