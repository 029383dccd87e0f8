"""Twilio's Content API: the buttons and lists that we use in session, and the templates for outside the window.

Run by an operator (`rumbo whatsapp templates`) and at start, never while answering. What exists is found again by
its name, so repeating it changes nothing; a template whose words changed gets a new name, because an approved one
cannot be edited. Wording comes in from outside.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

import httpx
import orjson

from bot.channels import wire
from bot.channels.twilio_codes import CONTENT_API, basic, refusal
from bot.channels.whatsapp import INTERACTIVE_TEXT, LIMITS, Contents
from bot.errors import BadContent, OutcomeUnknown
from bot.messages import Choice

SESSION_VERSION = "1"
"""Part of the names: raise it when the form of the session contents changes."""


class Approval(StrEnum):
    """How far WhatsApp is with a template."""

    UNSUBMITTED = "unsubmitted"
    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    UNKNOWN = "unknown"


class Category(StrEnum):
    """What WhatsApp is told a template is for. News of a vacancy is marketing; a reminder that was asked for is not."""

    UTILITY = "UTILITY"
    MARKETING = "MARKETING"


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template as we want it: `{{1}}`, `{{2}}` in the body, with one sample each."""

    name: str  # a-z 0-9 _
    language: str
    category: Category
    body: str
    samples: Mapping[str, str] = field(default_factory=dict)
    buttons: Sequence[Choice] = ()  # quick replies: a tap opens the window and comes back as this choice

    @property
    def full_name(self) -> str:
        """The name at Twilio and Meta: changes with the words."""
        words = "\n".join((self.body, *(f"{button.title}={button.id}" for button in self.buttons)))
        return f"{self.name}_{self.language}_{sha256(words.encode()).hexdigest()[:8]}"

    def mistakes(self) -> list[str]:
        """Why WhatsApp would refuse it, before anybody is asked."""
        variables = re.findall(r"\{\{(\d+)\}\}", self.body)
        body = self.body.strip()
        checks = {
            "the name may hold only a-z, 0-9 and _": re.fullmatch(r"[a-z0-9_]{1,400}", self.name) is None,
            f"the body is longer than {INTERACTIVE_TEXT} characters": len(body) > INTERACTIVE_TEXT,
            "the body begins or ends with a variable": body.startswith("{{") or body.endswith("}}"),
            "two variables stand side by side": re.search(r"\}\}\s*\{\{", body) is not None,
            "each variable needs a sample": set(variables) != {k for k, v in self.samples.items() if v.strip()},
            "a button is longer than 20 characters": any(len(b.title) > LIMITS.button_title for b in self.buttons),
            "variables are numbered from 1": {int(v) for v in variables} != set(range(1, len(set(variables)) + 1)),
        }
        return [mistake for mistake, made in checks.items() if made]


@dataclass(frozen=True, slots=True)
class TemplateState:
    """One of our templates, as it stands at Twilio."""

    name: str
    language: str
    sid: str
    approval: Approval
    reason: str = ""
    category: str = ""  # as Meta decided; it may differ from what was asked for, and change later


