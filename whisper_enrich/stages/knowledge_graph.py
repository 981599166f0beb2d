"""Publishing current facts into the platform's knowledge graph, user by user.

What is known of a user from all bots is one set of relationships: what is missing in the graph is written, what has changed
is brought up to date, what holds no longer is withdrawn. Relationships that the platform wrote itself stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import itemgetter

from sqlalchemy import Connection

from whisper_enrich.facts.graph import ENTITY_TYPES, RELATIONS, Relation, relation_of
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import knowledge_graph as repository
from whisper_enrich.storage.knowledge_graph import US, Entry, Graph, Key, KnownFact, Refused


@dataclass
class GraphResult:
    """Users and relationships by what became of them. ``left_out`` are facts, by reason; ``refused`` relationships, by the
    kind of error; ``found`` is False where this database has no graph that could be written."""

    found: bool = True
    users: int = 0
    users_unknown: int = 0
    published: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    of_the_platform: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def publish_days(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, GraphResult]:
    """For the users who said something on these UTC days; each counts for the latest of them."""
    with ctx.database.connect() as connection:
        users = repository.users_by_last_day(connection, bot.bot_name, days)
    return {day: publish(ctx, [user for user, last in users.items() if last == day]) for day in days}


def publish_all(ctx: StageContext, bot: BotCollection) -> GraphResult:
    """For everybody of whom this bot knows something, or of whom the graph says so: what a person has ruled on, what was
    erased, and what has expired is withdrawn here."""
    with ctx.database.connect() as connection:
        if repository.find_graph(connection) is None:
            return GraphResult(found=False)
        users = {
            *repository.users_with_facts(connection, bot.bot_name),
            *repository.users_published(connection, bot.bot_name),
        }
    return publish(ctx, sorted(users))


def publish(ctx: StageContext, users: Sequence[str]) -> GraphResult:
    """Make the graph say what is known of these users now, in a transaction each."""
    result = GraphResult()
    with ctx.database.connect() as connection:
        graph = repository.find_graph(connection)
        if graph is None:
            return GraphResult(found=False)
        known = repository.users_known(connection, graph, users)
        words = _Vocabulary.of(connection)
    result.users_unknown = len(users) - len(known)
    for user_id in users:
        if user_id in known:
            result.users += 1
            with ctx.database.begin() as connection:
                _publish_user(connection, graph, words, ctx, user_id, result)
    return result


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What the constraints of this database let through: by kind of entity its type, and the relations."""

    types: Mapping[str, str]
    relations: frozenset[str]

    @classmethod
    def of(cls, connection: Connection) -> _Vocabulary:
        wanted = {kind: (*types, *ENTITY_TYPES["anything"]) for kind, types in ENTITY_TYPES.items()}
        allowed = repository.allowed(connection, "entity_type", sorted({t for types in wanted.values() for t in types}))
        types = {kind: next((t for t in types if t in allowed), None) for kind, types in wanted.items()}
        return cls(
            {kind: name for kind, name in types.items() if name is not None},
            repository.allowed(connection, "relationship_type", sorted(RELATIONS)),
        )


def _publish_user(
    connection: Connection, graph: Graph, words: _Vocabulary, ctx: StageContext, user_id: str, result: GraphResult
) -> None:
    repository.take_turn(connection, user_id)
    facts, private = repository.known_facts(connection, user_id, private=ctx.settings.knowledge_graph_scope == "all")
    result.left_out["private"] += private
    wanted = _entries(facts, words, ctx.clock(), result)
    there = repository.stored(connection, graph, user_id)
    for key, entry in wanted.items():
        try:
            if key not in there:
                repository.insert(connection, graph, user_id, key, entry)
                result.published += 1
            elif there[key].metadata is None:
                result.of_the_platform += 1
            elif repository.says_the_same(graph, there[key], entry):
                result.unchanged += 1
            else:
                repository.update(connection, graph, user_id, key, there[key], entry)
                result.changed += 1
        except Refused as refusal:
            result.refused[refusal.reason] += 1
    for key, old in there.items():
        if old.metadata is not None and key not in wanted and old.confidence > 0:
            try:
                repository.withdraw(connection, graph, user_id, key, old)
                result.withdrawn += 1
            except Refused as refusal:
                result.refused[refusal.reason] += 1


def _entries(facts: Iterable[KnownFact], words: _Vocabulary, now: datetime, result: GraphResult) -> dict[Key, Entry]:
    """The relationships that the facts come to; what several facts say is one, as sure as the surest, which also spells it."""
    said: dict[Key, list[tuple[KnownFact, str]]] = {}
    for fact in facts:
        relation = relation_of(fact, now)
        if not isinstance(relation, Relation):
            result.left_out[relation.value] += 1
        elif relation.name not in words.relations or relation.kind not in words.types:
            result.left_out["not_allowed"] += 1
        else:
            key = (relation.name, words.types[relation.kind], relation.entity.casefold())
            said.setdefault(key, []).append((fact, relation.entity))
    entries = {}
    for (relation, kind, _), alike in sorted(said.items(), key=itemgetter(0)):
        _, spelt = max(alike, key=lambda one: _sureness(one[0]))
        entries[relation, kind, spelt] = _entry([fact for fact, _ in alike])
    return entries


def _sureness(fact: KnownFact) -> tuple[float, datetime, str, str]:
    return fact.confidence, fact.last_said_at, fact.bot_name, fact.value


def _entry(alike: Sequence[KnownFact]) -> Entry:
    surest = max(alike, key=_sureness)
    return Entry(
        surest.category, round(surest.confidence, 3), surest.bot_name,
        {
            "published_by": US,
            "bots": sorted({fact.bot_name for fact in alike}),
            "first_said_at": min(fact.first_said_at for fact in alike).astimezone(UTC).isoformat(),
            "last_said_at": max(fact.last_said_at for fact in alike).astimezone(UTC).isoformat(),
        },
    )  # fmt: skip
