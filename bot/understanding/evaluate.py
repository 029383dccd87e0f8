"""Measuring the answers: `rumbo eval` over a file of labelled questions. It must never see how an answer was made.

An answerer gives what `rumbo ask --json` gives; a report is counted from that and the labels alone. Nothing here may
set a threshold: what is tuned on a file must not be reported on it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

NONE = "none"
CONTROL = "control:"
Answer = Mapping[str, Any]
Answerer = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is right for it."""

    id: str
    text: str
    expect: str  # article id, none, control:*
    also: tuple[str, ...] = ()
    kind: str = ""
    lang: str = ""
    urgent: bool | None = None  # None: the file does not say

    @property
    def answerable(self) -> bool:
        """Whether an article is expected, and not as urgent help."""
        return self.expect != NONE and not self.expect.startswith(CONTROL) and not self.urgent

    @property
    def accepted(self) -> frozenset[str]:
        """Every label that is right."""
        return frozenset((self.expect, *self.also))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, with what could also have come out."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.96, self.of, self.value
        middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - spread) / (1 + z * z / n)), min(1.0, (middle + spread) / (1 + z * z / n))

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        low, high = self.interval
        return {
            "hits": self.hits,
            "of": self.of,
            "value": round(self.value, 4),
            "low": round(low, 4),
            "high": round(high, 4),
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """One question, what came, and whether it was right."""

    question: Question
    answer: Answer
    ranked: tuple[str, ...]  # articles, best first

    def among(self, places: int, accepted: Iterable[str]) -> bool:
        """Whether a right article is among the first so many."""
        return not set(accepted).isdisjoint(self.ranked[:places])

    @property
    def gave_article(self) -> bool:
        """An article was served, as an answer or as urgent help."""
        return self.answer.get("kind") in {"answer", "urgent"}

    @property
    def right(self) -> bool:
        """What came is what the label wants, offered choices included."""
        accepted, kind = self.question.accepted, self.answer.get("kind")
        if kind == "control":
            return f"{CONTROL}{self.answer.get('control')}" in accepted
        if self.question.urgent:
            return kind == "urgent" and self.answer.get("article") in accepted
        if self.question.expect == NONE:
            return not self.gave_article
        return self.among(1 if self.gave_article else 3, accepted)


@dataclass(frozen=True, slots=True)
class Report:
    """The measures, and every question behind them."""

    rates: Mapping[str, Rate]
    groups: Mapping[str, Mapping[str, Rate]]  # "kind plain", "lang es" -> right first, among three
    macro: Mapping[str, float]  # mean over articles
    confused: tuple[tuple[str, str, int], ...]  # expected, came first, how often
    judged: tuple[Judged, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """For `--json`; without the texts of the questions."""
        return {
            "rates": {name: rate.to_dict() for name, rate in self.rates.items()},
            "groups": {g: {n: r.to_dict() for n, r in rates.items()} for g, rates in self.groups.items()},
            "macro": {name: round(value, 4) for name, value in self.macro.items()},
            "confused": [list(pair) for pair in self.confused],
            "questions": [_detail(one) for one in self.judged],
        }

    def to_text(self) -> str:
        """A table for people."""
        lines = [f"{name:34}{_row(rate)}" for name, rate in self.rates.items() if rate.of]
        lines += [f"{name + ', mean over articles':34}{value:6.3f}" for name, value in self.macro.items()]
        lines.append("")
        for group, rates in self.groups.items():
            lines.append(f"{group:20}" + "   ".join(f"{name} {_row(rate)}" for name, rate in rates.items()))
        lines += ["", *(f"{n}x  {expected} -> {came}" for expected, came, n in self.confused[:15])]
        wrong = [one for one in self.judged if not one.right]
        lines += [
            "",
            *(f"{one.question.id:8}{one.question.expect:34}{one.answer.get('kind')}: {_came(one)}" for one in wrong),
        ]
        return "\n".join(lines)


def read_questions(path: Path) -> list[Question]:
    """The questions of a YAML file; other keys are ignored."""
    return [
        Question(
            id=str(row["id"]),
            text=str(row["text"]),
            expect=str(row.get("expect") or NONE),
            also=tuple(row.get("also") or ()),
            kind=str(row.get("kind") or ""),
            lang=str(row.get("lang") or ""),
            urgent=bool(row["urgent"]) if "urgent" in row else (True if row.get("kind") == "urgent" else None),
        )
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def evaluate(questions: Sequence[Question], answerer: Answerer) -> Report:
    """Ask every question and count."""
    return report([judged(question, answerer(question.text)) for question in questions])


def judged(question: Question, answer: Answer) -> Judged:
    """One answer beside its question."""
    first = [answer["article"]] if answer.get("article") else []
    return Judged(question, answer, tuple(dict.fromkeys([*first, *(answer.get("choices") or ())])))


def report(rows: Sequence[Judged]) -> Report:
    """Count."""
    asked = [row for row in rows if row.question.answerable]
    outside = [row for row in rows if row.question.expect == NONE and not row.question.urgent]
    steering = [row for row in rows if row.question.expect.startswith(CONTROL)]
    danger = [row for row in rows if row.question.urgent]
    calm = [row for row in rows if not row.question.urgent]
    served = [row for row in asked if row.gave_article]
    rates = {
        "right first": _rate(asked, lambda r: r.among(1, r.question.accepted)),
        "among three": _rate(asked, lambda r: r.among(3, r.question.accepted)),
        "right first, strict": _rate(asked, lambda r: r.among(1, {r.question.expect})),
        "among three, strict": _rate(asked, lambda r: r.among(3, {r.question.expect})),
        "answered directly": _rate(asked, lambda r: r.gave_article),
        "answered directly and right": _rate(asked, lambda r: r.gave_article and r.right),
        "wrong article given": _rate(asked, lambda r: r.gave_article and not r.right),
        "wrong among the given": _rate(served, lambda r: not r.right),
        "refused although answerable": _rate(asked, lambda r: r.answer.get("kind") == NONE),
        "taken for a control": _rate([*asked, *outside], _wrong_control),
        "article given out of scope": _rate(outside, lambda r: r.gave_article),
        "nothing at all offered out of scope": _rate(outside, lambda r: r.answer.get("kind") == NONE),
        "danger recognised": _rate(danger, lambda r: r.answer.get("kind") == "urgent"),
        "danger, right help": _rate(danger, lambda r: r.right),
        "false alarms": _rate(calm, lambda r: r.answer.get("kind") == "urgent"),
        "controls exact": _rate(steering, lambda r: r.right),
    }
    return Report(rates, _groups(asked), _macro(asked), _confused(asked), tuple(rows))


def _rate(rows: Sequence[Judged], true: Callable[[Judged], bool]) -> Rate:
    return Rate(sum(map(true, rows)), len(rows))


def _wrong_control(row: Judged) -> bool:
    return row.answer.get("kind") == "control" and not row.right


def _groups(rows: Sequence[Judged]) -> dict[str, dict[str, Rate]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        groups[f"kind {row.question.kind}"].append(row)
        groups[f"lang {row.question.lang}"].append(row)
    return {
        name: {
            "right first": _rate(group, lambda r: r.among(1, r.question.accepted)),
            "among three": _rate(group, lambda r: r.among(3, r.question.accepted)),
        }
        for name, group in sorted(groups.items())
    }


def _macro(rows: Sequence[Judged]) -> dict[str, float]:
    articles: dict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        articles[row.question.expect].append(row)
    if not articles:
        return {}
    first = [_rate(group, lambda r: r.among(1, r.question.accepted)).value for group in articles.values()]
    three = [_rate(group, lambda r: r.among(3, r.question.accepted)).value for group in articles.values()]
    return {"right first": sum(first) / len(first), "among three": sum(three) / len(three)}


def _confused(rows: Sequence[Judged]) -> tuple[tuple[str, str, int], ...]:
    pairs = Counter(
        (row.question.expect, row.ranked[0]) for row in rows if row.ranked and not row.among(1, row.question.accepted)
    )
    return tuple((expected, came, n) for (expected, came), n in pairs.most_common())


def _row(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.value:6.3f}  [{low:.3f} {high:.3f}]  {rate.hits}/{rate.of}"


def _came(row: Judged) -> str:
    return str(row.answer.get("control") or ", ".join(row.ranked[:3]) or "-")


def _detail(row: Judged) -> dict[str, Any]:
    return {
        "id": row.question.id,
        "expect": row.question.expect,
        "kind": row.answer.get("kind"),
        "came": _came(row),
        "score": row.answer.get("score"),
        "right": row.right,
    }
