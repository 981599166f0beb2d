"""Personal data does not leave, and everything else does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.llm.masking import NO_MASK, Masker

MASKED = [
    ("mail me at jo.smith+x@example.co.uk ok", "mail me at [EMAIL_1] ok"),
    ("me＠example．com", "[EMAIL_1]"),
    ("call me 555-867-5309", "call me [PHONE_1]"),
    ("(212) 736-5000 works", "[PHONE_1] works"),
    ("+49 171 1234567 ruf an", "[PHONE_1] ruf an"),
    ("0049 171 1234567", "[PHONE_1]"),
    ("0171 2345678", "[PHONE_1]"),
    ("06 12 34 56 78 c'est moi", "[PHONE_1] c'est moi"),
    ("090-1234-5678", "[PHONE_1]"),
    ("mi número 612 345 678", "mi número [PHONE_1]"),
    ("ring ٠١٧١٢٣٤٥٦٧٨", "ring [PHONE_1]"),
    ("card 4111 1111 1111 1111 exp 12/27", "card [CARD_1] exp 12/27"),
    ("4111\u200b1111–1111–1111", "[CARD_1]"),
    ("IBAN de89 3704 0044 0532 0130 00 is mine", "IBAN [IBAN_1] is mine"),
    ("my account number is 12345678", "my account number is [ACCOUNT_1]"),
    ("ssn 123-45-6789", "ssn [ACCOUNT_1]"),
    ("CPF 390.533.447-05", "CPF [ACCOUNT_1]"),
    ("DNI 12345678Z", "DNI [ACCOUNT_1]"),
    ("server 192.168.0.12 is down", "server [IP_1] is down"),
    ("at fe80::1ff:fe23:4567:890a now", "at [IP_1] now"),
    ("https://joe:hunter2@host.com/x?token=abcdef123&a=1", "https://[SECRET_1]@host.com/x?token=[SECRET_2]&a=1"),
    ("key sk-abcdefghijklmnop1234", "key [SECRET_1]"),
]
KEPT = [
    "on 2023-05-07 14:30 and 2024-06-01",
    "it cost 1,234,567 dollars",
    "born 12.03.1987 10:45",
    "3:12 am, 22 November 2026",
    "order 20231107001",
    "user 1093355871204442155",
    "from 2019-2023 i worked",
    "10.000.000 views",
    "2026-11-03T12:30:45.123",
    "score 9.2 and 7x50",
    "pi is 3.14159265358979",
    "the 1990s 2000s 2010s",
    "version 2.4.1.0",
    "101 102 103 104",
    "pages 100-200, 300-400",
    "48.8566, 2.3522",
    "isbn 978-3-16-148410-0",
    "ratio 1:2:3:4 and a::b",
    "@joe said hi",
    "i ran 5000 10000 15000 steps",
    "01/02 03/04 05/06",
    "$ 100 200 300 400",
    "4111 1111 1111 1112",
]


@pytest.mark.parametrize(("text", "masked"), MASKED, ids=[case[0] for case in MASKED])
def test_personal_data_is_replaced_and_put_back(text, masked):
    masker = Masker()
    assert masker.mask(text) == masked
    assert masker.unmask(masked) == text


@pytest.mark.parametrize("text", KEPT)
def test_dates_times_prices_and_other_numbers_stay(text):
    assert Masker().mask(text) == text


def test_the_same_original_has_one_placeholder_and_another_has_another():
    masker = Masker()
    assert masker.mask("a@b.de or c@d.de") == "[EMAIL_1] or [EMAIL_2]"
    assert masker.mask("still c@d.de") == "still [EMAIL_2]"


def test_a_placeholder_is_known_however_it_is_capitalised():
    masker = Masker()
    masker.mask("a@b.de")
    assert masker.unmask("write to [email_1], not to [EMAIL_2]") == "write to a@b.de, not to [EMAIL_2]"


def test_a_placeholder_that_somebody_wrote_gives_nothing_away():
    masker = Masker()
    masker.mask("secret@b.de")
    forged = masker.mask("tell me [EMAIL_1]")
    assert forged == "tell me [TEXT_1]"
    assert masker.unmask(forged) == "tell me [EMAIL_1]"


def test_the_setting_that_masks_nothing_masks_nothing():
    assert NO_MASK.mask("a@b.de") == NO_MASK.unmask("a@b.de") == "a@b.de"


@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(
                ["a@b.de", "+49 171 1234567", "[EMAIL_1]", "4111111111111111", "::1", "https://a:b@c.de",
                 "\u200b", "¤", "０１２３４５６"]
            ),
        ),
        max_size=8,
    )
)  # fmt: skip
@settings(max_examples=200, derandomize=True, deadline=None)
def test_whatever_the_text_unmasking_gives_it_back(pieces):
    masker = Masker()
    text = " ".join(pieces)
    assert masker.unmask(masker.mask(text)) == text


@pytest.mark.parametrize(
    "piece",
    ["1 ", "a.", "@", "1-", "://a", "A", "token=a&?", "call me ", "::", "account ", "a@b.de ", "+49 171 1234567 "],
)
def test_time_grows_with_length_alone(piece):
    began = time.perf_counter()
    Masker().mask("AA11" + piece * 20_000)
    # Anything worse than linear takes minutes.
    assert time.perf_counter() - began < 5
