"""A person rejects or corrects a fact: the ruling is stored and everything folded anew in one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from whisper_enrich.errors import InputError
from whisper_enrich.facts.attributes import normalise
from whisper_enrich.facts.fold import Fact, fold
from whisper_enrich.facts.merge import STATEMENT, spell
from whisper_enrich.facts.rulings import Ruling, RulingKind
from whisper_enrich.messages.model import Scope
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import refold
from whisper_enrich.storage import fact_rulings, profiles
from whisper_enrich.storage import facts as repository
from whisper_enrich.storage.facts import KnownFact


def chosen_fact(facts: Sequence[KnownFact], which: str) -> KnownFact:
    """The fact meant by its number or by its words (or some of them). Raises `InputError` for none and for several.

    Of what shared channels are told apart, words mean something only where nothing else has them.
    """
    if which.isdigit():
        found = [fact for fact in facts if fact.id == int(which)]
    else:
        wanted = which.strip().casefold()
        looks = [(apart, part) for apart in (False, True) for part in (False, True)]
        found = next(filter(None, (_with_words(facts, wanted, *look) for look in looks)), [])
    if not found:
        raise InputError(f"No current fact is '{which}'. `whisper-enrich fact list` shows them with their numbers.")
    if len(found) > 1:
        numbers = ", ".join(str(fact.id) for fact in found[:5])
        raise InputError(f"{len(found)} facts fit '{which}' (numbers {numbers}). Give a number.")
    return found[0]


def _with_words(facts: Sequence[KnownFact], wanted: str, apart: bool, part: bool) -> list[KnownFact]:
    said = ((fact, fact.content.casefold()) for fact in facts if fact.apart is apart)
    return [fact for fact, content in said if (wanted in content if part else wanted == content)]


def rule(
    ctx: StageContext, known: KnownFact, by: str, statement: str | None = None, value: str | None = None
) -> Ruling:
    """Reject a fact, or correct it where a statement is given, and fold the user anew.

    A correction of a fact with a value needs the new value unless the statement still holds the old one. Raises
    `InputError`, also where the fact has changed since it was listed.
    """
    bot_name, user_id = known.bot_name, known.user_id
    with ctx.database.begin() as connection:
        repository.lock_users(connection, bot_name, [user_id])
        fact = _folded(connection, known, Scope.SHARED if known.apart else Scope.DM)
        if fact is None:
            raise InputError("That fact has changed meanwhile. List the facts again.")
        name = profiles.names_of(connection, [user_id])[user_id]
        said = _with_placeholder(statement, name) if statement is not None else None
        ruling = Ruling(
            number=0,
            bot_name=bot_name,
            user_id=user_id,
            kind=RulingKind.REJECT if said is None else RulingKind.CORRECT,
            category=fact.category,
            attribute=fact.attribute,
            value=fact.value,
            statement=fact.statement,
            tense=fact.tense,
            scope=fact.scope,
            holds_from=_known_start(connection, known, fact),
            point_ids=tuple(dict.fromkeys(piece.point_id for piece in fact.evidence)),
            ruled_at=ctx.clock(),
            ruled_by=by,
            corrected_statement=said,
            corrected_value=_corrected_value(fact, said, value) if said is not None else None,
        )
        fact_rulings.add_ruling(connection, ruling, known.source_collection)
        refold(connection, bot_name, [user_id])
    return ruling


def take_back(ctx: StageContext, bot_name: str, number: int) -> str:
    """Forget a ruling and fold its user anew; returns the user. Raises `InputError` where there is no such ruling."""
    with ctx.database.connect() as connection:
        owner = fact_rulings.owner_of(connection, bot_name, number)
    if owner is None:
        raise InputError(f"{bot_name} has no ruling {number}. `whisper-enrich fact list --rulings` shows them.")
    with ctx.database.begin() as connection:
        repository.lock_users(connection, bot_name, [owner])
        fact_rulings.remove_ruling(connection, bot_name, number)
        refold(connection, bot_name, [owner])
    return owner


def _folded(connection: Connection, known: KnownFact, told_in: Scope) -> Fact | None:
    """The fact as the fold for such a channel has it: its statement without the person's name. None where it has none."""
    stored = repository.assertions_of(connection, known.bot_name, [known.user_id])[known.user_id]
    rulings = fact_rulings.rulings_of(connection, known.bot_name, [known.user_id])[known.user_id]
    folded = fold((s.assertion for s in stored), rulings=[r.ruling for r in rulings], scope=told_in)
    return next((fact for fact in folded.facts if fact.key == known.key), None)


def _known_start(connection: Connection, known: KnownFact, fact: Fact) -> date | None:
    """Since when it holds: a correction is told wherever the fact is, and so the start that a dm told is not part of it
    unless the fact is the dm's own."""
    told = fact if fact.scope is Scope.DM else _folded(connection, known, Scope.SHARED)
    return told.valid_from if told is not None else None


def _with_placeholder(statement: str, name: str) -> str:
    """The statement with ``{user}`` for the person's name."""
    said = " ".join(statement.split())
    if not said:
        raise InputError("The corrected statement is empty.")
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "{user}", said)[: repository.MAX_FACT_LENGTH]


def _corrected_value(fact: Fact, statement: str, value: str | None) -> str:
    if value is not None:
        return normalise(value)
    if not fact.value or set(spell(fact.value, STATEMENT).words) <= set(spell(statement, STATEMENT).words):
        return fact.value
    raise InputError(
        f"The fact holds the value '{fact.value}' of '{fact.attribute}', which the new statement does not. Give the new value "
        "with --value."
    )
