"""Whether each answer fits into one bubble, with title, source line and the options under it, on every channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.library.article import Article
from bot.library.assemble import filled
from bot.library.checks.desk import Desk, Measure, article_of, had, notes_for, parts_of
from bot.library.problems import Notes, Problem
from bot.library.render import NEEDED_KEYS, source_line
from bot.messages import LONGEST_LABEL, LONGEST_REPLY

MOST_OPTIONS = 9
_NUMBER = 5  # `10. ` and a line end before each option of a channel that numbers them itself


def _as_it_is(text: str, options: Sequence[str]) -> int:
    del options
    return len(text)


def _numbered(text: str, options: Sequence[str]) -> int:
    return len(text) + 2 + sum(len(option) + _NUMBER for option in options)


MEASURES: Mapping[str, Measure] = {"telegram": _as_it_is, "whatsapp": _numbered}
"""The channels: buttons of their own, or numbered options inside the message."""


def bubbles(desk: Desk) -> Iterator[Problem]:
    """Summary and sections, each as the bubble that it becomes."""
    measures = desk.measures or MEASURES
    if not _can_speak(desk):
        return  # told by the check of the words
    for sheet in desk.articles.values():
        notes = notes_for(sheet)
        article = filled(article_of(sheet), desk.library.datos, desk.library.country)
        if had(sheet, "too_long"):
            continue
        options = _options(article, desk)
        line = source_line(article, desk.wording)
        texts = [("", article.summary), *((section.key, section.text) for section in article.sections)]
        for part, (key, text) in zip(parts_of(sheet), texts, strict=False):
            name = f": {desk.wording.text('section.' + key, article.language)}" if key else ""
            whole = f"**{article.title}{name}**\n{text}\n\n{line}"
            _fits(whole, options, measures, part.line, part.heading or "summary", notes)
        yield from notes.problems


def _can_speak(desk: Desk) -> bool:
    try:
        desk.wording.text("source.line", name="", as_of="")
        desk.wording.text("source.verified", day="")
    except (LookupError, ValueError):
        return False
    return all(desk.wording.has(key) for key in NEEDED_KEYS)


def _options(article: Article, desk: Desk) -> list[str]:
    sections = [desk.wording.text(f"section.{section.key}", article.language) for section in article.sections]
    others = [x * LONGEST_LABEL for x in "xx"] if article.related else ["x" * LONGEST_LABEL]
    return [*sections, *others][:MOST_OPTIONS]


def _fits(
    whole: str, options: Sequence[str], measures: Mapping[str, Measure], line: int, field: str, notes: Notes
) -> None:
    lengths = {channel: measure(whole, options) for channel, measure in measures.items()}
    channel = max(lengths, key=lambda name: lengths[name])
    length = lengths[channel]
    if length > LONGEST_REPLY:
        over = length - LONGEST_REPLY
        notes.add("bubble_long", line, field, length=length, longest=LONGEST_REPLY, channel=channel, over=over)
