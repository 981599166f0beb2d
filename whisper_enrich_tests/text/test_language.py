from __future__ import annotations

import pytest

from whisper_enrich.text.language import detect, is_covered


@pytest.mark.parametrize(
    "text",
    [
        "I love pizza",
        "gonna grab a coffee",
        "me too",
        "wait what",
        "so what is the plan for tonight",
        "Schnitzel is my favourite food",
        "I said hola to my abuela",
        "Dinner with Marco, Giulia e Anna",
        "ive been better tbh",
        "no way, that's sick",
    ],
)
def test_short_english_chat_is_english(text: str) -> None:
    assert detect(text) == "en"


@pytest.mark.parametrize(
    "text", ["lol ok", "omg", "pizza", "hmm", "🙂", "xoxo", "", "12:30", "https://example.org/lo-que-sea", "brb"]
)
def test_too_little_text_is_left_open_and_covered(text: str) -> None:
    assert detect(text) is None
    assert is_covered(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ich gehe morgen ins Kino", "de"),
        ("Hab heute meinen Hund zum Tierarzt gebracht", "de"),
        ("Je suis fatigué", "fr"),
        ("mañana voy a Madrid con mi hermana", "es"),
        ("ciao bella come stai oggi", "it"),
        ("hoje estou cansada", "pt"),
        ("Ik ben vanmorgen naar de markt geweest", "nl"),
        ("今日はうどんを食べます", "ja"),
        ("안녕하세요", "ko"),
        ("你好吗", "zh"),
        ("Привет, как дела", "ru"),
        ("Привіт, мені дуже подобається ця пісня", "uk"),
        ("שלום", "he"),
        ("สวัสดี", "th"),
        ("Γειά σου", "el"),
    ],
)
def test_other_languages_are_named_and_not_covered(text: str, language: str) -> None:
    assert detect(text) == language
    assert not is_covered(text)


def test_a_foreign_word_does_not_make_a_sentence_foreign() -> None:
    assert detect("my flatmate keeps saying 頑張って to me before exams") == "en"


def test_the_same_text_is_always_given_the_same_language() -> None:
    assert {detect("bom dia amigo") for _ in range(3)} == {detect("bom dia amigo")}
