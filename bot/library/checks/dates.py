"""Dates: none in the future that should lie in the past, and what is due for review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.library.checks.desk import Desk, article_of, line_of, notes_for
from bot.library.datos import Datum
from bot.library.fairs import ReadFair
from bot.library.place import What
from bot.library.problems import Notes, Problem
from bot.library.render import Freshness, freshness
from bot.library.tree import read_yaml


def facts(desk: Desk) -> Iterator[Problem]:
    """No fact is from the future."""
    for sheet in (*desk.articles.values(), *desk.fairs.values()):
        notes = notes_for(sheet)
        fair = sheet.found.fair if isinstance(sheet.found, ReadFair) else None
        for place, source in enumerate(fair.sources if fair else article_of(sheet).sources):
            if _future(source.as_of, desk.today):
                line = line_of(sheet, "sources", place, "as_of")
                notes.add("future_as_of", line, f"sources[{place}].as_of", value=source.as_of)
        yield from notes.problems


def values(desk: Desk) -> Iterator[Problem]:
    """No value of `datos.yaml` is from the future."""
    for sheet in desk.sheets.values():
        if sheet.place.what is not What.DATOS or not isinstance(sheet.found, dict):
            continue
        late = [
            datum for datum in sheet.found.values() if isinstance(datum, Datum) and _future(datum.as_of, desk.today)
        ]
        tree = read_yaml(sheet.text, Notes("")) if late else None
        notes = notes_for(sheet)
        for datum in late:
            line = tree.line(datum.key, "as_of") if tree else 1
            notes.add("future_as_of", line, f"{datum.key}.as_of", value=datum.as_of)
        yield from notes.problems


def review(desk: Desk) -> Iterator[Problem]:
    """Articles past `review_by`, and verifications that have not happened yet."""
    for sheet in desk.articles.values():
        article, notes = article_of(sheet), notes_for(sheet)
        if article.verified and article.verified.on > desk.today:
            notes.add("future_verified", line_of(sheet, "verified", "on"), "verified.on", value=article.verified.on)
        state = freshness(article, desk.today)
        if state is not Freshness.FRESH:
            code = "due" if state is Freshness.STALE else "withdrawn"
            notes.add(code, line_of(sheet, "review_by"), "review_by", day=article.review_by)
        yield from notes.problems


def _future(as_of: str, today: date) -> bool:
    return as_of > today.isoformat()[: len(as_of)]
