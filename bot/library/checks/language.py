"""How the text reads: respectful words, short sentences, everyday words, bold that is closed."""

from __future__ import annotations

from collections.abc import Iterator

from bot.library.article import MAIN_LANGUAGE, Article
from bot.library.checks.desk import Desk, line_of, notes_for, parts_of
from bot.library.fairs import Fair, ReadFair
from bot.library.guided import Flow, ReadFlow
from bot.library.problems import Problem, shorten
from bot.library.readability import inflesz, plain, sentences
from bot.library.reading import ReadArticle
from bot.library.sheet import Sheet
from bot.library.values import fill

LONGEST_SENTENCE = 25
EASY = 65.0
_FEWEST_WORDS = 30  # below that the scale says nothing


def respect(desk: Desk) -> Iterator[Problem]:
    """Words that hurt, with the better one."""
    for sheet in desk.sheets.values():
        notes = notes_for(sheet)
        for line, field, text in said(sheet):
            for place, word, better in desk.glossary.harsh(text, sheet.place.language):
                notes.add("word_harsh", line + text.count("\n", 0, place), field, word=word, better=better)
        yield from notes.problems


def long_sentences(desk: Desk) -> Iterator[Problem]:
    """Sentences that nobody reads to the end on a telephone."""
    library = desk.library
    for sheet in desk.sheets.values():
        notes = notes_for(sheet)
        for part in parts_of(sheet):
            for line, row in part.rows():
                for sentence in sentences(fill(row, library.datos, library.country, sheet.place.language)):
                    count = len(sentence.split())
                    if count > LONGEST_SENTENCE:
                        notes.add("sentence_long", line, part.heading, count=count, start=shorten(sentence))
        yield from notes.problems


def easy(desk: Desk) -> Iterator[Problem]:
    """INFLESZ of the Spanish articles."""
    library = desk.library
    for sheet in desk.articles.values():
        if sheet.place.language != MAIN_LANGUAGE:
            continue
        notes = notes_for(sheet)
        text = fill("\n".join(part.text for part in parts_of(sheet)), library.datos, library.country, MAIN_LANGUAGE)
        score = inflesz(text)
        if score < EASY and len(plain(text).split()) >= _FEWEST_WORDS:
            notes.add("hard_to_read", parts_of(sheet)[0].line, "summary", score=round(score))
        yield from notes.problems


def bold(desk: Desk) -> Iterator[Problem]:
    """Bold text that begins and does not end."""
    for sheet in desk.sheets.values():
        notes = notes_for(sheet)
        for part in parts_of(sheet):
            for line, row in part.rows():
                if row.count("**") % 2:
                    notes.add("bold_open", line, part.heading)
        yield from notes.problems


def said(sheet: Sheet) -> Iterator[tuple[int, str, str]]:
    """Everything in a file that a person may read: line, field, text. Ways of asking are theirs, not ours."""
    for part in parts_of(sheet):
        yield part.start, part.heading or "summary", part.text
    if isinstance(sheet.found, ReadFlow):
        if sheet.found.flow:
            yield from _said_by(sheet.found.flow, sheet)
        return
    named: Article | Fair | None = sheet.found.fair if isinstance(sheet.found, ReadFair) else None
    if isinstance(sheet.found, ReadArticle):
        named = sheet.found.article
    if named:
        yield line_of(sheet, "title"), "title", named.title
        yield line_of(sheet, "label"), "label", named.label


def _said_by(flow: Flow, sheet: Sheet) -> Iterator[tuple[int, str, str]]:
    yield line_of(sheet, "title"), "title", flow.title
    yield line_of(sheet, "label"), "label", flow.label
    yield line_of(sheet, "intro"), "intro", flow.intro
    for step in flow.steps.values():
        for key, text in (("ask", step.ask), ("say", step.say)):
            yield line_of(sheet, "steps", step.name, key), f"steps.{step.name}.{key}", text
        for place, option in enumerate(step.options):
            path = ("steps", step.name, "options", place, "label")
            yield line_of(sheet, *path), f"steps.{step.name}.options[{place}].label", option.label
    for place, item in enumerate(flow.items):
        yield line_of(sheet, "items", place, "label"), f"items[{place}].label", item.label
        yield line_of(sheet, "items", place, "text"), f"items[{place}].text", item.text
