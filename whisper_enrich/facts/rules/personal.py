"""Who the person is: name, age, birthday, gender, origin, faith, languages, what they call themselves."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import (
    GENDERS,
    KINDS_OF_PEOPLE,
    LANGUAGES,
    NATIONALITIES,
    ORIENTATIONS,
    RELIGIONS,
)
from whisper_enrich.facts.rules.model import Rule, either

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = rf"(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|(?:the )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH})"
_ENDS = r"(?=$|,| and | but )"
_LANGUAGE_LIST = rf"{either(LANGUAGES)}(?:(?:,| and|, and| &) (?:some |a little |a bit of )?{either(LANGUAGES)})*"
_NOT_NAMES = NATIONALITIES | RELIGIONS | LANGUAGES


def _plausible_age(value: str) -> bool:
    return value.isdigit() and 5 <= int(value) <= 110


def _is_name(value: str) -> bool:
    words = value.split()
    if value.isupper() or not 0 < len(words) <= 3 or words[0].lower() in _NOT_NAMES:
        return False
    return all(word[0].isupper() for word in words)


RULES = (
    Rule(
        "name_is",
        Category.PERSONAL,
        r"(?:my (?:first |real |full )?name(?:'s| is)|(?:i'm|i am) called|i go by|(?:you can |please |just "
        r"|everyone )?calls? me)"
        r" {x}",
        "name name's called go call calls",
        "name",
        "My name is {value}.",
        tense=Tense.PRESENT,
        accepts=_is_name,
        max_words=3,
    ),
    Rule(
        "name_introduced",
        Category.PERSONAL,
        r"(?:i'm|i am) (?P<value>[a-z]+(?: [a-z]+)?)(?=$|,? (?:by the way|btw|nice to|from [A-Z]))",
        "i'm am",
        "name",
        "My name is {value}.",
        accepts=lambda value: _is_name(value) and len(value) > 2,
        max_words=2,
    ),
    Rule(
        "age_in_years",
        Category.PERSONAL,
        r"(?:i'm|i am)(?: just| only| already| now| almost| nearly)? (?:a )?(?P<value>\d{1,3})"
        r"(?:$|,| (?:years? old|yo|y/o|and|now|this year)\b|[- ]years?[- ]old)",
        "i'm am",
        "age",
        "I am {value} years old.",
        tense=Tense.PRESENT,
        accepts=_plausible_age,
    ),
    Rule(
        "age_turned",
        Category.PERSONAL,
        r"i (?:just |recently |finally )?turned (?P<value>\d{2})\b(?! ?(?:%|degrees|pages))",
        "turned",
        "age",
        accepts=_plausible_age,
    ),
    Rule(
        "birthday_on",
        Category.PERSONAL,
        rf"my (?:birthday|bday)(?:'s| is| was)(?: on)? {_DATE}",
        "birthday bday birthday's",
        "birthday",
        value="{date}",
        dated=False,
    ),
    Rule(
        "birthday_near",
        Category.PERSONAL,
        r"(?:my (?:birthday|bday)(?:'s| is| was) (?:today|tomorrow|yesterday|(?:last|next|this|on) \w+|in \w+ \w+)"
        r"|(?:it's|it is|today is|today's|tomorrow is|yesterday was) my (?:birthday|bday))",
        "birthday bday birthday's",
        "birthday",
        value="{date}",
    ),
    Rule(
        "born_on",
        Category.PERSONAL,
        rf"i was born on {_DATE}(?:,? \d{{4}})?",
        "born",
        "birthday",
        value="{date}",
        tense=Tense.PAST,
        dated=False,
    ),
    Rule(
        "born_in_year",
        Category.PERSONAL,
        r"i was born (?:and raised )?(?:in \w+ )?in (?P<value>19\d\d|20[01]\d)\b",
        "born",
        "birth_year",
        tense=Tense.PAST,
    ),
    Rule(
        "orientation",
        Category.PERSONAL,
        rf"{{Im}}(?:a )?(?P<value>{either(ORIENTATIONS)})(?:{_ENDS}| (?:woman|man|guy|girl)\b)",
        ORIENTATIONS,
        "orientation",
        "I am {value}.",
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "came_out_as",
        Category.PERSONAL,
        rf"{{Ive}}(?:come|came) out as (?:a )?(?P<value>{either(ORIENTATIONS | GENDERS)}(?: woman| man)?)\b",
        "out",
        "is_a",
    ),
    Rule(
        "gender",
        Category.PERSONAL,
        rf"{{Im}}(?:an? )?(?P<value>(?:(?:trans|transgender|cis) )?{either(GENDERS)}){_ENDS}",
        GENDERS,
        "gender",
        "I am {value}.",
    ),
    Rule(
        "pronouns",
        Category.PERSONAL,
        r"(?:my pronouns are|i use|i go by) (?P<value>(?:she|he|they)[/ ](?:her|him|them)\w*)",
        "pronouns use go",
        "pronouns",
        "My pronouns are {value}.",
    ),
    Rule(
        "religion",
        Category.PERSONAL,
        rf"{{Im}}(?:an? )?(?P<value>(?:practising |practicing |devout |lapsed )?{either(RELIGIONS)}){_ENDS}",
        RELIGIONS,
        "religion",
        "I am {value}.",
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "nationality",
        Category.PERSONAL,
        rf"{{Im}}(?:an? )?(?P<value>(?:(?:half|part)[- ])?{either(NATIONALITIES)}(?:[- ]{either(NATIONALITIES)})?)"
        rf"(?:{_ENDS}| (?:by birth|man|woman|guy|girl|citizen|on my)\b)",
        NATIONALITIES,
        "nationality",
        "I am {value}.",
    ),
    Rule(
        "speaks",
        Category.SKILL,
        r"(?:{I}speak|(?:i'm|i am) (?:\w+ )?(?:fluent|bilingual) in|i grew up speaking)"
        rf"(?: (?:a little|a bit of|some|fluent|basic|both))? (?P<value>{_LANGUAGE_LIST})",
        LANGUAGES,
        "speaks",
        "I speak {value}.",
        when_negated=Polarity.RETRACT,
        lists=True,
    ),
    Rule(
        "native_language",
        Category.SKILL,
        rf"my (?:native|first|second|mother) (?:language|tongue)(?: is|'s) (?P<value>{either(LANGUAGES)})\b",
        LANGUAGES,
        "speaks",
        "I speak {value}.",
    ),
    Rule(
        "kind_of_person",
        Category.PERSONAL,
        rf"{{Im}}(?:such )?(?:an? |one of those )(?:{{adv}})(?P<value>(?:[a-z'-]+ "
        rf"){{0,3}}{either(KINDS_OF_PEOPLE)}){_ENDS}",
        KINDS_OF_PEOPLE,
        "is_a",
        "I am a {value}.",
        when_negated=Polarity.RETRACT,
        max_words=4,
        refuses=r"(?:bit|little|lot|kind|sort|fan|part)\b",
    ),
)
