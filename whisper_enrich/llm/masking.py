"""Personal data that a model need not read, replaced before a call and put back in what comes back.

Masked: e-mail addresses, phone numbers, payment cards (Luhn), IBANs, numbers of accounts and papers that are named as such or
have a form of their own, IP addresses, passwords and tokens in links, keys of well-known services. A phone number is one that is
written internationally, nationally with its leading zero, in the North American grouping, or that is named as one, and that
`phonenumbers` takes for possible; postal addresses with a house number (`text.street_addresses`). Not masked: names.

Detection reads a shadow of the text in which digits and punctuation of any script are plain ones and invisible characters are
gone; what is replaced is the original. Dates, times and prices are none of this and stay. All expressions are linear; most
messages are passed over after one look.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from whisper_enrich.text.street_addresses import street_addresses
from whisper_enrich.text.words import any_of

Found = tuple[int, int, str]
"""Start, end and kind of a piece to mask."""

KINDS = ("EMAIL", "PHONE", "CARD", "IBAN", "ADDRESS", "ACCOUNT", "IP", "SECRET")
"""The kinds of personal data."""
_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)}|TEXT)_\d{{1,6}}\]", re.IGNORECASE)
# Without one of these there is nothing to find.
_WORTH_A_LOOK = re.compile(
    r"[@＠]|(?:\d\D{0,12}){6}|://|::|\d(?:\.\d{1,3}){3}|_\d+\]|(?:sk|ghp|gho|xox[abprs]|AKIA|eyJ)[-_A-Za-z0-9]{12}"
)
# What can be found in no text without one of these, in whatever script; quicker still.
_HINT = re.compile(r"\d|[@＠]|[:：][/／:：]|(?:sk|ghp|gho|xox[abprs]|AKIA|eyJ)[-_A-Za-z0-9]{12}")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－", "-")
_SPACES = dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " ")

_EMAIL = re.compile(r"[\w.+%'’-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")
_USER_INFO = re.compile(r"(?<=://)[^\s/@:]{1,200}:[^\s/@]{1,200}(?=@)")
_PARAMETER = re.compile(
    r"[?&#;](?:access_?token|token|api_?key|key|secret|password|passwd|pwd|sig|signature|auth|session\w{0,12})="
    r"([^\s&#;\"'<>]{4,2000})",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(?<![\w-])(?:sk-[\w-]{16,200}|gh[po]_\w{20,200}|xox[abprs]-[\w-]{10,200}|AKIA[0-9A-Z]{16}"
    r"|eyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]{8,2000})"
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_VERSION = re.compile(r"(?:\bv|version|release|build|firmware)\W{0,3}$", re.IGNORECASE)
_IBAN = re.compile(r"(?<![\w])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w]|[-.,]\d)")
_CARD_START = re.compile(r"4|5[0-8]|3[04-9]|6|2[2-7]")
_LONG_CARD = re.compile(r"62|50|5[6-8]|6[0-9]")
_SSN = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w]|-\d)")
_CPF = re.compile(r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")
_DNI = re.compile(r"(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-Z](?!\w)", re.IGNORECASE)
_NAMED = re.compile(
    r"\b"
    + any_of(
        r"""
        account | acct | routing | sort code | passport | social security | ssn | national insurance | tax id | id card
        | driving licen[cs]e | driver'?s licen[cs]e | konto(?:nummer)? | ausweis(?:nummer)? | reisepass | steuer-?id
        | reisepassnummer | rekening(?:nummer)? | paspoort | bsn | compte | passeport | cuenta | pasaporte | dni | nie
        | conta | passaporte | cpf | conto | passaporto | codice fiscale | card number | kartennummer
        """
    )
    + r"\b[^\d\n]{0,20}?(?<!\w)([A-Z]{0,3}\d(?:[ -]?\d){5,16})(?!\w)",
    re.IGNORECASE,
)

# Dates, times and amounts, which digits alone would make look like numbers to call.
_CALENDAR = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:19|20)?\d\d)(?!\d)(?:T(?=\d))?"
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?!\d)"
    r"|[$€£¥₹]\s?\d[\d.,]*|(?<!\d)(?:19|20)\d\d\s?-\s?(?:19|20)\d\d(?!\d)"
)
_PHONE = re.compile(r"(?<![\w.,$€£¥/-])(?:\+|\()?\d(?:[ ./()-]{0,3}\d){5,16}(?![\w]|[.,:]\d|\s?[%€$£])")
_PHONE_NAMED = re.compile(
    r"(?<!\w)"
    + any_of(
        r"""
        phone | tel | telephone | mobile | cell | call me | call us | ring me | text me | whatsapp | signal | my number(?: is)?
        | reach me | handy(?:nummer)? | telefon(?:nummer)? | ruf mich | anrufen | nummer | mobiel | telefoon(?:nummer)? | bel me
        | téléphone | portable | appelle(?:-moi)? | numéro | teléfono | móvil | llámame | número | telefone | celular
        | telefono | cellulare | chiamami | телефон | номер | 電話 | 전화 | 电话
        """
    )
    + r"[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}")
# Where a leading zero is written, and the large ones where none is.
_REGIONS = (
    "GB", "DE", "FR", "NL", "BE", "AT", "CH", "SE", "FI", "IE", "AU", "NZ", "ZA", "NG", "IN", "JP", "KR", "TR", "UA", "IL",
)  # fmt: skip
_REGIONS_WITHOUT_ZERO = ("US", "ES", "IT", "PT", "PL", "CZ", "NO", "DK", "BR", "MX", "RU", "GR", "SG", "CN")


class Mask(Protocol):
    """What is done to a text before a model reads it, and undone after."""

    def mask(self, text: str) -> str: ...

    def unmask(self, text: str) -> str: ...


class Masker:
    """Masks all kinds but those in ``kept``.

    One vocabulary of placeholders ("[EMAIL_1]"): the same original has the same one for as long as this lives.
    ``unmask(mask(text)) == text`` for every text; a placeholder that somebody wrote is masked like any other piece.
    """

    def __init__(self, kept: Collection[str] = ()) -> None:
        self._kept = frozenset(kept)
        self._placeholders: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def mask(self, text: str) -> str:
        """``text`` with a placeholder for each piece of personal data."""
        found = _find(text) if _is_worth_a_look(text) else []
        pieces, end = [], 0
        for start, stop, kind in found:
            if kind in self._kept:
                continue
            pieces += [text[end:start], self._placeholder(text[start:stop], kind)]
            end = stop
        return "".join([*pieces, text[end:]])

    def unmask(self, text: str) -> str:
        """``text`` with the originals in place of this masker's placeholders, however they are capitalised."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match[0].upper(), match[0]), text)

    def _placeholder(self, original: str, kind: str) -> str:
        known = self._placeholders.get(original)
        if known is None:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._placeholders[original] = f"[{kind}_{number}]"
            self._originals[known] = original
        return known


