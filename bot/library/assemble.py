"""Putting the files together: values filled in, the last good version in the place of a broken file. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from bot.library.article import Article, Section
from bot.library.country import Country
from bot.library.datos import DATO, Datum
from bot.library.fairs import Fair, ReadFair
from bot.library.guided import Flow, ReadFlow
from bot.library.library import Library
from bot.library.offices import NOBODY, Team
from bot.library.pais import NOWHERE
from bot.library.place import What
from bot.library.problems import ERROR, Notes, Problem
from bot.library.reading import ReadArticle
from bot.library.sheet import Sheet
from bot.library.values import fill, unknown

_ADDRESS = re.compile(r"\]\((https?://[^)\s]+)\)")


def assemble(sheets: Mapping[str, Sheet], last_good: Mapping[str, Sheet]) -> tuple[Library, dict[str, Sheet]]:
    """The library of these files, and the sheets that are in service now (the next call's `last_good`)."""
    chosen = {path: sheet if _whole(sheet) else last_good.get(path, sheet) for path, sheet in sheets.items()}
    country = next((s.found for s in chosen.values() if isinstance(s.found, Country)), NOWHERE)
    datos = datos_of(chosen.values())
    for path, known in last_good.items():
        if path in chosen and not _fills(chosen[path], datos) and _fills(known, datos):
            chosen[path] = known
    served = {path: sheet for path, sheet in chosen.items() if sheet.usable and _fills(sheet, datos)}
    articles, fairs, flows = _pieces(served.values(), datos, country)
    library = Library(
        pages={(a.language, a.id): a for a in sorted(articles, key=_menu_order(country))},
        fairs={(fair.language, fair.id): fair for fair in fairs},
        flows={(flow.language, flow.id): flow for flow in flows},
        datos=datos,
        country=country,
        places=next((s.found for s in served.values() if isinstance(s.found, tuple)), ()),
        team=next((s.found for s in served.values() if isinstance(s.found, Team)), NOBODY),
        version=_version(served),
        problems=tuple(sorted(_problems(sheets, datos))),
    )
    return library, served


def datos_of(sheets: Iterable[Sheet]) -> Mapping[str, Datum]:
    """The values among these files."""
    for sheet in sheets:
        if sheet.place.what is What.DATOS and isinstance(sheet.found, Mapping):
            return sheet.found
    return {}


def filled(article: Article, datos: Mapping[str, Datum], country: Country) -> Article:
    """The article with its values written in and the state's own address found."""
    sections = tuple(Section(s.key, fill(s.text, datos, country, article.language)) for s in article.sections)
    summary = fill(article.summary, datos, country, article.language)
    return replace(article, summary=summary, sections=sections, official=_official(article, country))


def _problems(sheets: Mapping[str, Sheet], datos: Mapping[str, Datum]) -> Iterator[Problem]:
    for path, sheet in sheets.items():
        yield from sheet.problems
        if not _fills(sheet, datos):
            notes = Notes(path)
            found = next(each for each in DATO.finditer(sheet.text) if unknown(each[0], datos))
            notes.add("datos_unknown", sheet.text.count("\n", 0, found.start()) + 1, "", key=found[1], near="")
            yield from notes.problems


def _whole(sheet: Sheet) -> bool:
    if sheet.place.what is What.DATOS:
        return sheet.usable and all(problem.level != ERROR for problem in sheet.problems)
    return sheet.usable


def _fills(sheet: Sheet, datos: Mapping[str, Datum]) -> bool:
    return not isinstance(sheet.found, ReadArticle | ReadFair | ReadFlow) or not unknown(sheet.text, datos)


def _pieces(
    sheets: Iterable[Sheet], datos: Mapping[str, Datum], country: Country
) -> tuple[list[Article], list[Fair], list[Flow]]:
    articles: list[Article] = []
    fairs: list[Fair] = []
    flows: list[Flow] = []
    for sheet in sheets:
        match sheet.found:
            case ReadArticle(article=Article() as article):
                articles.append(filled(article, datos, country))
            case ReadFair(fair=Fair() as fair):
                fairs.append(replace(fair, text=fill(fair.text, datos, country, fair.language)))
            case ReadFlow(flow=Flow() as flow):
                flows.append(_filled_flow(flow, datos, country))
            case _:
                pass
    return articles, fairs, flows


def _filled_flow(flow: Flow, datos: Mapping[str, Datum], country: Country) -> Flow:
    def said(text: str) -> str:
        return fill(text, datos, country, flow.language)

    steps = {name: replace(step, ask=said(step.ask), say=said(step.say)) for name, step in flow.steps.items()}
    items = tuple(replace(item, text=said(item.text)) for item in flow.items)
    return replace(flow, steps=steps, items=items, intro=said(flow.intro))


def _official(article: Article, country: Country) -> str:
    text = "\n".join((article.summary, *(section.text for section in article.sections)))
    for url in (*(source.url for source in article.sources), *_ADDRESS.findall(text)):
        host = urlsplit(url).hostname or ""
        if any(host == domain or host.endswith("." + domain) for domain in country.official):
            return str(url)
    topic = next((topic for topic in country.topics if topic.id == article.topic), None)
    return topic.official if topic and topic.official else article.sources[0].url if article.sources else ""


def _menu_order(country: Country) -> Callable[[Article], tuple[int, int, str, str]]:
    topics = {topic.id: place for place, topic in enumerate(country.topics)}
    slugs = {(topic.id, slug): place for topic in country.topics for place, slug in enumerate(topic.articles)}

    def order(article: Article) -> tuple[int, int, str, str]:
        place = slugs.get((article.topic, article.slug), len(slugs))
        return topics.get(article.topic, len(topics)), place, article.id, article.language

    return order


def _version(served: Mapping[str, Sheet]) -> str:
    whole = hashlib.sha256()
    for path, sheet in sorted(served.items()):
        whole.update(f"{path}\0{sheet.digest}\n".encode())
    return whole.hexdigest()[:12]
