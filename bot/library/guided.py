"""Guided flows as content: questions with options that end at an article, and checklists that a person can keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.library.fields import Fields
from bot.library.place import Place
from bot.library.problems import Notes
from bot.library.reading import LONGEST_TITLE, fingerprint, read_label, read_questions
from bot.library.tree import Tree, read_yaml
from bot.messages import LONGEST_LABEL

KINDS = ("guided", "checklist")
MOST_OPTIONS = 10
"""Rows of a WhatsApp list."""

_COMMON = ("keywords", "questions", "related", "review_by", "status", "sources", "translates", "kind", "article")


@dataclass(frozen=True, slots=True)
class Option:
    """One way on: the words of the button and the step it leads to."""

    label: str
    next: str


@dataclass(frozen=True, slots=True)
class Step:
    """One bubble of a guided flow. Without options it is an end: `say` and/or the article that answers."""

    name: str
    ask: str = ""
    say: str = ""
    options: tuple[Option, ...] = ()
    article: str = ""  # id of the article that is shown here


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tick off."""

    id: str
    label: str  # short enough for a button
    text: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One guided flow or checklist in one language."""

    id: str  # topic/slug; an article of the same id may stand beside it
    topic: str
    slug: str
    language: str
    kind: str
    title: str
    label: str
    questions: tuple[str, ...]
    keywords: tuple[str, ...]
    path: str
    hash: str
    start: str = ""
    steps: Mapping[str, Step] = field(default_factory=dict)
    intro: str = ""
    items: tuple[Item, ...] = ()
    keep: bool = False
    status: str = "published"
    translates: str = ""

    @property
    def published(self) -> bool:
        """It may be offered to people."""
        return self.status == "published"


@dataclass(frozen=True, slots=True)
class ReadFlow:
    """A flow file as it was understood."""

    flow: Flow | None
    tree: Tree | None = None


def read_flow(text: str, place: Place, notes: Notes) -> ReadFlow:
    """Read one file; what is wrong with it is in `notes`."""
    tree = read_yaml(text, notes)
    if tree is None:
        return ReadFlow(None)
    fields = Fields(tree, notes)
    kind = fields.one_of("kind", KINDS) if "kind" in fields.values else "guided"
    flow = _flow(fields, place, kind)
    return ReadFlow(flow if notes.served else None, tree)


def _flow(fields: Fields, place: Place, kind: str) -> Flow:
    own = ("intro", "items", "keep") if kind == "checklist" else ("start", "steps")
    required = ("title", "label", *own[:2])
    fields.only(required, (*_COMMON, *own[2:]))
    checklist = kind == "checklist"
    steps = {} if checklist else _steps(fields)
    items = tuple(_item(row) for row in fields.rows("items")) if checklist else ()
    title, intro = fields.text("title", longest=LONGEST_TITLE, words=True), fields.text("intro")
    said = [s.ask + s.say + "".join(o.label for o in s.options) for s in steps.values()]
    if items:
        _twice(fields, "items", [item.id for item in items])
    return Flow(
        id=place.id,
        topic=place.topic,
        slug=place.slug,
        language=place.language,
        kind=kind,
        title=title,
        label=read_label(fields),
        questions=read_questions(fields, place.language, fewest=1),
        keywords=fields.texts("keywords", empty=True),
        path=place.path,
        hash=fingerprint(title, intro, *said, *(item.label + item.text for item in items)),
        start="" if checklist else _start(fields, steps),
        steps=steps,
        intro=intro,
        items=items,
        keep=fields.flag("keep"),
        status=fields.one_of("status", ("published", "draft")) or "published",
        translates=fields.text("translates", empty=True),
    )


def _start(fields: Fields, steps: Mapping[str, Step]) -> str:
    start = fields.text("start")
    if start and steps and start not in steps:
        fields.note("flow_start", "start", step=start, known=", ".join(steps))
    return start


def _steps(fields: Fields) -> dict[str, Step]:
    inner = fields.child("steps")
    if inner is None:
        if "steps" in fields.values and fields.raw("steps") is None:
            fields.note("empty_value", "steps")
        return {}
    out: dict[str, Step] = {}
    for name in inner.values:
        row = inner.child(name)
        if row is None:
            if inner.values[name] is None:
                inner.note("empty_value", name)
            continue
        out[name] = _step(name, row)
    for step in out.values():
        _nexts(inner, step, inner.values)
    return out


def _step(name: str, row: Fields) -> Step:
    row.only((), ("ask", "say", "options", "article"))
    options = tuple(_option(each) for each in row.rows("options"))
    if len(options) > MOST_OPTIONS:
        row.note("flow_options", "options", count=len(options), most=MOST_OPTIONS)
    _twice(row, "options", [option.label.casefold() for option in options])
    step = Step(
        name, row.text("ask", empty=True), row.text("say", empty=True), options, row.text("article", empty=True)
    )
    if options and not step.ask and not step.say:
        row.note("flow_no_question", "options")
    if not options and not step.article and (step.ask or not step.say):
        row.note("flow_dead_end", step=name)
    return step


def _option(row: Fields) -> Option:
    row.only(("label", "next"))
    return Option(_button(row), row.text("next"))


def _item(row: Fields) -> Item:
    row.only(("id", "label", "text"), ("article",))
    return Item(row.text("id"), _button(row), row.text("text"), row.text("article", empty=True))


def _button(row: Fields) -> str:
    label = row.text("label", words=True)
    if len(label) > LONGEST_LABEL:
        row.note("label_long", "label", length=len(label), longest=LONGEST_LABEL)
    return label


def _twice(row: Fields, name: str, labels: list[str]) -> None:
    for place, label in enumerate(labels):
        if label and label in labels[:place]:
            line = row.tree.line(*row.path, name, place)
            row.notes.add("flow_same_option", line, f"{name}[{place}]", label=label)


def _nexts(steps: Fields, step: Step, known: Mapping[str, object]) -> None:
    for place, option in enumerate(step.options):
        if option.next and option.next not in known:
            line = steps.tree.line(*steps.path, step.name, "options", place, "next")
            field_name = f"steps.{step.name}.options[{place}].next"
            steps.notes.add("flow_next", line, field_name, step=option.next, known=", ".join(known))