class _NoMask:
    def mask(self, text: str) -> str:
        return text

    def unmask(self, text: str) -> str:
        return text


NO_MASK: Mask = _NoMask()
"""For the setting that masks nothing."""


def personal_data(text: str) -> list[Found]:
    """The pieces of personal data in a text, in order."""
    if not _HINT.search(text) or not _is_worth_a_look(text):
        return []
    return [found for found in _find(text) if found[2] in KINDS]


def _is_worth_a_look(text: str) -> bool:
    return (
        _WORTH_A_LOOK.search(text) is not None
        or any(True for _ in street_addresses(text))
        or (not text.isascii() and _WORTH_A_LOOK.search(_shadow(text)[0]) is not None)
    )


def _find(text: str) -> list[Found]:
    """The pieces to mask, in order, none within another; of two that overlap, the one of the earlier finder."""
    shadow, places = _shadow(text)
    taken: list[Found] = []
    covered = bytearray(len(shadow))
    for finder in _FINDERS:
        before = len(taken)
        for start, end, kind in finder(shadow):
            if not any(covered[start:end]):
                covered[start:end] = b"\1" * (end - start)
                taken.append((start, end, kind))
        if len(taken) > before:
            shadow = "".join("¤" if hidden else character for character, hidden in zip(shadow, covered, strict=True))
    return sorted((places[start], places[end - 1] + 1, kind) for start, end, kind in taken)


def _shadow(text: str) -> tuple[str, range | list[int]]:
    """The text in plain characters, and where in the original each of them stands."""
    if text.isascii():
        return text, range(len(text))
    characters, places = [], []
    for place, character in enumerate(text):
        if _INVISIBLE.match(character):
            continue
        characters.append(character if character.isascii() else _plain(character))
        places.append(place)
    return "".join(characters), places


