"""The documents do not lie: settings, commands, conversations and paths that they name exist."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from bot.__main__ import parser
from bot.mind import Mind
from bot.settings import PREFIX, Settings
from tests.transcripts import player

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_stands_in_the_readme_and_nothing_else_does() -> None:
    told = set(re.findall(r"^\| `(RUMBO_\w+)` \|", README, re.MULTILINE))

    assert told == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_readme_tells_what_each_setting_means() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description in README, name


def test_every_command_stands_in_the_readme() -> None:
    (commands,) = (a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))

    for name in commands.choices:
        assert f"rumbo {name}" in README, name


def test_the_conversation_in_the_readme_is_the_one_that_is_held(mind: Mind, tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(# .*?)```", README, re.DOTALL)
    file = tmp_path / "readme.txt"
    file.write_text(shown, encoding="utf-8")

    assert player.rewritten(mind, file) == shown


def test_every_link_inside_the_project_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_decision_says_what_was_decided_and_what_else_there_was() -> None:
    for record in (ROOT / "docs" / "decisions").glob("*.md"):
        text = record.read_text(encoding="utf-8")
        assert "**Decision.**" in text, record.name
        assert "**Alternatives.**" in text, record.name
