"""From the text of one article file to an `Article`, or to the list of what keeps it from being one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.library.article import MAIN_LANGUAGE, Article, Section, Source, Verified
from bot.library.fields import Fields
from bot.library.markdown import Part, parts, split_front
from bot.library.place import Place
from bot.library.problems import Notes
from bot.library.tree import Tree, read_yaml
from bot.messages import LONGEST_LABEL

REQUIRED = ("title", "label", "questions", "sources", "review_by", "status")
EXPECTED = ("keywords", "verified", "regions", "related")
"""Asked for too, but an article that forgot one can still be served."""
LONGEST_TITLE = 60
FEWEST_QUESTIONS = {"es": 12, "en": 10}
PENDING = "PENDING"
STATUSES = ("published", "draft")
_NEVER = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """An article file as it was understood. `article` has its `datos` not filled in; None when it cannot be served."""

    article: Article | None
    parts: tuple[Part, ...] = ()
    tree: Tree | None = None


def read_article(text: str, place: Place, notes: Notes) -> ReadArticle:
    """Read one file; what is wrong with it is in `notes`, whether it may be served in `notes.served`."""
    split = split_front(text, notes)
    if split is None:
        return ReadArticle(None)
    tree = read_yaml(split.front, notes, split.front_line)
    body = tuple(parts(split.body, split.body_line, place.language, notes))
    if tree is None:
        return ReadArticle(None, body)
    fields = Fields(tree, notes)
    article = _article(fields, body, place)
    return ReadArticle(article if notes.served else None, body, tree)


def _article(fields: Fields, body: Sequence[Part], place: Place) -> Article:
    translated = place.language != MAIN_LANGUAGE
    fields.only(REQUIRED, (*EXPECTED, "translates") if translated else EXPECTED)
    for name in EXPECTED:
        if name not in fields.values and fields.values:
            fields.note("missing_field", name)
    title = fields.text("title", longest=LONGEST_TITLE, words=True)
    sources = read_sources(fields)
    summary = body[0].text if body else ""
    sections = tuple(Section(part.key, part.text) for part in body[1:])
    return Article(
        id=place.id,
        topic=place.topic,
        slug=place.slug,
        language=place.language,
        title=title,
        label=read_label(fields),
        questions=read_questions(fields, place.language),
        keywords=fields.texts("keywords", empty=True),
        sources=sources,
        verified=_verified(fields),
        review_by=fields.day("review_by") or _NEVER,
        regions=fields.texts("regions", empty=True),
        related=fields.texts("related", empty=True),
        status=fields.one_of("status", STATUSES),
        summary=summary,
        sections=sections,
        translates=fields.text("translates", empty=True),
        path=place.path,
        hash=fingerprint(
            title, summary, *(f"{s.key}\n{s.text}" for s in sections), *(s.url + s.as_of for s in sources)
        ),
    )


def fingerprint(*texts: str) -> str:
    """Twelve characters that change when one of the texts does, whatever the line ends and blanks around it."""
    plain = "\0".join(" ".join(text.split()) for text in texts)
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:12]


def read_label(fields: Fields) -> str:
    """The words of a button."""
    label = fields.text("label", words=True)
    if len(label) > LONGEST_LABEL:
        fields.note("label_long", "label", length=len(label), longest=LONGEST_LABEL)
    return label


def read_questions(fields: Fields, language: str, fewest: int | None = None) -> tuple[str, ...]:
    """The ways of asking; repeated ones and too few are noted."""
    questions = fields.texts("questions")
    wanted = FEWEST_QUESTIONS.get(language, 12) if fewest is None else fewest
    if 0 < len(questions) < wanted:
        fields.note("few_questions", "questions", count=len(questions), fewest=wanted)
    seen: dict[str, int] = {}
    for place, question in enumerate(questions):
        line = fields.tree.line(*fields.path, "questions", place)
        first = seen.setdefault(question.casefold(), line)
        if first != line:
            fields.notes.add("question_repeated", line, f"questions[{place}]", question=question, first=first)
    return questions


def read_sources(fields: Fields, *, empty: bool = False) -> tuple[Source, ...]:
    """Who says so."""
    out = []
    for row in fields.rows("sources", empty=empty):
        row.only(("name", "url", "as_of"))
        out.append(Source(row.text("name"), row.url("url"), row.as_of("as_of")))
    return tuple(out)


def _verified(fields: Fields) -> Verified | None:
    inner = fields.child("verified")
    if inner is None:
        return None
    inner.only(("on", "by"))
    on, by = inner.day("on"), inner.text("by", words=True)
    return Verified(on, by) if on and by else None
