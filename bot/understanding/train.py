"""Learning the weights of the ranking, reproducibly: `python -m bot.understanding.train`. For developers, not for servers.

The articles' own ways of asking are split into five parts; each part is ranked by an index that has not seen it. Those
rankings, and the half of `tests/data/questions.yaml` that is not held out, are what is learned from. No other file is
read: what is reported must not have been learned. Needs numpy; writes `weights.json` and, on request, the vectors.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.understanding import semantic
from bot.understanding.articles import LANGUAGES, Article, Library
from bot.understanding.encoder import SHIPPED, VectorStore, load_encoder
from bot.understanding.evaluate import NONE, Question, read_questions
from bot.understanding.language import language_of
from bot.understanding.lexical import FEATURES, LexicalIndex, Match
from bot.understanding.ranking import SIGNS, best_of, shares_of, signs
from bot.understanding.text import Analyser, Glossary

PARTS = 5
_FOLD_WEIGHT = 0.25  # our own questions are nearer to life than the articles' ways of asking
_FOLD_DOUBT = 0.05  # and how sure to be is learned nearly from them alone: left-out ways are harder than life
_MOST = 0.02  # wrong articles given, in scope and out of it: .03 is allowed, and what comes is harder than our own
_LEAST_SURE = 0.89  # for an answer: nine of ten are right; the questions out of scope that we have are easier than life
_MOST_SURE = 0.3  # for a choice of three: who is surer than this is asked back, not sent away
_SMOOTH = 17  # thresholds that are looked at together: with 88 questions from outside one alone is chance
_PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class _Left:
    """An article without some of its ways of asking."""

    id: str
    title: str
    label: str
    questions: Sequence[str]
    keywords: Sequence[str]
    summary: str
    sections: Sequence[Any]


class _WithoutPart:
    """A library in which one part of the ways of asking is missing; `left_out` has them."""

    def __init__(self, library: Library, part: int) -> None:
        self._rows: dict[str, list[Article]] = {}
        self.left_out: list[Question] = []
        for language in LANGUAGES:
            self._rows[language] = [self._without(article, language, part) for article in library.articles(language)]

    def articles(self, language: str) -> Sequence[Article]:
        return self._rows[language]

    def _without(self, a: Article, language: str, part: int) -> Article:
        kept = [q for q in a.questions if zlib.crc32(q.encode()) % PARTS != part]
        out = [q for q in a.questions if zlib.crc32(q.encode()) % PARTS == part]
        self.left_out += [Question(q, q, a.id, lang=language, kind="fold") for q in out]
        return _Left(a.id, a.title, a.label, kept, a.keywords, a.summary, a.sections)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the features of every article."""

    question: Question
    match: Match
    rows: Any  # articles x features
    weight: float


def examples(
    questions: Sequence[Question], library: Library, glossary: Glossary, store: VectorStore | None, weight: float
) -> tuple[list[Example], tuple[str, ...]]:
    """The features of these questions in an index of this library."""
    analyser = Analyser(glossary)
    index = LexicalIndex(library, analyser)
    meaning = None
    if store is not None:
        meaning = semantic.SemanticIndex(semantic.lines(library, index.ids, analyser), store, len(index.ids))
        vectors = store.vectors([analyser.spelt_out(q.text) for q in questions])
    out = []
    for at, question in enumerate(questions):
        language = language_of(question.text)
        match = index.match(question.text, language if language in LANGUAGES else None)
        rows = match.columns.astype(np.float64).T
        if meaning is not None:
            rows = np.hstack((rows, meaning.features(vectors[at])))
        out.append(Example(question, match, rows, weight))
    return out, index.ids


def learn(data: Sequence[Example], ids: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """Weights, confidence and thresholds for one set of features."""
    columns = list(range(len(names)))
    position = {identity: at for at, identity in enumerate(ids)}
    rank = _rank_weights([e for e in data if e.question.expect in position], position, columns)
    facts = [_facts(e, ids, rank, columns) for e in data]
    x = np.asarray([[s[name] for name in SIGNS] for s, _ in facts])
    right = np.asarray([r for _, r in facts], dtype=np.float64)
    weights = np.asarray([1.0 if e.weight >= 1 else _FOLD_DOUBT for e in data])
    sure = _crossed(x, right, weights)
    answer = _threshold(data, sure, right)
    confidence = _logistic(x, right, weights)
    some = np.asarray([e.question.expect != NONE and e.weight >= 1 for e in data])
    return {
        "rank": {name: round(float(w), 4) for name, w in zip(names, rank, strict=True)},
        "confidence": {name: round(float(w), 4) for name, w in zip(("bias", *SIGNS), confidence, strict=True)},
        "answer": round(answer, 3),
        "choices": round(min(float(np.quantile(sure[some], 0.015)), _MOST_SURE), 3),
    }


def _facts(e: Example, ids: Sequence[str], rank: Any, columns: Sequence[int]) -> tuple[dict[str, float], bool]:
    rows = e.rows[:, columns]
    scores = rows @ rank
    order = best_of(scores)
    found = signs(e.match, rows.T, scores, shares_of(scores), order)
    return found, ids[order[0]] in e.question.accepted


def _rank_weights(data: Sequence[Example], position: Mapping[str, int], columns: Sequence[int]) -> Any:
    """A softmax over the articles that makes the right one probable (Adam on the negative log likelihood)."""
    x = np.stack([e.rows[:, columns] for e in data])
    wanted = np.zeros(x.shape[:2])
    for at, e in enumerate(data):
        wanted[at, position[e.question.expect]] = 1
    importance = np.asarray([e.weight for e in data])[:, None]
    importance = importance / importance.mean()
    scale = x.std(axis=(0, 1))
    x = x / scale
    w, first, second = np.zeros(len(columns)), np.zeros(len(columns)), np.zeros(len(columns))
    for step in range(1, 401):
        z = x @ w
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = np.einsum("na,naf->f", (p - wanted) * importance, x) / len(x) + _PENALTY * w
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope * slope
        w = w - 0.1 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return w / scale


def _logistic(x: Any, y: Any, weights: Any) -> Any:
    """Logistic regression by Newton's method on standardised signs; the first weight is the constant."""
    middle, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    ones = np.hstack((np.ones((len(x), 1)), (x - middle) / spread))
    w = np.zeros(ones.shape[1])
    penalty = np.eye(len(w))
    penalty[0, 0] = 0
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(ones @ w, -30, 30)))
        slope = ones.T @ ((p - y) * weights) + penalty @ w
        curve = (ones.T * (p * (1 - p) * weights)) @ ones + penalty + np.eye(len(w)) * 1e-6
        w = w - np.linalg.solve(curve, slope)
    return np.concatenate(([w[0] - (w[1:] * middle / spread).sum()], w[1:] / spread))


