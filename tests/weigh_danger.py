"""Counts the weights of `content/peligro.pesos.txt` from the labelled messages; run it after changing them.

python -m tests.weigh_danger            write the weights, learnt from every labelled message
python -m tests.weigh_danger --measure  only tell how weights learnt without the held messages do on those
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from bot.understanding.danger import DangerRecogniser
from bot.understanding.danger_weights import scale

ROOT = Path(__file__).parent.parent
CALM = "none"
ROUNDS, PACE, SHRINK = 14, 0.6, 4e-6
_Sample = tuple[list[str], int]


def examples(root: Path = ROOT) -> tuple[list[dict[str, object]], list[str]]:
    """The labelled messages, and the questions, titles and keywords of all articles that are not about danger."""
    labelled = yaml.safe_load((root / "tests/data/danger.yaml").read_text(encoding="utf-8"))
    calm: list[str] = []
    for path in sorted((root / "content").glob("*/*/*.md")):
        if path.parent.name != "proteccion" and path.stem != "emergencia-salud":
            front = yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])
            calm += map(str, [front["title"], front["label"], *front.get("questions", ()), *front.get("keywords", ())])
    return labelled, calm


def learn(samples: Sequence[_Sample], count: int) -> tuple[dict[str, list[float]], list[float], dict[str, float]]:
    """Logistic regression over features scaled by rarity, by AdaGrad; the same samples always give the same weights."""
    seen = Counter(name for names, _ in samples for name in names)
    rare = {name: math.log((len(samples) + 1) / (times + 1)) + 1 for name, times in seen.items()}
    rows = {name: [0.0] * count for name in seen}
    paces = {name: [1e-6] * count for name in seen}
    bias = [0.0] * count
    order = list(samples)
    chance = random.Random(7)
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for names, label in order:
            size = scale(len(names))
            sums = list(bias)
            for name in names:
                value = rare[name] * size
                for place, weight in enumerate(rows[name]):
                    sums[place] += weight * value
            powers = [math.exp(min(total, 30.0)) for total in sums]
            whole = 1 + sum(powers)
            misses = [power / whole - (place == label) for place, power in enumerate(powers)]
            if label < 0:
                misses = [miss * 0.8 for miss in misses]
            for place, miss in enumerate(misses):
                bias[place] -= 0.02 * miss
            if max(map(abs, misses)) < 0.002:
                continue
            for name in names:
                value = rare[name] * size
                row, pace = rows[name], paces[name]
                for place, miss in enumerate(misses):
                    slope = miss * value + SHRINK * row[place]
                    pace[place] += slope * slope
                    row[place] -= PACE * slope / (0.3 + math.sqrt(pace[place]))
    return rows, bias, rare


def weights_text(labelled: Sequence[dict[str, object]], calm: Sequence[str], plain: DangerRecogniser) -> str:
    """The file of weights for these messages."""
    articles = sorted({str(item["expect"]) for item in labelled if item["urgent"]})
    samples = [
        (sorted(plain.features(str(item["text"]))), articles.index(str(item["expect"])) if item["urgent"] else -1)
        for item in labelled
    ] + [(sorted(plain.features(text)), -1) for text in calm]
    rows, bias, rare = learn(samples, len(articles))
    seen = Counter(name for names, _ in samples for name in names)
    lines = ["[pesos]", "artículos " + " ".join(articles), "base " + " ".join(str(round(100 * b)) for b in bias)]
    for name in sorted(rows):
        row = [round(100 * weight * rare[name]) for weight in rows[name]]
        if max(map(abs, row)) >= 20 and (seen[name] > 1 or "_" not in name):
            lines.append(f"{name} " + " ".join(map(str, row)))
    return "\n".join(lines) + "\n"


def measure(labelled: Sequence[dict[str, object]], calm: Sequence[str], rules: str) -> None:
    """Print what weights learnt without the held messages make of those."""
    known = [item for item in labelled if not item.get("held")]
    plain = DangerRecogniser.from_rules(rules)
    sure = DangerRecogniser.from_rules(rules + "\n" + weights_text(known, calm, plain))
    for name, recogniser in (("rules alone", plain), ("rules and weights", sure)):
        held = [(item, recogniser.recognise(str(item["text"]))) for item in labelled if item.get("held")]
        caught = sum(bool(item["urgent"] and danger) for item, danger in held)
        false = sum(bool(not item["urgent"] and danger) for item, danger in held)
        urgent = sum(bool(item["urgent"]) for item, _ in held)
        print(f"{name}: {caught}/{urgent} recognised, {false}/{len(held) - urgent} false alarms")


def main() -> None:
    labelled, calm = examples()
    content = ROOT / "content"
    rules = "\n".join((content / name).read_text(encoding="utf-8") for name in ("peligro.txt", "peligro.comunes.txt"))
    if "--measure" in sys.argv:
        measure(labelled, calm, rules)
        return
    text = weights_text(labelled, calm, DangerRecogniser.from_rules(rules))
    (content / "peligro.pesos.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