class ContentApi:
    """The contents of one account. Every method raises SendFailed when Twilio does not answer or refuses."""

    def __init__(self, *, account_sid: str, token: str, client: httpx.AsyncClient, api_url: str = "") -> None:
        self._client = client
        self._root = f"{api_url or CONTENT_API}/v1/Content"
        self._headers = {"authorization": basic(account_sid, token), "content-type": "application/json"}

    async def session(self, buttons: Mapping[str, str]) -> dict[tuple[str, int, str], str]:
        """Make sure that quick replies of 1-3 and lists of 4-10 exist; `buttons` is the list's button by language."""
        known = await self._known()
        sids: dict[tuple[str, int, str], str] = {}
        for language, label in buttons.items():
            for content in _session_contents(language, label):
                name = content["friendly_name"]
                sid = known.get(name) or str((await self._ask("POST", self._root, content))["sid"])
                kind = next(iter(content["types"])).removeprefix("twilio/")
                sids[kind, _count(content), language] = sid
        return sids

    async def templates(self, wanted: Sequence[TemplateText], *, submit: bool = True) -> list[TemplateState]:
        """Create what is missing, hand it in for approval, and tell how each one stands.

        Raises BadContent, naming every mistake, before anything is created.
        """
        mistakes = [f"{text.name} ({text.language}): {mistake}" for text in wanted for mistake in text.mistakes()]
        if mistakes:
            raise BadContent("; ".join(mistakes))
        known = await self._known()
        return [await self._one(text, known.get(text.full_name, ""), submit=submit) for text in wanted]

    async def contents(self, buttons: Mapping[str, str], wanted: Sequence[TemplateText]) -> Contents:
        """What `WhatsApp` needs to know: the session contents (made if missing) and the approved templates."""
        states = await self.templates(wanted, submit=False)
        approved = [state for state in states if state.approval is Approval.APPROVED]
        return Contents(
            session=await self.session(buttons),
            templates={(state.name, state.language): state.sid for state in approved},
            categories={(state.name, state.language): state.category for state in approved},
        )

    async def _one(self, text: TemplateText, sid: str, *, submit: bool) -> TemplateState:
        if not sid and not submit:
            return TemplateState(text.name, text.language, "", Approval.UNSUBMITTED)
        if not sid:
            sid = str((await self._ask("POST", self._root, _template_content(text)))["sid"])
        approval, reason, category = await self._approval(sid)
        if approval is Approval.UNSUBMITTED and submit:
            asked = {"name": text.full_name, "category": text.category.value, "allow_category_change": True}
            told = await self._ask("POST", f"{self._root}/{sid}/ApprovalRequests/whatsapp", asked)
            approval = _approval(told.get("status"))
        return TemplateState(text.name, text.language, sid, approval, reason, category or text.category.value)

    async def _approval(self, sid: str) -> tuple[Approval, str, str]:
        told = await self._ask("GET", f"{self._root}/{sid}/ApprovalRequests")
        whatsapp = told.get("whatsapp") or {}
        reason, category = (str(whatsapp.get(name) or "") for name in ("rejection_reason", "category"))
        return _approval(whatsapp.get("status", "unsubmitted")), reason, category.upper()

    async def _known(self) -> dict[str, str]:
        """Name to SID of everything that exists; of two with one name the first one listed."""
        names: dict[str, str] = {}
        async for content in self._pages():
            names.setdefault(str(content.get("friendly_name", "")), str(content["sid"]))
        return names

    async def _pages(self) -> AsyncIterator[Mapping[str, Any]]:
        url: str | None = f"{self._root}?PageSize=500"
        root = httpx.URL(self._root)
        while url:
            page = await self._ask("GET", url)
            for content in page.get("contents", ()):
                yield content
            following = (page.get("meta") or {}).get("next_page_url")
            # Twilio names its own host; a server that stands in for it is asked by its own name
            url = str(root.copy_with(query=httpx.URL(following).query)) if following else None

    async def _ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = orjson.dumps(body) if body is not None else None
        answer = await wire.ask(self._client, method, url, content=content, headers=self._headers)
        if answer.status_code not in {200, 201, 202}:
            raise refusal(answer)
        try:
            return dict(orjson.loads(answer.content))
        except (ValueError, TypeError) as error:
            raise OutcomeUnknown("twilio: an answer that is no JSON", str(answer.status_code)) from error


def _approval(told: object) -> Approval:
    return Approval(told) if told in {a.value for a in Approval} else Approval.UNKNOWN


def _template_content(text: TemplateText) -> dict[str, Any]:
    return {
        "friendly_name": text.full_name,
        "language": text.language,
        "variables": dict(text.samples),
        "types": _template_types(text),
    }


def _template_types(text: TemplateText) -> dict[str, Any]:
    if not text.buttons:
        return {"twilio/text": {"body": text.body}}
    actions = [{"title": button.title, "id": button.id} for button in text.buttons]
    return {"twilio/quick-reply": {"body": text.body, "actions": actions}}


def _session_contents(language: str, label: str) -> list[dict[str, Any]]:
    """The number of items is fixed in a content, so there is one for each count; the list's button is its words."""
    quick = [_session_content("quick-reply", count, language, "") for count in range(1, LIMITS.buttons + 1)]
    lists = range(LIMITS.buttons + 1, LIMITS.rows + 1)
    return quick + [_session_content("list-picker", count, language, label) for count in lists]


def _session_content(kind: str, count: int, language: str, label: str) -> dict[str, Any]:
    slots = [(f"{{{{{2 * n}}}}}", f"{{{{{2 * n + 1}}}}}") for n in range(1, count + 1)]  # title, id
    # the numbers stand in the body as well: buttons do not show on every telephone
    body = "{{1}}\n\n" + "\n".join(f"{number}. {title}" for number, (title, _) in enumerate(slots, 1))
    key, rest = ("actions", {}) if kind == "quick-reply" else ("items", {"button": label})
    word = "title" if kind == "quick-reply" else "item"
    shape = {"body": body, **rest, key: [{word: title, "id": ident} for title, ident in slots]}
    mark = sha256(orjson.dumps(shape, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]
    return {
        "friendly_name": f"rumbo_{kind.replace('-', '_')}_{count}_{language}_v{SESSION_VERSION}_{mark}",
        "language": language,
        "variables": {str(number): f"sample {number}" for number in range(1, 2 * count + 2)},
        "types": {f"twilio/{kind}": shape},
    }


def _count(content: Mapping[str, Any]) -> int:
    shape = next(iter(content["types"].values()))
    return len(shape.get("actions") or shape.get("items") or ())