def _crossed(x: Any, y: Any, weights: Any) -> Any:
    """Each example's confidence from the nine tenths it does not belong to."""
    part = np.arange(len(x)) % 10
    out = np.zeros(len(x))
    for held in range(10):
        w = _logistic(x[part != held], y[part != held], weights[part != held])
        out[part == held] = 1 / (1 + np.exp(-np.clip(w[0] + x[part == held] @ w[1:], -30, 30)))
    return out


def _threshold(data: Sequence[Example], sure: Any, right: Any) -> float:
    """The lowest confidence at which few enough wrong articles are given, in and out of scope."""
    own = np.asarray([e.weight >= 1 for e in data])
    outside = np.asarray([e.question.expect == NONE for e in data])
    grid = np.arange(_LEAST_SURE, 0.995, 0.005)
    given = sure[None, :] >= grid[:, None]
    wrong = (given & own & ~outside & (right < 1)).sum(axis=1) / max((own & ~outside).sum(), 1)
    false = (given & outside & (right < 1)).sum(axis=1) / max(outside.sum(), 1)
    around = np.ones(_SMOOTH) / _SMOOTH
    edge = _SMOOTH // 2
    worst = np.maximum(*(np.convolve(np.pad(r, edge, mode="edge"), around, mode="valid") for r in (wrong, false)))
    fine = np.flatnonzero(worst <= _MOST)
    return float(grid[fine[0]]) if len(fine) else 0.99


def train(
    library: Library,
    glossary: Glossary,
    own: Sequence[Question],
    store: VectorStore | None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """The contents of `weights.json`."""
    data, ids = examples(own, library, glossary, store, 1.0)
    for part in range(PARTS):
        less = _WithoutPart(library, part)
        found, same = examples(less.left_out, less, glossary, store, _FOLD_WEIGHT)
        if same != ids:
            raise ValueError("the parts have other articles than the whole")
        data += found
        say(f"part {part + 1} of {PARTS}: {len(found)} ways of asking")
    out = {"lexical": learn(data, ids, FEATURES)}
    out["encoder"] = learn(data, ids, (*FEATURES, *semantic.FEATURES)) if store else out["lexical"]
    return out


def main() -> None:
    """Learn from the content folder and the tuning half of our own questions."""
    from bot.library.load import load  # noqa: PLC0415 - only the command needs files

    home = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", type=Path, default=home / "content")
    parser.add_argument("--questions", type=Path, default=home / "tests" / "data" / "questions.yaml")
    parser.add_argument("--var", type=Path, default=home / "var")
    parser.add_argument("--vectors", action="store_true", help="also write the vectors that are shipped")
    given = parser.parse_args()
    library = load(given.content).library
    glossary = Glossary.from_data(yaml.safe_load((given.content / "vocabulario.yaml").read_text(encoding="utf-8")))
    encoder = load_encoder()
    store = VectorStore(encoder, given.var) if encoder else None
    tuned = tuning_half(given.questions)
    weights = train(library, glossary, tuned, store)
    if store:
        lines = semantic.lines(library, LexicalIndex(library, Analyser(glossary)).ids, Analyser(glossary))
        store.keep([*(text for _, text in lines), *(Analyser(glossary).spelt_out(q.text) for q in tuned)])
    path = Path(__file__).with_name("weights.json")
    path.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    if store and given.vectors:
        ids = LexicalIndex(library, Analyser(glossary)).ids
        store.save(SHIPPED, [text for _, text in semantic.lines(library, ids, Analyser(glossary))])


def tuning_half(path: Path) -> list[Question]:
    """The questions that may be learned from: no controls, none of the held-out half."""
    held = {str(row["id"]) for row in yaml.safe_load(path.read_text(encoding="utf-8")) if row.get("held")}
    return [q for q in read_questions(path) if q.id not in held and not q.expect.startswith("control:")]


if __name__ == "__main__":
    main()
