"""The poster of a fair: one A4 page with codes that open the fair's bubble on Telegram and on WhatsApp.

Pure but for `save`, which writes the files. The words are those of `ui.po` and of the fair's file; an invented fair is
marked as one across the page, so that nobody hangs it up.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import segno

from bot.errors import BadContent
from bot.library.fairs import Fair
from bot.wording import Wording

LONGEST_START = 64
"""Characters of Telegram's start parameter (core.telegram.org/bots/features#deep-linking)."""
_PARTNER = re.compile(r"[a-z0-9-]{1,24}")
_TAKEN = frozenset({"ics", "map", "list", "remind"})
"""Words that mean something else behind a fair's id in the conversation."""
_BOT = re.compile(r"[A-Za-z0-9_]{5,32}")
_NUMBER = re.compile(r"\d{8,15}")
Say = Callable[..., str]
_INK, _ACCENT, _SOFT, _WASH = "#15222c", "#0f5a6e", "#52606b", "#eef4f6"


@dataclass(frozen=True, slots=True)
class Doors:
    """Where Rumbo is reached. Either may be empty, not both."""

    bot: str = ""  # user name of the bot
    number: str = ""  # digits of the WhatsApp sender


def links(fair: Fair, doors: Doors, wording: Wording, partner: str = "") -> dict[str, str]:
    """The deep link of each channel, both opening this fair; raises BadContent when one cannot be made."""
    if partner and (not _PARTNER.fullmatch(partner) or partner in _TAKEN):
        raise BadContent(
            f"{partner!r}: a partner is named by up to 24 of a-z, 0-9 and hyphens, and not {sorted(_TAKEN)}"
        )
    bot, number = doors.bot.removeprefix("@"), doors.number.removeprefix("whatsapp:").removeprefix("+").replace(" ", "")
    found: dict[str, str] = {}
    if bot:
        start = "_".join(filter(None, ("f", fair.id, partner)))
        if not _BOT.fullmatch(bot):
            raise BadContent(f"{doors.bot!r}: a bot's user name has 5 to 32 letters, digits and _")
        if len(start) > LONGEST_START:
            raise BadContent(
                f"{start}: {len(start)} characters, Telegram takes {LONGEST_START}; use a shorter partner name"
            )
        found["telegram"] = f"https://t.me/{bot}?start={start}"
    if number:
        if not _NUMBER.fullmatch(number):
            raise BadContent(f"{doors.number!r}: write the number with its country code, +51...")
        text = " ".join(filter(None, (wording.text("poster.message", fair=fair.id), partner)))
        found["whatsapp"] = f"https://wa.me/{number}?text={quote(text, safe='')}"
    if not found:
        raise BadContent("a poster needs the bot's user name (--bot) or the WhatsApp number (--whatsapp)")
    return found


def usable(fair: Fair, now: datetime) -> None:
    """Raise BadContent for a fair that nobody should be called to."""
    if fair.end <= now:
        raise BadContent(f"{fair.id}: the fair is over")
    if not fair.announced:
        raise BadContent(f"{fair.id}: its status is {fair.status}; a poster needs confirmed or open")


