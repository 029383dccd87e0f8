"""From open questions to content: a draft of an article, and ways of asking added to an article that is there.

Only makes texts; what is in a file already stays as the editor left it. A draft says in brackets what belongs where,
and `rumbo check` names each bracket until somebody has written it. A draft is never served.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta

import yaml

from bot.errors import BadContent
from bot.library.pen import front_of
from bot.library.reading import LONGEST_TITLE
from bot.messages import LONGEST_LABEL

PLACEHOLDER = "(Escribe aquí"
"""How every part begins that somebody has to write."""
GAP = "…"
"""What stands in a kept question where a name or a number stood."""
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MOST = 25
"""Ways of asking that one draft takes."""

_BODY = f"""{PLACEHOLDER} en dos o tres frases qué es y qué hacer primero. Di solo lo que dice la fuente.)

## Requisitos
- {PLACEHOLDER} cada papel que piden, uno por línea.)

## Pasos
1. {PLACEHOLDER} cada paso, en orden.)

## Costo
{PLACEHOLDER} cuánto cuesta y dónde se paga, o borra esta parte.)

## Dónde
{PLACEHOLDER} dónde se hace: oficina, página o teléfono.)
"""


def ways_of_asking(texts: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """The different ways of asking in scrubbed questions, without those that are known."""
    seen = {_folded(one) for one in known}
    found = []
    for text in texts:
        plain = " ".join(text.replace(GAP, " ").split())
        if plain and any(letter.isalpha() for letter in plain) and _folded(plain) not in seen:
            seen.add(_folded(plain))
            found.append(plain)
    return found[:MOST]


def draft(slug: str, questions: Sequence[str], today: date) -> str:
    """A whole article file with these ways of asking."""
    if not questions:
        raise BadContent("there is no way of asking left in that group")
    title = questions[0][:1].upper() + questions[0][1:]
    rows = [
        "---",
        f"title: {_scalar(title[:LONGEST_TITLE].rstrip())}",
        f"label: {_scalar(slug.replace('-', ' ').capitalize()[:LONGEST_LABEL].rstrip())}",
        "questions:",
        *(f"  - {_scalar(question)}" for question in questions),
        "keywords: []",
        "sources:",
        f'  - {{name: "{PLACEHOLDER} quién lo dice)", url: "https://www.gob.pe", as_of: "{today.year}"}}',
        "verified: null",
        f"review_by: {today + timedelta(days=120)}",
        "regions: []",
        "related: []",
        "status: draft",
        "---",
    ]
    return "\n".join(rows) + "\n" + _BODY


def with_questions(text: str, new: Sequence[str]) -> str:
    """The article file with these ways of asking after its own; every other byte stays. Raises BadContent."""
    start, fields = front_of(text)
    node = yaml.compose(fields, Loader=yaml.SafeLoader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    listed = next((value for key, value in pairs if key.value == "questions"), None)
    if not isinstance(listed, yaml.SequenceNode) or not listed.value:
        raise BadContent("the file has no list of questions")
    last = listed.value[-1]
    at = start + last.end_mark.index
    if listed.flow_style:
        added = "".join(f", {json.dumps(one, ensure_ascii=False)}" for one in new)
    else:
        indent = " " * (last.start_mark.column - 2)
        end_of_line = "\r\n" if "\r\n" in fields else "\n"
        at = text.index("\n", at) + 1 if "\n" in text[at:] else len(text)
        added = "".join(f"{indent}- {_scalar(one)}{end_of_line}" for one in new)
    return text[:at] + added + text[at:]


def _scalar(text: str) -> str:
    """The text as YAML reads it back: bare when that is possible."""
    try:
        bare = yaml.safe_load(f"- {text}\n- x") == [text, "x"]
    except yaml.YAMLError:
        bare = False
    return text if bare else json.dumps(text, ensure_ascii=False)


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^\w ]", " ", text.casefold()).split())
