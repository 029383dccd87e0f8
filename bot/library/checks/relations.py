"""How the files speak of each other: topics, related articles, links, labels, questions, regions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bot.library.article import LANGUAGES
from bot.library.checks.desk import Desk, article_of, line_of, notes_for, parts_of
from bot.library.fairs import ReadFair
from bot.library.fields import url_mistake
from bot.library.guided import ReadFlow
from bot.library.place import What
from bot.library.problems import Notes, Problem
from bot.library.sheet import Sheet
from bot.library.tree import read_yaml

_LINK = re.compile(r"\[[^\]]*\]\(([^)\n]*)\)")
_BROKEN = re.compile(r"\[[^\]\n]+\]\s+\(|\[[^\]\n]+\]\((?![^)\n]*\))")
_WORDS = re.compile(r"\w+")
_OURS = re.compile(r"/?(?:en/)?(?:a/)?([a-z0-9-]+/[a-z0-9-]+)(?:\.md)?/?(?:#.*)?")


def topics(desk: Desk) -> Iterator[Problem]:
    """Each file lies in a topic that the country file names."""
    known = [topic.id for topic in desk.library.country.topics]
    kinds = {What.ARTICLE, What.FLOW, What.FAIR}
    for sheet in desk.sheets.values():
        if known and sheet.place.what in kinds and sheet.place.topic not in known:
            notes = notes_for(sheet)
            notes.add("unknown_topic", 1, topic=sheet.place.topic, known=", ".join(known))
            yield from notes.problems


def related(desk: Desk) -> Iterator[Problem]:
    """`related` names other articles that exist."""
    for sheet in desk.articles.values():
        article, notes = article_of(sheet), notes_for(sheet)
        for place, name in enumerate(article.related):
            line, field = line_of(sheet, "related", place), f"related[{place}]"
            if name == article.id:
                notes.add("related_self", line, field)
            elif name not in desk.ids:
                notes.add("related_missing", line, field, id=name, near=desk.near(name))
            elif name in article.related[:place]:
                notes.add("related_twice", line, field, id=name)
        yield from notes.problems


def links(desk: Desk) -> Iterator[Problem]:
    """Links in the text are written well and lead somewhere."""
    for sheet in desk.sheets.values():
        notes = notes_for(sheet)
        for part in parts_of(sheet):
            for line, row in part.rows():
                _links(row, line, part.heading, desk, notes)
        yield from notes.problems


def _links(row: str, line: int, field: str, desk: Desk, notes: Notes) -> None:
    if "[" not in row:
        return
    if broken := _BROKEN.search(row):
        notes.add("link_broken", line, field, value=broken[0])
    for target in _LINK.findall(row):
        address = target.strip()
        ours = _OURS.fullmatch(address)
        if ours:
            if ours[1] not in desk.ids:
                notes.add("link_missing", line, field, id=ours[1], near=desk.near(ours[1]))
        elif code := url_mistake(address):
            notes.add(code, line, field, value=address)


def flow_articles(desk: Desk) -> Iterator[Problem]:
    """The articles at the ends of a flow exist."""
    for sheet in desk.flows.values():
        assert isinstance(sheet.found, ReadFlow)
        assert sheet.found.flow
        notes, flow = notes_for(sheet), sheet.found.flow
        named = [(("steps", step.name, "article"), step.article) for step in flow.steps.values()]
        named += [(("items", str(place), "article"), item.article) for place, item in enumerate(flow.items)]
        for path, name in named:
            if name and name not in desk.ids:
                steps = tuple(int(step) if step.isdigit() else step for step in path)
                notes.add("flow_article", line_of(sheet, *steps), ".".join(path), id=name, near=desk.near(name))
        yield from notes.problems


def labels(desk: Desk) -> Iterator[Problem]:
    """No two buttons of articles are the same, and none holds an emoji."""
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for sheet in (*desk.articles.values(), *desk.flows.values(), *desk.fairs.values()):
            if sheet.place.language != language:
                continue
            label, notes = _label(sheet), notes_for(sheet)
            if emoji(label):
                notes.add("label_emoji", line_of(sheet, "label"), "label")
            first = seen.setdefault(label.casefold(), sheet.place.path)
            if label and first != sheet.place.path:
                notes.add("label_twice", line_of(sheet, "label"), "label", label=label, other=first)
            yield from notes.problems


def option_emoji(desk: Desk) -> Iterator[Problem]:
    """No option of a flow holds an emoji."""
    for sheet in desk.flows.values():
        assert isinstance(sheet.found, ReadFlow)
        assert sheet.found.flow
        notes = notes_for(sheet)
        for step in sheet.found.flow.steps.values():
            for place, option in enumerate(step.options):
                if emoji(option.label):
                    path = ("steps", step.name, "options", place, "label")
                    notes.add("label_emoji", line_of(sheet, *path), f"steps.{step.name}.options[{place}].label")
        yield from notes.problems


def questions(desk: Desk) -> Iterator[Problem]:
    """No question stands in two articles, or it would lead to one of them by chance."""
    seen: dict[tuple[str, str], tuple[Sheet, int]] = {}
    for sheet in (*desk.articles.values(), *desk.flows.values()):
        notes = notes_for(sheet)
        for place, question in enumerate(_questions(sheet)):
            line = line_of(sheet, "questions", place)
            key = (sheet.place.language, _folded(question))
            first, where = seen.setdefault(key, (sheet, line))
            if first.place.id != sheet.place.id:
                other = first.place.path
                notes.add(
                    "question_elsewhere", line, f"questions[{place}]", question=question, other=other, first=where
                )
        yield from notes.problems


def own_questions(desk: Desk) -> Iterator[Problem]:
    """Each question finds its own article, even when the index does not know the question."""
    if desk.ranker is None:
        return
    for sheet in desk.articles.values():
        article, notes = article_of(sheet), notes_for(sheet)
        for place, question in enumerate(article.questions if article.published else ()):
            found = desk.ranker(article.id, question, article.language)
            if found is not None and found != article.id:
                line = line_of(sheet, "questions", place)
                notes.add("question_misleads", line, f"questions[{place}]", question=question, other=found)
        yield from notes.problems


def regions(desk: Desk) -> Iterator[Problem]:
    """Codes of regions exist."""
    known = desk.library.country.regions
    if not known:
        return
    codes = {region.code for region in known}
    for sheet in (*desk.articles.values(), *desk.fairs.values()):
        notes = notes_for(sheet)
        if isinstance(sheet.found, ReadFair):
            named = [(line_of(sheet, "region"), "region", sheet.found.fair.region if sheet.found.fair else "")]
        else:
            said = article_of(sheet).regions
            named = [(line_of(sheet, "regions", n), f"regions[{n}]", code) for n, code in enumerate(said)]
        for line, field, code in named:
            if code not in codes:
                notes.add("region_unknown", line, field, region=code, example=known[-1].name)
        yield from notes.problems


def offices(desk: Desk) -> Iterator[Problem]:
    """Offices lie in regions that exist and serve articles that exist."""
    codes = {region.code for region in desk.library.country.regions}
    for sheet in desk.sheets.values():
        if sheet.place.what is not What.OFFICES or not isinstance(sheet.found, tuple):
            continue
        notes, tree = notes_for(sheet), read_yaml(sheet.text, notes_for(sheet))
        for row, office in enumerate(sheet.found if tree else ()):
            assert tree
            if codes and office.region not in codes:
                line = tree.line("offices", row, "region")
                example = desk.library.country.regions[-1].name
                notes.add("region_unknown", line, f"offices[{row}].region", region=office.region, example=example)
            for place, name in enumerate(office.topics):
                if name not in desk.ids:
                    line = tree.line("offices", row, "topics", place)
                    notes.add("related_missing", line, f"offices[{row}].topics", id=name, near=desk.near(name))
        yield from notes.problems


def emoji(text: str) -> bool:
    """There is a picture among the letters."""
    return any(unicodedata.category(letter) in {"So", "Cs", "Co"} or letter == "\ufe0f" for letter in text)


def _label(sheet: Sheet) -> str:
    match sheet.found:
        case ReadFlow(flow=flow) if flow:
            return flow.label
        case ReadFair(fair=fair) if fair:
            return fair.label
    return article_of(sheet).label


def _questions(sheet: Sheet) -> tuple[str, ...]:
    if isinstance(sheet.found, ReadFlow):
        return sheet.found.flow.questions if sheet.found.flow else ()
    return article_of(sheet).questions


def _folded(question: str) -> str:
    folded = unicodedata.normalize("NFKD", question.casefold())
    return " ".join(_WORDS.findall("".join(letter for letter in folded if not unicodedata.combining(letter))))
