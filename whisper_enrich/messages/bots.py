"""Which collection belongs to which bot: names, prefixes, aliases and the old ``_7d`` collections."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from whisper_enrich.errors import InputError
from whisper_enrich.messages.store import BotCollection, UnreadCollection

MAX_BOT_NAME = 100
"""``bot_name`` is varchar(100) in every table of the contract."""

SUMMARIES_PREFIX = "whisperengine_summaries_"
"""Collections that hold the vectors of a bot's summaries: never messages, whatever prefixes are configured."""

_OLD_SUFFIX = "_7d"
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")


def normalise_bot_name(raw: str) -> str:
    """The bot name that the platform makes of a configured name, as it stands in collection names.

    Lower case, stripped; one ``bot_`` prefix or else one ``_bot`` suffix dropped; spaces to ``_``; all but
    ``[a-z0-9_-]`` dropped; runs of ``_`` and ``-`` collapsed to one ``_``. Empty where nothing is left.
    """
    name = raw.lower().strip()
    name = name.removeprefix("bot_") if name.startswith("bot_") else name.removesuffix("_bot")
    name = re.sub(r"[^a-z0-9_-]", "", name.replace(" ", "_"))
    return re.sub(r"[_-]+", "_", name)


def bot_of_collection(name: str, prefixes: Sequence[str]) -> str | None:
    """The bot that a collection or alias name stands for; None for a bare prefix, a foreign name, or what is no slug.

    The longest prefix that fits counts. A prefix is meant with its separator: ``chat_memories`` is ``chat_memories_``.
    """
    rest = None if name.startswith(SUMMARIES_PREFIX) else _without_prefix(name, prefixes)
    if rest is None or rest == _OLD_SUFFIX[1:]:
        return None
    bot = rest.removesuffix(_OLD_SUFFIX)
    return bot if len(bot) <= MAX_BOT_NAME and _SLUG.fullmatch(bot) else None


def collection_of_bot(bot_name: str, prefixes: Sequence[str]) -> str:
    """The name of a new collection for a bot, under the first prefix. Raises `InputError` where the name is no slug."""
    name = _separated(prefixes[0]) + bot_name
    if bot_of_collection(name, prefixes) != bot_name:
        raise InputError(
            f"{bot_name!r} cannot be a bot's name. Use lower-case letters, digits, _ and -, at most {MAX_BOT_NAME} "
            f"characters, and no {_OLD_SUFFIX} at the end."
        )
    return name


def summaries_collection(bot_name: str) -> str:
    """The name of the collection with the vectors of a bot's summaries. Raises `InputError` where the name is no slug."""
    if not (_SLUG.fullmatch(bot_name) and len(bot_name) <= MAX_BOT_NAME):
        raise InputError(f"{bot_name!r} cannot be a bot's name. Use lower-case letters, digits, _ and -.")
    return SUMMARIES_PREFIX + bot_name


def discover(
    collections: Collection[str], aliases: Mapping[str, str], prefixes: Sequence[str]
) -> tuple[list[BotCollection], list[UnreadCollection]]:
    """One physical collection for each bot, sorted by bot; and what lies under our prefixes but is not read.

    ``collections`` are physical names, ``aliases`` maps an alias to a physical name. A collection belongs to the bot
    that its own name gives, else to the bot of the first alias (by name) that points at it. Of several collections of
    one bot the one that an alias of that bot points at is read, else the one without ``_7d``, else the one under the
    earlier prefix, else the first by name.
    """
    collections = [name for name in collections if not name.startswith(SUMMARIES_PREFIX)]
    aliases_of: dict[str, list[str]] = defaultdict(list)
    for alias, physical in sorted(aliases.items()):
        if not physical.startswith(SUMMARIES_PREFIX) and bot_of_collection(alias, prefixes) is not None:
            aliases_of[physical].append(alias)
    owners = {
        name: owner
        for name in sorted(collections)
        if (owner := _owner(name, aliases_of.get(name, ()), prefixes)) is not None
    }
    candidates: dict[str, list[str]] = defaultdict(list)
    for name, bot in owners.items():
        candidates[bot].append(name)
    bots, unread = [], []
    for bot, names in sorted(candidates.items()):
        chosen, *others = sorted(names, key=lambda name: _preference(name, bot, aliases_of, prefixes))
        bots.append(BotCollection(bot, chosen))
        unread += [UnreadCollection(other, f"bot {bot} is read from {chosen}") for other in others]
    unread += _misnamed(collections, owners, prefixes) + _misleading_aliases(aliases_of, owners, prefixes)
    return bots, sorted(unread, key=lambda item: (item.collection, item.reason))


def _separated(prefix: str) -> str:
    return prefix if prefix.endswith(("_", "-")) else prefix + "_"


def _without_prefix(name: str, prefixes: Sequence[str]) -> str | None:
    fitting = [prefix for prefix in map(_separated, prefixes) if name.startswith(prefix)]
    return name[len(max(fitting, key=len)) :] if fitting else None


def _owner(name: str, its_aliases: Sequence[str], prefixes: Sequence[str]) -> str | None:
    own = bot_of_collection(name, prefixes)
    return own if own or not its_aliases else bot_of_collection(its_aliases[0], prefixes)


def _preference(
    name: str, bot: str, aliases_of: Mapping[str, Sequence[str]], prefixes: Sequence[str]
) -> tuple[bool, bool, int, str]:
    aliased = any(bot_of_collection(alias, prefixes) == bot for alias in aliases_of.get(name, ()))
    rank = next((rank for rank, prefix in enumerate(prefixes) if name.startswith(_separated(prefix))), len(prefixes))
    return (not aliased, name.endswith(_OLD_SUFFIX), rank, name)


def _misnamed(
    collections: Collection[str], owners: Mapping[str, str], prefixes: Sequence[str]
) -> list[UnreadCollection]:
    """Collections under a prefix whose rest is no bot name. The bare old name ``<prefix>_7d`` is no news."""
    return [
        UnreadCollection(name, "what follows the prefix is no bot name (lower-case letters, digits, _ and -)")
        for name in collections
        if name not in owners and _without_prefix(name, prefixes) not in (None, _OLD_SUFFIX[1:])
    ]


def _misleading_aliases(
    aliases_of: Mapping[str, Sequence[str]], owners: Mapping[str, str], prefixes: Sequence[str]
) -> list[UnreadCollection]:
    """Aliases of one bot that point at the collection of another, or at nothing: their bot is not read through them."""
    found = []
    for physical, its_aliases in aliases_of.items():
        owner = owners.get(physical)
        for alias in its_aliases:
            if owner is None:
                found.append(UnreadCollection(alias, f"it is an alias of {physical}, which does not exist"))
            elif bot_of_collection(alias, prefixes) != owner:
                found.append(UnreadCollection(alias, f"it is an alias of {physical}, which is read for bot {owner}"))
    return found
