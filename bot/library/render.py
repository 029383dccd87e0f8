"""From an article to the words of a bubble: title, text, who says so, how fresh it is. Pure.

Whatever the article, a bubble is never longer than a message may be, names its source, and an article past its date never
looks fresh. The text is our small Markdown (bold, lists, links), each channel writes it in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.library.article import MAIN_LANGUAGE, SECTION_KEYS, Article
from bot.messages import LONGEST_REPLY
from bot.wording import Wording

STILL_SERVED = timedelta(days=90)
"""How long after `review_by` an article is shown with a warning before it is not shown any more."""

NEEDED_KEYS = (
    "source.line", "source.verified", "source.title", "source.row", "source.not_verified", "source.was_verified",
    "source.version", "stale.warning", "stale.withdrawn", "language.only_spanish",
    *(f"section.{key}" for key in SECTION_KEYS),
)  # fmt: skip
"""The keys of `ui.po` that this module says."""

_ROOM = LONGEST_REPLY - 250
"""What a bubble has at least for its text: title, warnings and source line take the rest."""

_END = re.compile(r"[.!?:](?=\s|$)|\n")


class Freshness(StrEnum):
    """How far an article can be trusted by its date."""

    FRESH = "fresh"
    STALE = "stale"  # past review_by: shown with a warning and the official link
    WITHDRAWN = "withdrawn"  # 90 days later: not shown


def freshness(article: Article, now: datetime | date) -> Freshness:
    """How far the article can be trusted on that day."""
    today = now.date() if isinstance(now, datetime) else now
    if today <= article.review_by:
        return Freshness.FRESH
    return Freshness.STALE if today <= article.review_by + STILL_SERVED else Freshness.WITHDRAWN


def source_line(article: Article, wording: Wording, language: str = "") -> str:
    """`Fuente: Migraciones · dato de set 2025`, and `· verificado el 3 dic 2026` when a person did."""
    speak = language or article.language
    if not article.sources:
        return ""
    first = article.sources[0]
    line = wording.text("source.line", speak, name=first.name, as_of=wording.as_of(first.as_of, speak))
    if article.verified:
        line += wording.text("source.verified", speak, day=wording.date(article.verified.on, speak))
    return line


def bubble(article: Article, now: datetime | date, wording: Wording, language: str = "") -> str:
    """The answer: title, summary, source line. Past its date it begins with a warning; 90 days later only the link is told."""
    return _bubble(article, f"**{article.title}**", article.summary, now, wording, language)


def section_bubble(article: Article, key: str, now: datetime | date, wording: Wording, language: str = "") -> str:
    """One section with its source line; the summary when the article has no such section."""
    section = article.section(key)
    if section is None:
        return bubble(article, now, wording, language)
    name = wording.text(f"section.{key}", language or article.language)
    return _bubble(article, f"**{article.title}: {name}**", section.text, now, wording, language)


def asked_bubble(
    article: Article, keys: Sequence[str], now: datetime | date, wording: Wording, language: str = ""
) -> str:
    """The sections of those names in one bubble, as many as fit; the summary when the article has none of them."""
    title, text = _asked(article, keys, wording, language)
    return _bubble(article, title, text, now, wording, language)


def brief(
    article: Article, keys: Sequence[str], now: datetime | date, wording: Wording, longest: int, language: str = ""
) -> str:
    """The same in at most `longest` characters, cut where a sentence ends, with its source line.

    Empty when not even the first sentence fits, or when the article is too old to be shown.
    """
    title, text = _asked(article, keys, wording, language)
    if longest < 1 or freshness(article, now) is Freshness.WITHDRAWN:
        return ""
    first = _END.search(text)
    least = text[: first.end()].rstrip() if first else text
    if len(_bubble(article, title, f"{least} …" if least != text else text, now, wording, language)) > longest:
        return ""
    return _bubble(article, title, text, now, wording, language, longest)


def _asked(article: Article, keys: Sequence[str], wording: Wording, language: str) -> tuple[str, str]:
    """Title and text for the sections that were asked for; of two the first alone when both do not fit."""
    speak = language or article.language
    found = [part for key in keys if (part := article.section(key)) is not None]
    if not found:
        return f"**{article.title}**", article.summary
    names = [wording.text(f"section.{part.key}", speak) for part in found]
    both = "\n\n".join(f"**{name}**\n{part.text}" for name, part in zip(names, found, strict=True))
    if len(found) > 1 and len(both) <= _ROOM:
        return f"**{article.title}**", both
    return f"**{article.title}: {names[0]}**", found[0].text


def sources_bubble(article: Article, now: datetime | date, wording: Wording, language: str = "") -> str:
    """Everything about where the article comes from: links, dates, whether a person verified it, the version."""
    speak = language or article.language
    rows = [
        "- " + wording.text("source.row", speak, name=s.name, url=s.url, as_of=wording.as_of(s.as_of, speak))
        for s in article.sources
    ]
    if article.verified:
        checked = wording.text("source.was_verified", speak, day=wording.date(article.verified.on, speak))
    else:
        checked = wording.text("source.not_verified", speak)
    edition = wording.text("source.version", speak, version=article.hash)
    title = "**" + wording.text("source.title", speak, title=article.title) + "**"
    end = f"\n{checked} {edition}"
    if freshness(article, now) is not Freshness.FRESH:
        title = wording.text("stale.warning", speak, url=article.official) + f"\n{title}"
    while rows and len("\n".join([title, *rows, end])) > LONGEST_REPLY:
        rows.pop()
    return "\n".join([title, *rows, end])


def withdrawn_bubble(article: Article, wording: Wording, language: str = "") -> str:
    """What is said in the place of an article that is too old: the official page, and a person."""
    text = wording.text("stale.withdrawn", language or article.language, url=article.official)
    return f"**{article.title}**\n{text}"


def shortened(text: str, longest: int) -> str:
    """The text, or as many of its sentences as fit."""
    if len(text) <= longest:
        return text
    cut = text[: max(longest - 2, 0)]
    ends = [found.end() for found in _END.finditer(cut)]
    kept = cut[: ends[-1]].rstrip() if ends else cut.rstrip()
    return _closed(f"{kept} …")[:longest]


def _closed(text: str) -> str:
    """The same without a bold text that begins and does not end."""
    return text if text.count("**") % 2 == 0 else "".join(text.rsplit("**", 1))


def _bubble(
    article: Article,
    title: str,
    text: str,
    now: datetime | date,
    wording: Wording,
    language: str,
    longest: int = LONGEST_REPLY,
) -> str:
    speak = language or article.language
    state = freshness(article, now)
    if state is Freshness.WITHDRAWN:
        return withdrawn_bubble(article, wording, speak)
    head = [title]
    if state is Freshness.STALE:
        head.insert(0, wording.text("stale.warning", speak, url=article.official))
    if speak != article.language and article.language == MAIN_LANGUAGE:
        head.append(wording.text("language.only_spanish", speak))
    line = source_line(article, wording, speak)
    around = "\n".join(head) + "\n" + ("\n\n" + line if line else "")
    return "\n".join(head) + "\n" + shortened(text, longest - len(around)) + ("\n\n" + line if line else "")
