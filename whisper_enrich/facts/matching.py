"""The rules applied to one clause: from words to drafts of assertions, still in the first person."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.clauses import Clause
from whisper_enrich.facts.dates import DateSpan
from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules import RULES
from whisper_enrich.facts.rules.model import Also, Rule
from whisper_enrich.facts.rules.values import cut, is_vague, items

#: How long ago a change may lie and still be news of the present ("I moved to Leeds last month").
NEWS = timedelta(days=62)
#: A clause in which more rules than this match is more often misread than rich.
MAX_PER_CLAUSE = 2


@dataclass(frozen=True, slots=True)
class Draft:
    """An assertion before it becomes one: ``statement`` in the first person, or None for the clause in its own words."""

    rule: str
    category: Category
    statement: str | None
    attribute: str
    value: str
    polarity: Polarity
    tense: Tense
    dated: bool = True


# Only of the present: "I didn't work there" ends nothing.
_NEGATION = re.compile(
    r"(?P<subject>i|we)(?:(?P<be>'m| am|'re| are) (?:\w+ )?(?:not|no longer)|(?P<have>'ve| have) (?:not|no longer)"
    r"|(?P<have_not> haven't)(?= got\b)| (?:\w+ly |just |also |still )?(?:don't|do not|no longer))"
    r" (?:really |actually |even |currently )?(?P<rest>.+)",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(
    r"\b(?:when i was|as a (?:kid|child|teen\w*)|years ago|back in|used to|originally|at first)\b", re.IGNORECASE
)
_LEFT_OF_NEGATION = re.compile(r"\b(?:any ?more|any longer|at all|yet|any)\b ?", re.IGNORECASE)


def drafts(clause: Clause, dates: list[DateSpan]) -> list[Draft]:
    """What the rules make of a clause, the first match of each attribute, by at most `MAX_PER_CLAUSE` of them."""
    positive = _without_negation(clause.text)
    found: list[Draft] = []
    rules = 0
    for rule, pattern in _candidates(clause):
        negated = positive is not None and rule.when_negated is not None
        text = positive if negated and positive is not None else clause.text
        match = pattern.match(text)
        if match is None or any(draft.attribute == rule.attribute for draft in found):
            continue
        if rule.unless and re.search(rule.unless, clause.text, re.IGNORECASE):
            continue
        if rule.needs and re.search(rule.needs, clause.text, re.IGNORECASE) is None:
            continue
        made = list(_from_rule(rule, match, clause, dates, negated))
        found.extend(made)
        rules += bool(made)
        if rules >= MAX_PER_CLAUSE:
            break
    return found


def _index() -> dict[str, list[tuple[int, Rule, re.Pattern[str]]]]:
    by_word: dict[str, list[tuple[int, Rule, re.Pattern[str]]]] = defaultdict(list)
    for order, rule in enumerate(RULES):
        pattern = rule.compiled()
        for word in rule.trigger_words():
            by_word[word].append((order, rule, pattern))
    return dict(by_word)


_BY_WORD = _index()


def _candidates(clause: Clause) -> Iterator[tuple[Rule, re.Pattern[str]]]:
    """The rules one of whose triggers stands in the clause, in the order of the table."""
    hits = {order: (rule, pattern) for word in clause.words for order, rule, pattern in _BY_WORD.get(word, ())}
    for order in sorted(hits):
        yield hits[order]


def _without_negation(text: str) -> str | None:
    """ "I'm not a teacher any more" -> "I'm a teacher"; None where nothing is negated at the verb."""
    match = _NEGATION.match(text)
    if match is None:
        return None
    rest = _LEFT_OF_NEGATION.sub("", match["rest"]).strip()
    verb = match["be"] or match["have"] or ("'ve" if match["have_not"] else "")
    return f"{match['subject']}{verb} {rest}"


def _from_rule(
    rule: Rule, match: re.Match[str], clause: Clause, dates: list[DateSpan], negated: bool
) -> Iterator[Draft]:
    groups = {name: (value or "").strip() for name, value in match.groupdict().items()}
    raw = groups.get("value", "")
    if raw:
        raw = _without_dates(cut(_without_dates(raw, dates), rule.cut), dates)
        if not raw or is_vague(raw) or not _fits(rule, raw):
            return
    elif "value" in match.re.groupindex and rule.value is None:
        return
    polarity = rule.when_negated if negated and rule.when_negated else rule.polarity
    tense = rule.tense or clause.tense
    # Every fact needs a statement of its own, so that only what a template says can be taken apart.
    template = None if negated else rule.statement
    for item in items(raw) if rule.lists and template and raw else [raw]:
        groups["value"] = item
        statement = template.format(**groups) if template else None
        value = normalise(("{value}" if rule.value is None else rule.value).format(date=_month_day(dates), **groups))
        yield Draft(rule.name, rule.category, statement, rule.attribute, value, polarity, tense, rule.dated)
    if not negated:
        yield from (_also(rule, also, groups) for also in rule.also if not also.only_news or _is_news(clause, dates))


def _fits(rule: Rule, value: str) -> bool:
    if not rule.min_words <= len(value.split()) <= rule.max_words:
        return False
    if rule.refuses and re.match(rule.refuses, value, re.IGNORECASE):
        return False
    return rule.accepts is None or rule.accepts(value)


def _also(rule: Rule, also: Also, groups: dict[str, str]) -> Draft:
    category = ATTRIBUTES[also.attribute].category
    value = normalise(also.value.format(**groups))
    statement = also.statement.format(**groups) or None
    return Draft(rule.name, category, statement, also.attribute, value, also.polarity, Tense.PRESENT)


def _is_news(clause: Clause, dates: list[DateSpan]) -> bool:
    """Whether the clause tells of something recent enough to say how things stand now."""
    if _LONG_AGO.search(clause.text):
        return False
    return all(span.first is None or clause.said_on - span.first <= NEWS for span in dates)


def _without_dates(value: str, dates: list[DateSpan]) -> str:
    for span in dates:
        value = value.replace(span.text, "")
    return " ".join(value.split()).strip(" ,")


def _month_day(dates: list[DateSpan]) -> str:
    """The day of a yearly occasion, ``MM-DD``, where the phrase names a single day."""
    day = dates[0].first if dates else None
    return f"{day:%m-%d}" if day is not None and day == dates[0].last else ""
