"""Which language a message is in; unsure is allowed, wrong is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.understanding.language import language_of

OWN = yaml.safe_load((Path(__file__).parent / "data" / "questions.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "menu",
        "carnet",
        "ok",
        "hello",
        "hola",
        "work permit",
        "visa humanitaria",
        "CV",
        "",
        "123",
        "😂",
        "Yape",
        "stop",
        "English",
    ],
)
def test_a_word_or_two_never_flip_the_language(text):
    assert language_of(text) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("xfa q piden pa sacar el carnet", "es"),
        ("me botaron del trabajo", "es"),
        ("I was fired, what can I do?", "en"),
        ("how get paper for my son", "en"),
        ("preciso de ajuda com os meus documentos", "other"),
        ("bonjour, je cherche du travail à Lima", "other"),
        ("mwen bezwen yon travay", "other"),
        ("Привет, как дела", "other"),
        ("你好", "other"),
        ("oi, como faço para tirar a carteira de estrangeiro?", "other"),
        ("quanto custa", "other"),
        ("merci", "other"),
        ("mwen pa pale espanyol", "other"),
        ("cuanto cuesta la carteira", "es"),
        ("¿Qué es el permanent resident card?", "es"),
    ],
)
def test_sentences_are_told_apart(text, language):
    assert language_of(text) == language


def test_our_own_questions_are_never_taken_for_the_wrong_one_of_our_languages():
    rows = [row for row in OWN if row["lang"] in {"es", "en"}]
    wrong = [row["text"] for row in rows if language_of(row["text"]) not in {row["lang"], None}]
    unsure = [row for row in rows if language_of(row["text"]) is None and len(row["text"].split()) >= 7]
    assert wrong == []
    assert len(unsure) <= 0.03 * len(rows)
