"""Short names for offers that stand side by side, so that a person can tell them apart.

Pure. No two labels are ever alike, however alike the offers are: where nothing else tells them apart, their place in the list does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.choosing import fold
from bot.messages import LONGEST_LABEL

_SHORTENED = 11  # of a title, when something stands beside it


def told_apart(offers: Sequence[tuple[str, ...]]) -> list[str]:
    """A label for each offer, which is its title and then other words: the title alone, or with the first word that tells."""
    labels: dict[int, str] = {}
    for beside in range(max(map(len, offers), default=0)):
        made = {number: _label(offer, beside) for number, offer in enumerate(offers) if number not in labels}
        labels |= _unlike(made, labels)
    numbered = (f"{shortened(offer[0], LONGEST_LABEL - 3)} {number}" for number, offer in enumerate(offers, 1))
    return [labels.get(number, label) for number, label in enumerate(numbered)]


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning where it is too long."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _label(offer: tuple[str, ...], beside: int) -> str:
    if not beside:
        return shortened(offer[0], LONGEST_LABEL)
    other = offer[beside] if beside < len(offer) else ""
    return shortened(f"{shortened(offer[0], _SHORTENED)} · {other}", LONGEST_LABEL) if other else ""


def _unlike(made: Mapping[int, str], others: Mapping[int, str]) -> dict[int, str]:
    """The labels that no other offer has. A label that ends in a digit is left out: it would look like a place in the list."""
    names = {number: fold(label) for number, label in made.items()}
    counts = Counter([*names.values(), *map(fold, others.values())])
    return {
        number: made[number] for number, name in names.items() if name and counts[name] == 1 and not name[-1].isdigit()
    }
