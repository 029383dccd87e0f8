"""What a Bot API server checks of a call: the HTML, the lengths, the keyboard. Used by `tests.fake_telegram`."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

ALLOWED_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote", "span", "tg-spoiler", "tg-emoji"}


class Refusal(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


async def fields_of(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    posted = await request.post()
    fields: dict[str, Any] = {**request.query}
    for name, value in posted.items():
        if isinstance(value, web.FileField):
            fields[name] = {"filename": value.filename, "type": value.content_type, "body": value.file.read().decode()}
        else:
            fields[name] = value
    return fields


def listed(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else list(value)


class _Entities(HTMLParser):
    """Reads Telegram's HTML as strictly as Telegram does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise Refusal(400, "Bad Request: can't parse entities: Unsupported start tag")

    handle_decl = handle_pi = unknown_decl = handle_comment


def parsed(text: str, mode: str, limit: int) -> str:
    """The text without its tags; refuses what Telegram refuses."""
    if mode == "HTML":
        reader = _Entities()
        reader.feed(text)
        reader.close()
        if reader.open:
            raise Refusal(400, f"Bad Request: can't parse entities: Can't find end tag \"{reader.open[-1]}\"")
        text = reader.text
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise Refusal(
            400, "Bad Request: message is too long" if limit > 1024 else "Bad Request: message caption is too long"
        )
    return text


def check_keyboard(fields: dict[str, Any]) -> None:
    markup = fields.get("reply_markup")
    if not markup:
        return
    rows = (json.loads(markup) if isinstance(markup, str) else markup)["inline_keyboard"]
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100 or any(not 1 <= len(button["callback_data"].encode()) <= 64 for button in buttons):
        raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    if any(not button["text"].strip() for button in buttons):
        raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
