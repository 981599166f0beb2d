"""The numbers in a text, in digits and in words, as texts that can be compared: "twenty-six" and "26" are one."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_ISO_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}(?:-\d{2})?(?!\d)")
_SCALE = re.compile(r"(?<=\d)\s?(k|m|mio|million(?:s|en)?|thousand|tausend|mil|mille)\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)

_ONES = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    "de": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit "
    "dix-neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici "
    "diciassette diciotto diciannove",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito "
    "dezenove",
    "sv": "noll en två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście czternaście "
    "piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "
    "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz on",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "fr": "vingt trente quarante cinquante soixante septante quatre-vingt nonante",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
    "pl": "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "tr": "yirmi otuz kırk elli altmış yetmiş seksen doksan",
}
_OTHERS = {
    "en": {"couple": 2, "both": 2, "twice": 2, "pair": 2, "dozen": 12, "half": 0.5, "hundred": 100, "thousand": 1000,
           "twins": 2},
    "de": {"eine": 1, "einen": 1, "einem": 1, "einer": 1, "beide": 2, "beiden": 2, "dutzend": 12, "hundert": 100,
           "tausend": 1000},
    "nl": {"beide": 2, "honderd": 100, "duizend": 1000, "dozijn": 12},
    "fr": {"une": 1, "cent": 100, "mille": 1000, "douzaine": 12, "soixante-dix": 70},
    "es": {"un": 1, "una": 1, "ambos": 2, "ambas": 2, "cien": 100, "mil": 1000, "docena": 12},
    "it": {"un": 1, "una": 1, "entrambi": 2, "cento": 100, "mille": 1000},
    "pt": {"uma": 1, "duas": 2, "ambos": 2, "cem": 100, "mil": 1000},
    "ru": {"одна": 1, "одно": 1, "две": 2, "двое": 2, "трое": 3, "оба": 2, "сто": 100, "тысяча": 1000},
}  # fmt: skip
_CHINESE = {digit: number for number, digit in enumerate("〇一二三四五六七八九")} | {"两": 2, "兩": 2, "零": 0}
_CHINESE_NUMBER = re.compile("[〇零一二三四五六七八九十百两兩]+")
_UNIT_FIRST = re.compile(r"(\w+?)(?:und|en)(\w+)")


def numbers(text: str, language: str) -> frozenset[str]:
    """The numbers of ``text`` in shortest digits; dates written as YYYY-MM-DD are none. Ambiguous spellings count as both."""
    text = _ORDINAL.sub("", _ISO_DATE.sub(" ", _ascii_digits(text)))
    found: set[str] = set()
    for match in _DIGITS.finditer(text):
        scale = _SCALE.match(text, match.end())
        found |= _readings(match[0], scale[1] if scale else None)
    found |= _spelled(_plain(text), language)
    return frozenset(found)


def _plain(text: str) -> str:
    """In small letters without accents, as the tables are read."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if unicodedata.decimal(character, None) is not None else character
        for character in text
    )


def _readings(written: str, scale: str | None) -> set[str]:
    parts = re.split(r"[.,:]", written)
    readings = {_shortest(part) for part in parts}
    if _THOUSANDS.fullmatch(written):
        readings = {_shortest("".join(parts))}
    elif len(parts) == 2:
        readings = {
            f"{_shortest(parts[0])}.{parts[1].rstrip('0')}".rstrip("."),
            *([] if ":" not in written else readings),
        }
    if scale and len(parts) <= 2:
        factor = 1000 if scale[0].lower() in "kt" or scale.lower() in ("mil", "mille") else 1_000_000
        readings |= {f"{float('.'.join(parts)) * factor:.0f}"}
    return readings


def _shortest(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _spelled(text: str, language: str) -> set[str]:
    known = _table(language)
    found: set[str] = set()
    tens: int | None = None
    for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text):
        value = _value(word, known, language)
        if value is None:
            tens = None if word not in ("and", "y", "et", "e", "und", "en") else tens
            continue
        found.add(f"{value:g}")
        if tens is not None and 0 < value < 10:
            found.discard(f"{tens:g}")
            found.discard(f"{value:g}")
            found.add(f"{tens + value:g}")
        tens = int(value) if value in range(20, 100, 10) else None
    for match in _CHINESE_NUMBER.finditer(text):
        found |= {str(number) for number in (_chinese(match[0]),) if number is not None}
    return found


def _value(word: str, known: dict[str, float], language: str) -> float | None:
    if word in known:
        return known[word]
    if "-" in word:
        values = [known.get(part) for part in word.split("-") if part not in ("et", "and")]
        return sum(values) if all(value is not None for value in values) else None  # type: ignore[arg-type]
    if language in ("de", "nl"):
        match = _UNIT_FIRST.fullmatch(word)
        if match and known.get(match[1], 99) < 10 and known.get(match[2], 0) >= 20:
            return known[match[1]] + known[match[2]]
    return None


def _chinese(digits: str) -> int | None:
    total, current = 0, None
    for character in digits:
        if character in "十百":
            total += (1 if current is None else current) * (10 if character == "十" else 100)
            current = None
        elif current is not None:
            return None
        else:
            current = _CHINESE[character]
    return total + (current or 0)


@cache
def _table(language: str) -> dict[str, float]:
    """Number words of the language, and the English ones, which stand in chats of any."""
    table: dict[str, float] = {}
    for code in ("en", language):
        table |= {word: float(number) for number, word in enumerate(_plain(_ONES.get(code, "")).split())}
        table |= {word: 20.0 + 10 * number for number, word in enumerate(_plain(_TENS.get(code, "")).split())}
        table |= {_plain(word): float(number) for word, number in _OTHERS.get(code, {}).items()}
    return table
