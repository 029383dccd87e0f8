"""Learns the weights of danger (`bot/understanding/danger.npz`) from the labelled messages; run it after changing them.

python -m tests.weigh_danger            learn from every labelled message and write the weights
python -m tests.weigh_danger --measure  only tell how weights that never saw a family of messages do on it, and how the
                                        weights as they are do on the blind messages (tests/data/danger_blind.yaml)

A family is what was written in one go: neighbours in the file, so that near paraphrases are never on both sides.
Takes some minutes when the encoder has to hear new messages; its vectors are kept in `var/`. Without the encoder only
the words are learnt, and what is known of the meaning stays as it was.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from babel.messages.pofile import read_po
from numpy.typing import NDArray

from bot.understanding.danger import CERTAIN, LIKELY, POSSIBLE, DangerRecogniser
from bot.understanding.danger_phrases import Phrases
from bot.understanding.danger_weighing import BITS, SHIPPED, Weights, scale, signs
from bot.understanding.encoder import VectorStore, load_encoder
from bot.understanding.reader import load_glossary
from bot.understanding.text import Analyser

ROOT = Path(__file__).parent.parent
PHRASES = ROOT / "content/peligro.txt"
FAMILY, FOLDS = 15, 5
CALM_WEIGHT, ASKED_WEIGHT = 1.0, 0.7  # of a labelled message, and of a question under an article
LABEL = 60  # letters of a button or a short sentence of Rumbo
RARE = 1.5  # how much more a rare sign counts
SHRINK, RIDGE, RANK = 3e-5, 0.03, 64
POINTS = 6_000  # messages that carry the meaning learnt from all
NEAR = 10.0  # how much a full meaning counts beside the words when dangers are put in order
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """A message to learn from: the place of its article, -1 for a calm one."""

    text: str
    label: int
    weight: float
    family: int


def read(path: Path) -> list[dict[str, Any]]:
    """The labelled messages of a file."""
    found: list[dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    return found


def asked(root: Path = ROOT) -> Iterator[str]:
    """Titles, keywords and questions of all articles that are not about danger: ordinary messages."""
    for path in sorted((root / "content").glob("*/*/*.md")):
        if path.parent.name != "proteccion" and path.stem != "emergencia-salud":
            front = yaml.load(path.read_text(encoding="utf-8").split("---")[1], Loader=_LOADER)
            yield from map(str, [front["title"], *front.get("questions", ()), *front.get("keywords", ())])


def adverts() -> list[str]:
    """Honest job adverts: people paste them, and nobody is in danger."""
    return [str(item["text"]) for item in read(ROOT / "tests/data/offers.yaml") if not item["hold"]]


def own_words() -> Iterator[str]:
    """What Rumbo itself offers to say, in both languages: people type the words of a button."""
    for language in ("es", "en"):
        with (ROOT / f"content/{language}/ui.po").open("rb") as file:
            for entry in read_po(file):
                text = str(entry.string)
                if (
                    entry.id
                    and "\n" not in text
                    and "{" not in text
                    and len(text) <= LABEL
                    and "urgent" not in entry.id
                ):
                    yield text


def questions() -> Iterator[str]:
    """Questions and stories of people in no danger, with their life around them; not those held back for judging."""
    for item in read(ROOT / "tests/data/questions.yaml"):
        if not item["held"] and item["kind"] not in {"urgent", "control"}:
            yield str(item["text"])


def samples() -> tuple[list[Sample], tuple[str, ...]]:
    """Everything to learn from, and the articles in the order of the columns."""
    labelled = read(ROOT / "tests/data/danger.yaml")
    articles = tuple(sorted({str(item["expect"]) for item in labelled if item["urgent"]}))
    found = [
        Sample(str(item["text"]), articles.index(item["expect"]) if item["urgent"] else -1, CALM_WEIGHT, at // FAMILY)
        for at, item in enumerate(labelled)
    ]
    calm = ((adverts(), CALM_WEIGHT), (questions(), CALM_WEIGHT), (own_words(), CALM_WEIGHT), (asked(), ASKED_WEIGHT))
    for texts, weight in calm:
        last = found[-1].family + 1
        found += [Sample(text, -1, weight, last + at // FAMILY) for at, text in enumerate(dict.fromkeys(texts))]
    return found, articles


class Table:
    """The signs of messages as a sparse matrix."""

    def __init__(self, rows: Sequence[Sequence[int]]) -> None:
        counts = np.asarray([len(row) for row in rows])
        self.sign = np.asarray([sign for row in rows for sign in row])
        self.row = np.repeat(np.arange(len(rows)), counts)
        self.value = np.repeat([scale(count) for count in counts], counts).astype(np.float32)
        self.starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        order = np.argsort(self.sign, kind="stable")
        self._row, self._value = self.row[order], self.value[order]
        self.columns, self._firsts = np.unique(self.sign[order], return_index=True)
        self.rare = np.zeros(1 << BITS, np.float32)
        times = np.diff([*self._firsts, len(order)])
        self.rare[self.columns] = (np.log((len(rows) + 1) / (times + 1)) + 1) ** RARE

    def times(self, weights: Floats) -> Floats:
        found: Floats = np.add.reduceat(weights[self.sign] * self.value[:, None], self.starts, axis=0)
        return found

    def slopes(self, misses: Floats) -> Floats:
        """Of the columns that occur."""
        found: Floats = np.add.reduceat(misses[self._row] * self._value[:, None], self._firsts, axis=0)
        return found


def learn_words(rows: Sequence[Sequence[int]], known: Sequence[Sample], count: int) -> tuple[Floats, Floats]:
    """Logistic regression of the articles against calm; the same samples always give the same weights."""
    table = Table(rows)
    label = np.asarray([sample.label for sample in known])
    weight = np.asarray([sample.weight for sample in known], np.float32)
    weight /= weight.sum()
    wanted = np.zeros((len(known), count), np.float32)
    wanted[np.flatnonzero(label >= 0), label[label >= 0]] = 1
    rare, whole = table.rare[table.columns, None], np.zeros((1 << BITS, count), np.float32)

    def at(point: Floats) -> tuple[float, Floats]:
        inner, bias = point[:-count].reshape(-1, count), point[-count:]
        whole[table.columns] = inner * rare
        shares, calm = _shares(table.times(whole) + bias)
        right = np.where(label >= 0, shares[np.arange(len(label)), label], calm)
        miss = (shares - wanted) * weight[:, None]
        loss = -float((weight * np.log(np.maximum(right, 1e-12))).sum()) + SHRINK / 2 * float((inner**2).sum())
        return loss, np.concatenate([(table.slopes(miss) * rare + SHRINK * inner).ravel(), miss.sum(axis=0)])

    point = descend(at, np.zeros(len(table.columns) * count + count, np.float32))
    whole[table.columns] = point[:-count].reshape(-1, count) * rare
    return whole, point[-count:]


def descend(at: Callable[[Floats], tuple[float, Floats]], point: Floats, most: int = 120) -> Floats:
    """The lowest point of a smooth bowl, by L-BFGS."""
    height, slope = at(point)
    past: list[tuple[Floats, Floats]] = []
    for _ in range(most):
        way = _downhill(slope, past)
        pace = 1.0
        while True:
            below, steeper = at(point + pace * way)
            if below <= height + 1e-4 * pace * float(slope @ way) or pace < 1e-4:
                break
            pace /= 2
        if float(way @ (steeper - slope)) * pace > 1e-12:
            past = [*past[-7:], (pace * way, steeper - slope)]
        point = point + pace * way
        done = abs(height - below) < 1e-6 * max(1e-3, abs(height))
        height, slope = below, steeper
        if done:
            break
    return point


def _downhill(slope: Floats, past: Sequence[tuple[Floats, Floats]]) -> Floats:
    way, kept = slope.copy(), []
    for step, turn in reversed(past):
        kept.append(float(step @ way) / float(turn @ step))
        way -= kept[-1] * turn
    way *= float(past[-1][0] @ past[-1][1]) / float(past[-1][1] @ past[-1][1]) if past else 10 / np.abs(slope).sum()
    for (step, turn), share in zip(past, reversed(kept), strict=True):
        way += step * (share - float(turn @ way) / float(turn @ step))
    return -way


def _shares(odds: Floats) -> tuple[Floats, Floats]:
    top = np.maximum(odds.max(axis=1, keepdims=True), 0)
    powers, calm = np.exp(odds - top), np.exp(-top)
    whole = powers.sum(axis=1, keepdims=True) + calm
    return powers / whole, (calm / whole)[:, 0]


def learn_meaning(vectors: Floats, known: Sequence[Sample], count: int) -> tuple[Floats, tuple[Any, ...]]:
    """Kernel ridge regression with a quadratic kernel, written out as one quadratic form an article.

    Every message teaches, but only some of them (`POINTS`) carry the form: minutes instead of a quarter of an hour. With
    2,500 of them one danger in a hundred less was recognised, with 6,000 none. Cut to its strongest directions it is 150 KB instead of every vector that was learnt from.
    """
    mean = vectors.mean(axis=0)
    moved = vectors - mean
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
    wanted = np.zeros((len(known), count), np.float32)
    for at, sample in enumerate(known):
        if sample.label >= 0:
            wanted[at, sample.label] = 1
    points = moved[np.random.default_rng(0).permutation(len(moved))[:POINTS]]
    near = _kernel(moved @ points.T)
    inner = near.T @ near + RIDGE * _kernel(points @ points.T)
    inner[np.diag_indices_from(inner)] += 0.03  # near twins among the points: with less, rounding decides
    pull = np.linalg.solve(inner, near.T @ wanted)
    directions, curves = np.zeros((count, RANK, moved.shape[1]), np.float32), np.zeros((count, RANK), np.float32)
    for article in range(count):
        values, axes = np.linalg.eigh((points * pull[:, article, None]).T @ points / 2)
        best = np.argsort(-np.abs(values))[:RANK]
        directions[article], curves[article] = axes[:, best].T, values[best]
    return mean, (pull.sum(axis=0) / 4, (points.T @ pull).T / 4, np.round(directions * 127) / 127, curves)


def _kernel(products: Floats) -> Floats:
    return (1 + products + 2 * products**2) / 4


def learn(
    words: Sequence[list[str]], vectors: Floats | None, known: Sequence[Sample], articles: tuple[str, ...]
) -> Weights:
    """Weights from these messages; their slopes are still those of `calibrate`."""
    table, bias = learn_words([signs(one) for one in words], known, len(articles))
    units = np.maximum(np.abs(table).max(axis=0), 1e-6) / 127
    mean, heads = (np.zeros(0, np.float32), ()) if vectors is None else learn_meaning(vectors, known, len(articles))
    whole = np.round(table / units).astype(np.int8)
    scales = tuple(map(float, units)), tuple(map(float, bias))
    return Weights(articles, whole, *scales, (1.0, 0.0, 0.0), (1.0, 0.0, NEAR, 0.0), mean, heads)


def held_out(
    words: Sequence[list[str]], vectors: Floats | None, known: Sequence[Sample], articles: tuple[str, ...]
) -> Floats:
    """For each message what its words say, whole and by parts, and its meaning, by weights that never saw its family."""
    found = np.zeros((len(known), 3), np.float32)
    for fold in range(FOLDS):
        inside = [at for at, sample in enumerate(known) if sample.family % FOLDS != fold]
        some = None if vectors is None else vectors[inside]
        weights = learn([words[at] for at in inside], some, [known[at] for at in inside], articles)
        for at, sample in enumerate(known):
            if sample.family % FOLDS == fold:
                _, whole, second = weights.words(words[at])
                found[at] = whole, second, 0 if vectors is None else sum(weights.meaning(vectors[at]))
    return found


def calibrate(said: Floats, known: Sequence[Sample]) -> dict[str, tuple[float, ...]]:
    """What the odds are worth on families never seen: the slopes that make a likelihood of them."""
    danger = np.asarray([sample.label >= 0 for sample in known])
    ordinary = np.asarray([sample.weight == ASKED_WEIGHT for sample in known])
    found: dict[str, tuple[float, ...]] = {}
    for meaning, name, count in ((False, "trust", 2), (True, "both", 3)):
        signs_ = np.concatenate([said[:, :count], np.ones((len(said), 1), np.float32)], axis=1)

        def at(point: Floats, signs_: Floats = signs_) -> tuple[float, Floats]:
            share = 1 / (1 + np.exp(np.clip(-signs_ @ point, -30, 30)))
            right = np.where(danger, share, 1 - share)
            return -float(np.log(np.maximum(right, 1e-12)).mean()), signs_.T @ (share - danger) / len(danger)

        point = descend(at, np.zeros(signs_.shape[1], np.float32))
        share = 1 / (1 + np.exp(np.clip(-signs_ @ point, -30, 30)))
        found[name] = tuple(map(float, point))
        for limit in (POSSIBLE[meaning], LIKELY[meaning], CERTAIN):
            print(
                f"families never seen, {name}: from {limit} on {(share[danger] >= limit).mean():.3f} recognised,"
                f" false {(share[ordinary] >= limit).mean():.3f} ordinary,"
                f" {(share[~danger & ~ordinary] >= limit).mean():.3f} look-alike"
            )
    return found


def heard(texts: Sequence[str], kept: str = "danger") -> Floats | None:
    """The vectors of the messages, spelt out as they are in service; None without the encoder."""
    encoder = load_encoder()
    if encoder is None:
        return None
    store = VectorStore(encoder, ROOT / "var" / kept)
    spelt = list(map(Analyser(load_glossary(ROOT / "content")).spelt_out, texts))
    vectors = store.vectors(spelt)
    store.keep(spelt)
    return vectors


def write(weights: Weights, path: Path = SHIPPED) -> None:
    """Write the weights where the program reads them."""
    base, linear, directions, curves = weights.heads
    articles = np.frombuffer(" ".join(weights.articles).encode(), np.uint8)
    small = {"base": base, "linear": linear, "curves": curves, "mean": weights.mean}
    np.savez_compressed(
        path,
        articles=articles,
        table=weights.table,
        units=np.asarray(weights.units),
        bias=np.asarray(weights.bias),
        trust=np.asarray(weights.trust),
        both=np.asarray(weights.both),
        directions=np.round(directions * 127).astype(np.int8),
        **{name: part.astype(np.float32) for name, part in small.items()},
    )


def measure() -> None:
    """Print how the weights that are in service do on the blind messages, by kind, with 95 % intervals."""
    blind, recogniser = read(ROOT / "tests/data/danger_blind.yaml"), DangerRecogniser.load(ROOT / "content")
    vectors = heard([item["text"] for item in blind], "danger-blind")
    for name, known in (("words alone", None), ("words and meaning", vectors)):
        rows: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
        for at, item in enumerate(blind):
            danger = recogniser.recognise(item["text"], None if known is None else known[at])
            right = danger is not None and danger.article in {item["expect"], *item["also"]}
            for kind in (item["kind"], "danger" if item["urgent"] else "calm"):
                rows[kind].append((danger is not None, right))
        for kind, found in sorted(rows.items(), key=lambda row: row[0] in {"danger", "calm"}):
            alarms, right = (sum(column) for column in zip(*found, strict=True))
            low, high = interval(alarms, len(found))
            shares = f"{alarms / len(found):.3f} [{low:.3f}, {high:.3f}] called for help, {right / len(found):.3f} the right one"
            print(f"blind, {name}: {kind:16} {len(found):3}  {shares}")


def interval(found: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson."""
    share, four = found / count, 1.96**2
    middle, half = share + four / 2 / count, 1.96 * (share * (1 - share) / count + four / 4 / count**2) ** 0.5
    return (middle - half) / (1 + four / count), (middle + half) / (1 + four / count)


def main() -> None:
    known, articles = samples()
    phrases = Phrases.parse(PHRASES.read_text(encoding="utf-8"))
    words = [phrases.found(phrases.words(sample.text))[1] for sample in known]
    vectors = heard([sample.text for sample in known])
    worth = calibrate(held_out(words, vectors, known, articles), known)
    if "--measure" in sys.argv:
        measure()
        return
    weights = replace(learn(words, vectors, known, articles), **worth)
    if vectors is None:
        old = Weights.load()
        weights = replace(weights, both=old.both, mean=old.mean, heads=old.heads)
    write(weights)


if __name__ == "__main__":
    main()
