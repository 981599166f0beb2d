"""What of a text can be held against its sources word by word: names, numbers, dates, times of day.

A claim is read in the text as strictly as the text writes it, and looked for in the sources as generously as people write
the same thing: "20 March", "the 20th of March", "20.3." and "2026-03-20" are one date, "5:30 pm" and "17:30" one time,
"three" and "3" one number. A name is a word with a capital that its place in the sentence does not explain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property

from whisper_enrich.summaries.vocabulary import CHAT_WORDS, FUNCTION_WORDS, stem, stop_words
from whisper_enrich.text.language import detect
from whisper_enrich.text.verbs import BASES, is_adverb, is_base, is_past, third_singular
from whisper_enrich.text.words import word_set


class Kind(StrEnum):
    """What a claim says."""

    NAME = "name"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Claim:
    """``words`` as the text has them. Of a date, ``day`` may be missing ("March"), and so may month or year; ``value`` of a
    number is its value, of a time of day its minute, of a weekday 0 for Monday to 6."""

    kind: Kind
    words: str
    value: float | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None


def _listed(text: str) -> list[str]:
    return text.split()


_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january jan januar jänner janvier enero gennaio janeiro januari",
        "february feb februar février febrero febbraio fevereiro februari",
        "march mar märz mars marzo março maart",
        "april apr avril abril aprile",
        "may mai mayo maggio maio mei",
        "june jun juni juin junio giugno junho",
        "july jul juli juillet julio luglio julho",
        "august aug août agosto augustus",
        "september sep sept septembre septiembre settembre setembro",
        "october oct oktober okt octobre octubre ottobre outubro",
        "november nov novembre noviembre novembro",
        "december dec dezember dez décembre diciembre dicembre dezembro",
    ),
    start=1,
):
    _MONTHS |= dict.fromkeys(_names.split(), _number)
_NO_MONTH_ALONE = word_set("may mar march mars mai mei sep dec jan apr jun jul aug feb oct nov okt dez sept")
"""Words that by themselves may be something else, at least in lower case."""
_WEEKDAYS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "monday mon montag lundi lunes lunedì segunda maandag",
        "tuesday tue tues dienstag mardi martes martedì terça dinsdag",
        "wednesday wed mittwoch mercredi miércoles mercoledì quarta woensdag",
        "thursday thu thur thurs donnerstag jeudi jueves giovedì quinta donderdag",
        "friday fri freitag vendredi viernes venerdì sexta vrijdag",
        "saturday sat samstag sonnabend samedi sábado sabato zaterdag",
        "sunday sun sonntag dimanche domingo domenica zondag",
    )
):
    _WEEKDAYS |= dict.fromkeys(_names.split(), _number)
_NO_WEEKDAY_ALONE = word_set("mon wed sat sun segunda terça quarta quinta sexta tue thu fri")

_UNITS = _listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
)
_NUMBER_WORDS: dict[str, float] = (
    {word: float(value) for value, word in enumerate(_UNITS)}
    | {word: 10.0 * (k + 2) for k, word in enumerate(_TENS)}
    | {word: float(value) for value, word in enumerate(_ORDINALS, start=1)}
    | {"twentieth": 20.0, "thirtieth": 30.0, "hundred": 100.0, "thousand": 1000.0, "million": 1e6, "dozen": 12.0}
    | {"couple": 2.0, "twice": 2.0, "both": 2.0, "once": 1.0, "half": 0.5, "quarter": 0.25, "pair": 2.0, "double": 2.0}
)
_OTHER_NUMBER_WORDS: dict[str, float] = {}
for _words in (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "cero un dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "zero um dois três quatro cinco seis sete oito nove dez onze doze",
    "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
):
    for _value, _word in enumerate(_words.split()):
        _OTHER_NUMBER_WORDS.setdefault(_word, float(_value))
_MULTIPLIERS = (100.0, 1000.0, 1e6, 12.0)
_STATED = frozenset(_UNITS[3:]) | frozenset(_TENS) | {"hundred", "thousand", "million", "dozen"}
"""Number words that are claims. Below three they count what the text itself lists ("both", "two things"), or are idioms."""

_MONTH = "(?P<month>" + "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)) + r")\.?"
_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th|\.|º|er)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/.](?P<month_number>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        r"(?:(?P<year>(?:19|20)\d\d)年)?(?P<month_number>\d{1,2})月(?P<day>\d{1,2})日",
        r"(?:(?P<year>(?:19|20)\d\d)년\s?)?(?P<month_number>\d{1,2})월\s?(?P<day>\d{1,2})일",
        r"(?<![\d.])(?P<day>\d{1,2})[./](?P<month_number>\d{1,2})[./](?P<year>(?:19|20)\d\d)(?!\d)",
        r"(?<![\d.])(?P<day>\d{1,2})\.\s?(?P<month_number>\d{1,2})\.(?!\d)",
        rf"(?<!\w){_DAY}\s+(?:(?:of|de|di|do)\s+)?{_MONTH}(?!\w)(?:,?\s+(?:de\s+|del\s+)?{_YEAR}(?!\d))?",
        rf"(?<!\w){_MONTH}\s+(?:the\s+)?{_DAY}(?![\w:%])(?:,?\s+{_YEAR}(?!\d))?",
        rf"(?<!\w){_MONTH}(?!\w),?\s+(?:of\s+|de\s+|del\s+)?{_YEAR}(?!\d)",
    )
)
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?![\d/])")
_TIMES = (
    re.compile(
        r"(?<![\d.:])(?P<hour>[0-2]?\d)[:h](?P<minute>[0-5]\d)(?![\d:])\s*(?P<half>[ap]\.?m\b\.?|uhr\b)?", re.IGNORECASE
    ),
    re.compile(r"(?<![\d.:])(?P<hour>[0-2]?\d)\.(?P<minute>[0-5]\d)\s*(?P<half>[ap]\.?m\b\.?|uhr\b)", re.IGNORECASE),
    re.compile(r"(?<![\d.:])(?P<hour>[0-2]?\d)\s*(?P<half>[ap]\.?m\b\.?|uhr\b|o['’]?clock\b)", re.IGNORECASE),
)
_NUMBER = re.compile(
    r"(?<![\d.,])(?<![A-Za-z\u00c0-\u024f])(?P<number>\d{1,3}(?:[,.'’\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?P<scale>k|m)?(?![\d])",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:[,.'’\u00a0\u202f]\d{3})+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_CODED = re.compile(r"(?<!\w)(?=\w*\d)(?=\w*[^\W\d_])[\w-]+")
"""Letters and digits in one word, as in "B2" or "GPT4"."""

NO_CAPITALS = word_set("ar fa he hi ja ka ko lo my ne pa th ta te ur zh bn gu kn ml mr si am km")
_INFLECTING = word_set("be bg cs el et fi hr hu lt lv pl ro ru sk sl sr tr uk")
_TITLES = word_set(
    "mr mrs ms miss dr prof professor sir st mx herr herrn frau dr hr fr monsieur madame señor señora sr sra signor signora"
)
_NEVER_NAMES = (
    word_set(
        "ok okay utc gmt am pm a.m p.m tv pc ai it id diy faq asap btw fyi eta etc vs god internet online user bot ai's"
    )
    | _TITLES
)
_GERMAN_CUES = word_set(
    """
    namens heißt heisst frau herr herrn freundin freund schwester bruder sohn tochter kollegin kollege chef chefin nachbar
    nachbarin mann oma opa tante onkel katze kater hund hündin mutter vater cousin cousine ehemann ehefrau partner partnerin
    """
)
_GERMAN_PLACES = word_set("in nach aus mit bei von")
_GERMAN_NOUN = re.compile(r"(?:ung|heit|keit|schaft|tion|tät|ismus|nis|chen|lein|tum|en|e|er|ern|ing)$")
_GERMAN_COMMON = word_set(
    """
    angst anfang arbeit bedarf beginn bett bezug blick büro dienst ende form garten geld glück hause hilfe hinblick
    hinsicht kontakt kraft küche lust mittag musik not ordnung plan pflicht protest recht respekt richtung ruhe ruf sicht
    sinn sorg spaß sport stadt stress teil tag tat therapie trost umgang urlaub verbindung verdacht vergleich vorfeld wahl
    wirklichkeit wut zeit ziel zukunft zug zusammenhang zweifel bus auto fahrrad bahn montag ärger humor mut stolz
    """
)
_ABSTRACT = re.compile(r"(?:ing|ion|ment|ness|ity|ics|ism|ship|ance|ence|hood|dom|ure|age|al|ly|ous|ful|ive|s)$")
_THIRD_PERSON = frozenset(map(third_singular, BASES)) | word_set("is was has had will would can could did does")
_PEOPLE = re.compile(r"(?:ish|ese|ian|ean|an|i)$")
_COUNTRY_ENDINGS = ("ish", "ese", "ian", "ean", "ia", "an", "en", "y", "a", "i")
_SHORTEST_ROOT = 4
_IRREGULAR_PEOPLES = {
    "french": "france", "spanish": "spain", "greek": "greece", "welsh": "wales", "irish": "ireland", "polish": "poland",
    "danish": "denmark", "finnish": "finland", "dutch": "netherlands", "swiss": "switzerland", "british": "britain",
}  # fmt: skip
_NEXT_WORD = re.compile(r"\s+([a-z]+)")
_IN_COMPANY = re.compile(r"(?: and [A-Z][a-z]|, who\b|, whose\b)")
_OPENERS = "\"'“”„‚‘’«»‹›([*_–—-•"
_QUOTE_MARKS = "\"“„«'‘"
_SENTENCE_END = ".!?…\n。！？;"
_INITIALS = re.compile(r"(?:^|\W)(?:[A-Z]|mr|mrs|ms|dr|st|prof|jr|sr|vs|no)\.$", re.IGNORECASE)
_SHORTEST_NICKNAME = 3


def plain(text: str) -> str:
    """``text`` with digits and width of any script made ASCII, and without placeholders of masked personal data."""
    without = _PLACEHOLDER.sub(" ", text)
    if without.isascii():
        return without
    return "".join(_digit(c) for c in unicodedata.normalize("NFKC", without))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def folded(word: str) -> str:
    """``word`` in lower case without accents and possessive."""
    low = word.lower().replace("’", "'")
    for ending in ("'s", "'"):
        low = low.removesuffix(ending)
    if low.isascii():
        return low
    return "".join(c for c in unicodedata.normalize("NFKD", low) if not unicodedata.combining(c)).replace("ß", "ss")


def claims(text: str) -> list[Claim]:
    """The claims of ``text``, in no particular order, each as often as it is made."""
    read = plain(text)
    language = detect(text)
    dates, rest = _dates(read)
    times, rest = _times(rest)
    found = [*dates, *times, *_calendar_words(rest), *_numbers(rest)]
    if language in (None, "en"):
        found += _stated_number_words(rest)
    return found + list(_names(rest, language))


def _dates(text: str) -> tuple[list[Claim], str]:
    found: list[Claim] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            claim = _date(match)
            if claim is not None:
                found.append(claim)
        text = pattern.sub(lambda match: _blank(match) if _date(match) else match[0], text)
    return found, text


def _date(match: re.Match[str]) -> Claim | None:
    given = match.groupdict()
    month = int(given["month_number"]) if given.get("month_number") else _MONTHS[given["month"].lower()]
    day = int(given["day"]) if given.get("day") else None
    year = int(given["year"]) if given.get("year") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return Claim(Kind.DATE, match[0].strip(" ."), day=day, month=month, year=year)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _times(text: str) -> tuple[list[Claim], str]:
    found: list[Claim] = []
    for pattern in _TIMES:
        found += [claim for match in pattern.finditer(text) if (claim := _time(match))]
        text = pattern.sub(lambda match: _blank(match) if _time(match) else match[0], text)
    return found, text


def _time(match: re.Match[str]) -> Claim | None:
    hour, minute = int(match["hour"]), int(match.groupdict().get("minute") or 0)
    return Claim(Kind.TIME, match[0].strip(" ."), 60 * hour + minute) if hour <= 24 else None


def _calendar_words(text: str, *, generous: bool = False) -> Iterator[Claim]:
    """Months and weekdays that stand without a day; where ``generous``, also what may be something else."""
    for match in _WORD.finditer(text):
        low = folded(match[0]) if match[0].lower() not in _MONTHS else match[0].lower()
        capital = match[0][0].isupper() and not _begins_sentence(text, match.start())
        if low in _MONTHS and (generous or capital or low not in _NO_MONTH_ALONE):
            yield Claim(Kind.DATE, match[0], month=_MONTHS[low])
        plural = low.removesuffix("s")
        weekday = _WEEKDAYS.get(match[0].lower(), _WEEKDAYS.get(plural))
        if weekday is not None and (generous or _NO_WEEKDAY_ALONE.isdisjoint((plural, low))):
            yield Claim(Kind.DATE, match[0], weekday=weekday)


def _numbers(text: str) -> Iterator[Claim]:
    for match in _NUMBER.finditer(text):
        yield Claim(Kind.NUMBER, match[0], _value(match))


def _value(match: re.Match[str]) -> float:
    digits = match["number"]
    if _GROUPED.fullmatch(digits):
        number = float(re.sub(r"\D", "", digits))
    elif _GROUPED.match(digits):
        whole, _, fraction = digits.replace(",", ".").rpartition(".")
        number = float(f"{re.sub(r'[^0-9]', '', whole)}.{fraction}")
    else:
        number = float(digits.replace(",", "."))
    return number * {"k": 1000, "m": 1_000_000}.get((match["scale"] or "").lower(), 1)


def _stated_number_words(text: str) -> Iterator[Claim]:
    """Number words that are claims, "two hundred" and "twenty-five" as one."""
    for words, value in _number_phrases(text):
        if not _STATED.isdisjoint(words.lower().replace("-", " ").split()):
            yield Claim(Kind.NUMBER, words, value)


def _number_phrases(text: str) -> Iterator[tuple[str, float]]:
    """Runs of English number words with their values."""
    run: list[re.Match[str]] = []
    value = 0.0
    for match in _WORD.finditer(text):
        found = _NUMBER_WORDS.get(match[0].lower())
        joined = bool(run) and text[run[-1].end() : match.start()] in (" ", "-", " and ")
        if run and (found is None or not joined):
            if found is None and match[0].lower() == "and" and value >= 100:
                continue
            yield text[run[0].start() : run[-1].end()], value
            run, value = [], 0.0
        if found is None:
            continue
        run.append(match)
        value = value * found if value and found in _MULTIPLIERS else value + found
    if run:
        yield text[run[0].start() : run[-1].end()], value


def _names(text: str, language: str | None) -> Iterator[Claim]:
    if language in NO_CAPITALS:
        # A Latin word within another script.
        yield from (Claim(Kind.NAME, m[0]) for m in _LATIN.finditer(text) if folded(m[0]) not in _NEVER_NAMES)
        return
    matches = list(_WORD.finditer(text))
    ignored = FUNCTION_WORDS | CHAT_WORDS | _NEVER_NAMES | stop_words(language)
    for index, match in enumerate(matches):
        word = match[0]
        low = word.lower().replace("’", "'")
        if not word[0].isupper() or len(folded(word)) < 2 or low in ignored or folded(word) in ignored:
            continue
        if low in _MONTHS or low in _WEEKDAYS or folded(word).removesuffix("s") in _WEEKDAYS:
            continue
        before = matches[index - 1][0].lower() if index else ""
        if _is_name(text, match, before, text[match.end() : match.end() + 40], language):
            yield Claim(Kind.NAME, word)


def _is_name(text: str, match: re.Match[str], before: str, following: str, language: str | None) -> bool:
    word = match[0]
    if language == "de":
        return _is_german_name(word, before)
    if not _begins_sentence(text, match.start()):
        return True
    # At the start of a sentence every word has a capital: what acts like a person is taken for one.
    if word.endswith(("'s", "’s")):
        return True
    low = word.lower()
    if is_base(low) or is_past(low) or is_adverb(low) or _ABSTRACT.search(low) or language not in (None, "en"):
        return False
    if _IN_COMPANY.match(following):
        return True
    verb = _NEXT_WORD.match(following)
    return verb is not None and (verb[1] in _THIRD_PERSON or is_past(verb[1]))


def _is_german_name(word: str, before: str) -> bool:
    """All nouns have capitals: only what follows a word that introduces a name is one."""
    if before in _GERMAN_CUES:
        return not _GERMAN_NOUN.search(word)
    return before in _GERMAN_PLACES and not _GERMAN_NOUN.search(word) and word.lower() not in _GERMAN_COMMON


def _begins_sentence(text: str, start: int) -> bool:
    head = text[max(0, start - 12) : start]
    bare = head.rstrip(" \t\r" + _OPENERS)
    if not bare:
        return start <= 12
    if bare[-1] in _SENTENCE_END:
        return _INITIALS.search(bare) is None
    return bare[-1] == ":" and any(mark in head[len(bare) :] for mark in _QUOTE_MARKS)


@dataclass(frozen=True)
class Sources:
    """What a text may rest on: other texts, names that are known, and the moments at which something was said.

    Of each moment, the day, its weekday, month and year and the time of day are known, in UTC and in ``zone``; and the days
    before and after it, which "yesterday" and "tomorrow" may have been resolved to.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()
    zone: tzinfo = UTC

    def support(self, claim: Claim) -> bool:
        """Whether the sources say what the claim says."""
        if folded(claim.words) in self._words:
            return True
        if claim.kind is Kind.NAME:
            return self._know(claim.words)
        if claim.kind is Kind.NUMBER:
            return self._count(claim)
        if claim.kind is Kind.TIME:
            return self._clock(claim)
        return self._calendar(claim)

    @cached_property
    def _plain(self) -> str:
        return "\n".join(map(plain, self.texts))

    @cached_property
    def _written(self) -> frozenset[str]:
        """The words as they are written, names included."""
        return frozenset(_WORD.findall(self._plain)) | frozenset(
            word for name in self.names for word in _WORD.findall(name)
        )

    @cached_property
    def _words(self) -> frozenset[str]:
        words = {folded(word) for word in self._written}
        words |= {part for word in words for part in word.split("'")}
        # A name may hold a number: ana_26.
        numbers = (number for name in self.names for number in re.findall(r"\d+", name))
        pieces = (*_CODED.findall(self._plain), *_LATIN.findall(self._plain), *numbers)
        return frozenset(words | set(map(folded, pieces)))

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(map(stem, self._words))

    @cached_property
    def _capitals(self) -> frozenset[str]:
        return frozenset(folded(word) for word in self._written if word[0].isupper())

    @cached_property
    def _inflects(self) -> bool:
        return any(detect(text) in _INFLECTING for text in self.texts)

    def _know(self, word: str) -> bool:
        low = folded(word)
        if low.removesuffix("s") in self._words or low + "s" in self._words or low.removesuffix("es") in self._words:
            return True
        if (
            _IRREGULAR_PEOPLES.get(low, low) in self._words
            or stem(low) in self._stems
            or any(part in self._words for part in low.split("'") if len(part) > 2)
        ):
            return True
        if any(self._akin(low, other) for other in self._capitals):
            return True
        # German compounds: "Bäckerei" of "Brotbäckerei".
        return len(low) >= 5 and any(low in other for other in self._words if len(other) > len(low) + 2)

    def _akin(self, low: str, other: str) -> bool:
        """A short form of a name, a people of its country, or another case of a name."""
        if len(low) >= _SHORTEST_NICKNAME and other.startswith(low):
            return True
        if _PEOPLE.search(low) or _PEOPLE.search(other):
            return not _roots(low).isdisjoint(_roots(other))
        return self._inflects and len(low) >= 5 and low[:3] == other[:3]

    @cached_property
    def _own_claims(self) -> list[Claim]:
        dates, rest = _dates(self._plain)
        times, rest = _times(rest)
        return [*dates, *times, *_calendar_words(rest, generous=True), *_numbers(rest), *_slashed(rest)]

    @cached_property
    def _moments(self) -> frozenset[date]:
        days = {moment.astimezone(zone).date() for moment in self.times for zone in (UTC, self.zone)}
        return frozenset(day + timedelta(days=shift) for day in days for shift in (-1, 0, 1))

    @cached_property
    def _values(self) -> frozenset[float]:
        values = {claim.value for claim in self._own_claims if claim.kind is Kind.NUMBER and claim.value is not None}
        values |= set(_number_words(self._plain))
        for claim in self._own_claims:
            values |= {float(part) for part in (claim.day, claim.year) if part is not None}
            if claim.kind is Kind.TIME and claim.value is not None:
                values |= {claim.value // 60, claim.value // 60 % 12}
        return frozenset(values | {1.0})

    def _count(self, claim: Claim) -> bool:
        value = claim.value or 0.0
        if value in self._values:
            return True
        return value in self._years

    @cached_property
    def _years(self) -> frozenset[float]:
        """The years of what was said, those before and after, and what "n years ago" comes to."""
        own = {float(day.year) for day in self._moments}
        near = {year + shift for year in own for shift in (-1, 0, 1)}
        return frozenset(near | {year - value for year in own for value in self._values if 0 < value <= 100})

    def _clock(self, claim: Claim) -> bool:
        minute = (claim.value or 0.0) % 720
        if any(minute == (c.value or 0.0) % 720 for c in self._own_claims if c.kind is Kind.TIME):
            return True
        if any(
            minute == (60 * t.hour + t.minute) % 720
            for moment in self.times
            for t in (moment.astimezone(UTC), moment.astimezone(self.zone))
        ):
            return True
        hour = minute // 60
        return minute % 60 == 0 and bool({hour, hour + 12} & self._values or (hour == 0 and 12.0 in self._values))

    def _calendar(self, claim: Claim) -> bool:
        if claim.weekday is not None:
            return claim.weekday in self._weekdays
        if claim.year is not None and float(claim.year) not in self._values | self._years:
            return False
        if claim.day is None:
            return claim.month in self._months
        if (claim.day, claim.month) in self._days:
            return True
        # "The 20th", said in March.
        return claim.month in self._months and float(claim.day) in self._values

    @cached_property
    def _weekdays(self) -> frozenset[int]:
        said = {claim.weekday for claim in self._own_claims if claim.weekday is not None}
        return frozenset(said | {day.weekday() for day in self._moments})

    @cached_property
    def _months(self) -> frozenset[int]:
        said = {claim.month for claim in self._own_claims if claim.month is not None}
        return frozenset(said | {day.month for day in self._moments})

    @cached_property
    def _days(self) -> frozenset[tuple[int, int]]:
        said = {(c.day, c.month) for c in self._own_claims if c.day is not None and c.month is not None}
        return frozenset(said | {(day.day, day.month) for day in self._moments})


def _roots(low: str) -> set[str]:
    """What "Swedish" and "Sweden", "Italian" and "Italy" have in common."""
    cut = {low.removesuffix(ending) for ending in _COUNTRY_ENDINGS}
    return {root for root in cut | {low} if len(root) >= _SHORTEST_ROOT}


def _slashed(text: str) -> Iterator[Claim]:
    """ "3/20" may be a date either way round, and is two numbers in any case."""
    for match in _SLASHED.finditer(text):
        for day, month in ((match[1], match[2]), (match[2], match[1])):
            if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
                yield Claim(Kind.DATE, match[0], day=int(day), month=int(month))


def _number_words(text: str) -> Iterator[float]:
    """The values of number words, each alone and in its phrase."""
    for match in _WORD.finditer(text):
        low = match[0].lower()
        value = _NUMBER_WORDS.get(low, _OTHER_NUMBER_WORDS.get(low))
        if value is not None:
            yield value
    yield from (value for _, value in _number_phrases(text))


def unsupported(found: Iterable[Claim], sources: Sources) -> list[str]:
    """The words of those claims that the sources do not support, each once, in the order given."""
    return list(dict.fromkeys(claim.words for claim in found if not sources.support(claim)))


def in_order(words: Sequence[str], text: str) -> list[str]:
    """``words`` by where they first stand in ``text``."""
    return sorted(words, key=lambda word: text.find(word))
