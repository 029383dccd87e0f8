"""Conversations as people have them: text files, replayed through the real engine, rendered by both channels."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels import telegram, whatsapp
from bot.messages import LONGEST_LABEL, LONGEST_REPLY
from bot.mind import Mind
from tests.transcripts import player

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.rglob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_conversation_goes_as_it_is_written(mind: Mind, file: Path, request: pytest.FixtureRequest) -> None:
    """Only the bot's lines are rewritten by `--rewrite-transcripts`; the difference is the review."""
    now = player.rewritten(mind, file)

    if request.config.getoption("--rewrite-transcripts"):
        file.write_text(now, encoding="utf-8")

    assert file.read_text(encoding="utf-8") == now


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_bubble_fits_every_channel(mind: Mind, file: Path) -> None:
    """One bubble of at most 1,024 characters, buttons of at most 20, ids that a button can carry."""
    for here, turn, _ in player.play(mind, file):
        for reply in turn.replies if turn else ():
            assert len(reply.text) <= LONGEST_REPLY
            assert len(reply.choices) <= 10
            for choice in reply.choices:
                assert 0 < len(choice.title) <= LONGEST_LABEL, choice
                assert len(choice.id.encode()) <= telegram.LIMITS.choice_id_bytes, choice
            numbered = reply.text + "\n\n" + "\n".join(f"{n}. {c.title}" for n, c in enumerate(reply.choices, 1))
            assert len(numbered) <= whatsapp.LIMITS.text
            assert here.outgoing(reply).reply is reply


def test_every_flow_has_a_conversation(mind: Mind) -> None:
    """Every route that a flow owns is walked by some transcript."""
    from bot.flows import ALL

    offered = {
        c.id.split("/")[0] for f in FILES for _, t, _ in player.play(mind, f) if t for r in t.replies for c in r.choices
    }
    walked = {t.state.trail[-1].split("/")[0] for f in FILES for _, t, _ in player.play(mind, f) if t and t.state.trail}

    owned = {name for flow in ALL.flows for name in flow.routes}

    assert owned - walked - offered <= {"data", "v", "staff", "news"}
