"""Learns from the labelled offers what weighs for and against an offer, and writes it under `indicios` in the rules.

For developers: `python -m bot.alerts.offer_learn tests/data/offers.yaml content/ofertas.yaml`. It must never see
`tests/data/offers_blind.yaml`, which measures it. The service itself never runs this; the same offers always give the
same weights.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.alerts.offer_rules import SIGNALS
from bot.alerts.offer_text import read
from bot.alerts.offer_weights import Weights, features

_NOTE = (
    "  # Lo que pesa cada palabra a favor (+) o en contra (-) de retener una oferta. No se escribe a mano: se calcula con",
    "  # python -m bot.alerts.offer_learn tests/data/offers.yaml content/ofertas.yaml",
    "  # umbral: más bajo retiene más ofertas; más alto, menos.",
)
Row = Mapping[str, Any]
_ROUNDS = 15  # through all offers; more changes nothing
_SOFT = 0.25  # how much a single offer may be left on the wrong side
_START = 0.3
_STEP = 0.1  # weights are written in these steps
_KEPT = 0.15  # and weaker ones are left out
_KEPT_REASON = 0.35
_SPARED = 0.03  # of the honest offers, at most these are held by weight alone
_FOLDS = 8
_RARE = 2  # what stands in so few offers says more about them than about offers
_FACTS = frozenset({"short_link", "foreign_number"})  # one sees them or not; no word speaks for them


def learn(rows: Sequence[Row], asked: Callable[[Row], bool], least: float) -> Weights:
    """The weights that best part the offers for which `asked` is true from the others (a support vector machine)."""
    known = Counter(feature for row in rows for feature in row["features"])
    texts = [[feature for feature in sorted(row["features"]) if known[feature] > _RARE] for row in rows]
    signs = [1.0 if asked(row) else -1.0 for row in rows]
    weights: dict[str, float] = defaultdict(float)
    start, pulls, order, chance = 0.0, [0.0] * len(rows), list(range(len(rows))), random.Random(1)  # noqa: S311 - repeatable
    for _ in range(_ROUNDS):
        chance.shuffle(order)
        for at in order:
            text, sign, scale = texts[at], signs[at], 1 / max(1.0, len(texts[at])) ** 0.5
            score = sum(weights[feature] for feature in text) * scale + start
            pull = max(0.0, pulls[at] - (sign * score - 1 + _SOFT * pulls[at]) / (1 + _START**2 + _SOFT))
            step, pulls[at] = (pull - pulls[at]) * sign, pull
            start += step * _START**2
            for feature in text if step else ():
                weights[feature] += step * scale
    steps = {feature: round(weight / _STEP) for feature, weight in sorted(weights.items()) if abs(weight) >= least}
    return Weights({feature: step * _STEP for feature, step in steps.items()}, round(start, 2))


def threshold(rows: Sequence[Row]) -> float:
    """The score from which an offer is held, set so that the wanted share of honest offers, unseen in learning, passes."""
    honest: list[float] = []
    hits: list[float] = []
    for fold in range(_FOLDS):
        weights = learn([row for at, row in enumerate(rows) if at % _FOLDS != fold], _hold, _KEPT)
        for row in rows[fold::_FOLDS]:
            (hits if _hold(row) else honest).append(weights.score(row["features"]))
    limit = sorted(honest, reverse=True)[int(len(honest) * _SPARED)]
    print(
        f"umbral {limit:.2f}: {sum(score > limit for score in hits) / len(hits):.2f} de las dañinas solo por indicios"
    )
    return round(limit, 2)


def written(rows: Sequence[Row]) -> str:
    """The part `indicios` of the rules file."""
    hold = learn(rows, _hold, _KEPT)
    lines = ["indicios:", *_NOTE, f"  umbral: {threshold(rows)}", *_lines("retener", hold), "  motivos:"]
    for signal in SIGNALS:
        if signal in _FACTS:
            continue
        weights = learn(rows, lambda row, signal=signal: signal in row["signals"], _KEPT_REASON)  # type: ignore[misc]
        lines += [f"  {line}" for line in _lines(signal, weights)]
    return "\n".join(lines) + "\n"


def _lines(name: str, weights: Weights) -> list[str]:
    by_step: dict[int, list[str]] = defaultdict(list)
    for feature, weight in weights.of.items():
        by_step[round(weight / _STEP)].append(feature)
    steps = [f'      "{step * _STEP:.2f}": "{", ".join(by_step[step])}"' for step in sorted(by_step, reverse=True)]
    return [f"  {name}:", f"    inicio: {weights.start}", "    pesos:", *steps]


def _hold(row: Row) -> bool:
    return bool(row["hold"])


def main(offers: Path, rules: Path) -> None:
    """Replaces the weights in the rules file by those learnt from the offers."""
    rows = [
        {**row, "features": features(read(row["text"]))} for row in yaml.safe_load(offers.read_text(encoding="utf-8"))
    ]
    kept = rules.read_text(encoding="utf-8").split("\nindicios:\n")[0].rstrip("\n")
    rules.write_text(f"{kept}\n\n{written(rows)}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