def _plain(character: str) -> str:
    """One character for one: the ASCII digit, letter or mark that it stands for, else itself."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    known = _DASHES.get(character) or _SPACES.get(character)
    if known is not None:
        return known
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _placeholders(text: str) -> Iterator[Found]:
    for match in _PLACEHOLDER.finditer(text):
        yield match.start(), match.end(), "TEXT"


def _secrets(text: str) -> Iterator[Found]:
    if "://" in text:
        for match in _USER_INFO.finditer(text):
            yield match.start(), match.end(), "SECRET"
        for match in _PARAMETER.finditer(text):
            yield match.start(1), match.end(1), "SECRET"
    for match in _KEY.finditer(text):
        yield match.start(), match.end(), "SECRET"


def _emails(text: str) -> Iterator[Found]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            start = match.start() + (len(match[0]) - len(match[0].lstrip(".'’-")))
            yield start, match.end() - (len(match[0]) - len(match[0].rstrip("-"))), "EMAIL"


def _addresses(text: str) -> Iterator[Found]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if _is_address(match[0]) and not _VERSION.search(text[max(0, match.start() - 12) : match.start()]):
                yield match.start(), match.end(), "IP"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    # "a::b" is punctuation rather than an address.
    return sum(character not in ":." for character in text) >= 4 and any(map(str.isdigit, text))


def _ibans(text: str) -> Iterator[Found]:
    from stdnum import iban

    place = 0
    while match := _IBAN.search(text, place):
        end = place = match.end()
        # What follows may read on as if it belonged to it: "… 0130 00 is mine".
        while end - match.start() >= 15:
            if (
                text[end - 1].isalnum()
                and not text[end : end + 1].isalnum()
                and iban.is_valid(text[match.start() : end])
            ):
                yield match.start(), end, "IBAN"
                # The next one may begin where this one only seemed to go on.
                place = end
                break
            end -= 1


def _cards(text: str) -> Iterator[Found]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        begins = _CARD_START if len(digits) <= 16 else _LONG_CARD
        if begins.match(digits) and len(set(digits)) > 1 and luhn.is_valid(digits):
            yield match.start(), match.end(), "CARD"


def _accounts(text: str) -> Iterator[Found]:
    from stdnum.br import cpf
    from stdnum.es import dni, nie
    from stdnum.us import ssn

    checks: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
        (_SSN, ssn.is_valid),
        (_CPF, cpf.is_valid),
        (_DNI, lambda number: dni.is_valid(number) or nie.is_valid(number)),
    )
    for pattern, is_valid in checks:
        for match in pattern.finditer(text):
            if is_valid(match[0]):
                yield match.start(), match.end(), "ACCOUNT"
    for match in _NAMED.finditer(text):
        yield match.start(1), match.end(1), "ACCOUNT"


def _streets(text: str) -> Iterator[Found]:
    for start, end in street_addresses(text):
        yield start, end, "ADDRESS"


def _phones(text: str) -> Iterator[Found]:
    text = _CALENDAR.sub(lambda match: "¤" * len(match[0]), text)
    for match in _PHONE.finditer(text):
        written = match[0]
        if _is_phone(written, named=_PHONE_NAMED.search(text[max(0, match.start() - 48) : match.start()]) is not None):
            yield match.start(), match.end(), "PHONE"


def _is_phone(written: str, *, named: bool) -> bool:
    digits = re.sub(r"\D", "", written)
    if not 6 <= len(digits) <= 15:
        return False
    if written.startswith("+") or digits.startswith("00"):
        return _valid("+" + digits.removeprefix("00"), ("ZZ",))
    if named:
        return len(digits) >= 7 or _valid(written, _REGIONS_WITHOUT_ZERO)
    if _NORTH_AMERICAN.fullmatch(written):
        return _valid(written, ("US",))
    return digits.startswith("0") and len(digits) >= 9 and _valid(written, _REGIONS)


def _valid(written: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions:
        try:
            number = phonenumbers.parse(written, None if region == "ZZ" else region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False


_FINDERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    _placeholders, _secrets, _emails, _addresses, _ibans, _cards, _accounts, _phones, _streets,
)  # fmt: skip
