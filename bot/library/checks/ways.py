"""Flows: every step can be reached, every way comes to an end. Fairs: they lie in the country and ahead of us."""

from __future__ import annotations

from collections.abc import Iterator

from bot.library.checks.desk import Desk, line_of, notes_for
from bot.library.drafting import PLACEHOLDER
from bot.library.fairs import Fair, ReadFair
from bot.library.guided import Flow, ReadFlow
from bot.library.problems import Notes, Problem


def flows(desk: Desk) -> Iterator[Problem]:
    """Steps that nobody reaches, and steps from which there is no way out."""
    for sheet in desk.flows.values():
        flow = sheet.found.flow if isinstance(sheet.found, ReadFlow) else None
        if flow is None or not flow.steps:
            continue
        notes = notes_for(sheet)
        reached = _reached(flow)
        ending = _ending(flow)
        stuck = next((name for name in flow.steps if name in reached and name not in ending), None)
        for name in flow.steps:
            line = line_of(sheet, "steps", name)
            if name not in reached:
                notes.add("flow_unreachable", line, f"steps.{name}", step=name)
            elif name == stuck:
                notes.add("flow_endless", line, f"steps.{name}", step=name)
        yield from notes.problems


def drafts(desk: Desk) -> Iterator[Problem]:
    """What `rumbo unanswered draft` left for somebody to write."""
    for sheet in desk.articles.values():
        if PLACEHOLDER not in sheet.text:
            continue
        notes = notes_for(sheet)
        for number, row in enumerate(sheet.text.split("\n"), start=1):
            if PLACEHOLDER in row:
                notes.add("placeholder_left", number, "", value=row[row.index(PLACEHOLDER) :])
        yield from notes.problems


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    waiting = [flow.start]
    while waiting:
        name = waiting.pop()
        if name in flow.steps and name not in reached:
            reached.add(name)
            waiting += [option.next for option in flow.steps[name].options]
    return reached


def _ending(flow: Flow) -> set[str]:
    ending = {name for name, step in flow.steps.items() if not step.options or step.article}
    grown = True
    while grown:
        more = {n for n, s in flow.steps.items() if n not in ending and any(o.next in ending for o in s.options)}
        ending |= more
        grown = bool(more)
    return ending


def fairs(desk: Desk) -> Iterator[Problem]:
    """Where and when a fair is."""
    for sheet in desk.fairs.values():
        fair = sheet.found.fair if isinstance(sheet.found, ReadFair) else None
        if fair is None:
            continue
        notes = notes_for(sheet)
        _place(fair, desk, line_of(sheet, "lat"), notes)
        day = fair.start.date()
        if not fair.id.startswith(day.isoformat()):
            notes.add("fair_name", line_of(sheet, "start"), "start", name=fair.id[:10], day=day)
        if fair.announced and fair.end.date() < desk.today:
            notes.add("fair_past", line_of(sheet, "status"), "status", day=fair.end.date())
        yield from notes.problems


def _place(fair: Fair, desk: Desk, line: int, notes: Notes) -> None:
    if (fair.lat is None) != (fair.lon is None):
        notes.add("fair_half_place", line, "lat")
    elif fair.lat is not None and fair.lon is not None and not desk.library.country.bounds.holds(fair.lat, fair.lon):
        notes.add("fair_outside", line, "lat", value=f"{fair.lat}, {fair.lon}")