def png(link: str) -> bytes:
    """One code as a picture of about 1,000 pixels."""
    code, out = _code(link), io.BytesIO()
    code.save(out, kind="png", scale=max(1, 1000 // code.symbol_size()[0]), border=4)
    return out.getvalue()


def svg(fair: Fair, doors: Mapping[str, str], wording: Wording, partner: str = "") -> str:
    """The A4 page. `doors` are the links by channel."""
    language = fair.language
    say = wording.text
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" viewBox="0 0 210 297" role="img" lang="{language}">',
        f"<title>{escape(fair.title)}</title>",
        '<rect width="210" height="297" fill="#fff"/>',
        f'<rect width="210" height="26" fill="{_ACCENT}"/>',
        _line(15, 17, say("poster.title", language), 11, "#fff", bold=True),
    ]
    if partner:
        rows.append(_line(195, 17, say("poster.partner", language, partner=partner), 6, "#fff", anchor="end"))
    y = 46.0
    title = textwrap.wrap(fair.title, 26)
    rows += [_line(15, y + 13 * n, text, 12.5, _INK, bold=True) for n, text in enumerate(title)]
    y += 13 * len(title) + 3
    hours = f"{wording.hour(fair.start, language)} – {wording.hour(fair.end, language)}"
    day = wording.day(fair.start, language)
    rows.append(_line(15, y, f"{day[:1].upper()}{day[1:]} · {hours}", 8, _ACCENT, bold=True))
    where = textwrap.wrap(f"{fair.place}, {fair.address}, {fair.district}", 46)
    rows += [_line(15, y + 11 + 8 * n, text, 7, _INK) for n, text in enumerate(where)]
    y += 16 + 8 * len(where)
    rows += _codes(doors, y, say, language)
    rows += _steps(say, language)
    rows.append(_line(15, 289, f"{say('fairs.organiser', language, organiser=fair.organiser)}", 5, _SOFT))
    if fair.example:
        rows.append(_across(say("page.example_fair", language)))
    return "\n".join([*rows, "</svg>"]) + "\n"


def save(folder: Path, fair: Fair, doors: Mapping[str, str], wording: Wording, partner: str = "") -> list[Path]:
    """Write the page and the codes; gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "-".join(filter(None, (fair.id, partner)))
    page = folder / f"{name}.svg"
    page.write_text(svg(fair, doors, wording, partner), encoding="utf-8")
    out = [page]
    for channel, link in doors.items():
        picture = folder / f"{name}-{channel}.png"
        picture.write_bytes(png(link))
        out.append(picture)
    return out


def _codes(doors: Mapping[str, str], y: float, say: Say, language: str) -> list[str]:
    """One or two codes side by side, with the channel's name below."""
    side = 84.0 if len(doors) > 1 else 104.0
    left = (210 - side * len(doors) - 12 * (len(doors) - 1)) / 2
    rows = []
    for place, (channel, link) in enumerate(doors.items()):
        x = left + place * (side + 12)
        middle, below = x + side / 2, y + side
        rows.append(_drawn(link, x, y, side))
        rows.append(_line(middle, below + 9, say(f"poster.{channel}", language), 7.5, _INK, bold=True, anchor="middle"))
        rows.append(_line(middle, below + 16, _handle(link), 5.5, _SOFT, anchor="middle"))
    return rows


def _steps(say: Say, language: str) -> list[str]:
    steps = say("poster.steps", language).split("\n")
    rows = [f'<rect x="10" y="230" width="190" height="50" rx="5" fill="{_WASH}"/>']
    rows += [_line(16, 241 + 8.5 * n, text, 6.4, _INK) for n, text in enumerate(steps)]
    free = textwrap.wrap(say("poster.free", language), 76)
    return rows + [_line(16, 241 + 8.5 * len(steps) + 1 + 6 * n, text, 5.2, _SOFT) for n, text in enumerate(free)]


def _drawn(link: str, x: float, y: float, side: float) -> str:
    """The code as one path; runs of dark squares are one stroke each."""
    matrix: Sequence[bytearray] = _code(link).matrix
    runs = [
        f"M{found.start()} {row}h{len(found[0])}v1h-{len(found[0])}z"
        for row, cells in enumerate(matrix)
        for found in re.finditer(rb"\x01+", bytes(cells))
    ]
    size = len(matrix)
    around = f'x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" viewBox="-2 -2 {size + 4} {size + 4}"'
    return f'<svg {around} shape-rendering="crispEdges"><path d="{"".join(runs)}" fill="#000"/></svg>'


def _handle(link: str) -> str:
    """What somebody without a camera types: @bot or the number."""
    name = link.split("/")[3].split("?", maxsplit=1)[0]
    return f"+{name}" if name.isdigit() else f"@{name}"


def _code(link: str) -> segno.QRCode:
    return segno.make(link, error="m", micro=False, boost_error=True)


def _line(x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-family="Arial, Helvetica, sans-serif" font-size="{size:g}"{weight}'
        f' fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _across(text: str) -> str:
    words = escape(text.upper())
    return (
        '<text x="105" y="150" transform="rotate(-32 105 150)" font-family="Arial, Helvetica, sans-serif" font-size="18"'
        f' font-weight="700" fill="#c2352c" fill-opacity="0.5" text-anchor="middle">{words}</text>'
    )
