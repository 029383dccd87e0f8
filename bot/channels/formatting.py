"""Our small Markdown (bold, lists, links) in the dress of each platform, and cutting text that is too long.

Every line is rendered by itself, so a cut between lines never splits a tag. Nothing here may let a character that
somebody typed become markup: what is not our own `**bold**` or `[text](url)` stays text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from bot.messages import Choice

_MARKUP = re.compile(
    r"\*\*(?=\S)(?P<bold>[^\n]+?)(?<=\S)\*\*|\[(?P<label>[^\[\]\n]+)\]\((?P<url>[a-z][a-z0-9+.-]*:[^\s()<>]+)\)"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_BULLET = re.compile(r"^(\s*)[-*] ")

Wrap = Callable[[str], str]
Link = Callable[[str, str], str]


def clean(text: str) -> str:
    """The text without what no platform takes: control characters and halves of surrogate pairs."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))


def utf16(text: str) -> int:
    """Length as Telegram counts it: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_html(text: str) -> str:
    """Telegram's HTML: always well-formed, whatever the text holds."""
    return _render(_bullets(clean(text)), escape_text=_html_text, bold=lambda inner: f"<b>{inner}</b>", link=_html_link)


def to_whatsapp(text: str) -> str:
    """WhatsApp's own marks: `*bold*`; a link becomes its words and the address, which WhatsApp makes clickable."""
    return _render(_bullets(clean(text)), escape_text=str, bold=lambda inner: f"*{inner}*", link=_bare_link)


def to_plain(text: str) -> str:
    """Only the words, for the terminal, the simulator's answers and for counting."""
    return _render(clean(text), escape_text=str, bold=lambda inner: inner, link=_bare_link)


def shown_on_telegram(text: str) -> str:
    """The characters that are left of `to_html` once Telegram has read the tags: what its limits count."""
    return _render(_bullets(clean(text)), escape_text=str, bold=lambda inner: inner, link=lambda label, _url: label)


def numbered(choices: tuple[Choice, ...]) -> str:
    """The choices as lines `1. Title`: a typed digit means the same as the button."""
    return "\n".join(f"{number}. {one_line(choice.title)}" for number, choice in enumerate(choices, 1))


def one_line(text: str) -> str:
    """The text on a single line without runs of spaces, as template variables and button titles must be."""
    return " ".join(clean(text).split())


def shorten(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """The text, cut with an ellipsis when it measures more than `limit`."""
    if measure(text) <= limit:
        return text
    while text and measure(text) > limit - 1:
        text = text[: max(0, min(len(text) - 1, limit - 1))]
    return text.rstrip() + "…"


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """Cut our Markdown into pieces that each measure at most `limit`: between paragraphs, else lines, else words.

    `measure` counts what the platform counts of a piece. A single line that is too long loses its markup.
    """
    if measure(text) <= limit:
        return [text]
    pieces: list[str] = []
    for block in _blocks(text, limit, measure):
        joined = pieces[-1] + block if pieces else block
        if pieces and measure(joined.rstrip("\n")) <= limit:
            pieces[-1] = joined
        else:
            pieces.append(block)
    return [piece.strip("\n") for piece in pieces if piece.strip()]


def _blocks(text: str, limit: int, measure: Callable[[str], int]) -> Iterator[str]:
    """Whole paragraphs where they fit, else their lines, else parts of a line; line ends stay at the end."""
    for paragraph in re.split(r"(?<=\n\n)", text):
        if measure(paragraph.rstrip("\n")) <= limit:
            yield paragraph
            continue
        for line in paragraph.splitlines(keepends=True):
            if measure(line.rstrip("\n")) <= limit:
                yield line
            else:
                yield from _parts(to_plain(line), limit, measure)


def _parts(line: str, limit: int, measure: Callable[[str], int]) -> Iterator[str]:
    part = ""
    for word in re.findall(r"\s*\S+\s*?|\s+", line):
        if part and measure(part + word) > limit:
            yield part
            part = ""
        part += word
        while measure(part) > limit:
            cut = _longest(part, limit, measure)
            yield part[:cut]
            part = part[cut:]
    if part:
        yield part


def _longest(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """How many characters of one endless word fit; at least one, so that cutting always moves on."""
    low, high = 1, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= limit else (low, middle - 1)
    return low


def _render(text: str, *, escape_text: Wrap, bold: Wrap, link: Link) -> str:
    out: list[str] = []
    at = 0
    for found in _MARKUP.finditer(text):
        out.append(escape_text(text[at : found.start()]))
        at = found.end()
        inner = found["bold"] if found["bold"] is not None else found["label"]
        nested = _render(inner, escape_text=escape_text, bold=bold if found["label"] else str, link=link)
        out.append(bold(nested) if found["bold"] is not None else link(nested, found["url"]))
    out.append(escape_text(text[at:]))
    return "".join(out)


def _bullets(text: str) -> str:
    return "\n".join(_BULLET.sub(r"\1• ", line) for line in text.split("\n"))


def _html_text(text: str) -> str:
    return escape(text, quote=False)


def _html_link(label: str, url: str) -> str:
    return f'<a href="{escape(url)}">{label}</a>' if url.startswith(("http://", "https://")) else label


def _bare_link(label: str, url: str) -> str:
    if not url.startswith(("http://", "https://")) or label == url:
        return label
    return f"{label}: {url}"
