"""The README tells the truth: its commands run, its code runs, its table is the stored run's."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from evals.bench.readme import rendered
from evals.readme import README, ROOT
from runtime.presets import presets
from runtime.settings import Settings
from tests.pictures import photograph, png, screenshot

TEXT = README.read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_table_is_the_stored_runs() -> None:
    assert rendered(TEXT) == TEXT


def test_ci_runs_the_second_command() -> None:
    assert blocks("bash")[1].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_presets_and_settings_exist_as_named() -> None:
    assert set(re.findall(r"^\| `(\w+)`", TEXT, flags=re.MULTILINE)) - _variables() == set(presets()) - {"scripted"}
    assert {name.removeprefix("VISTALK_").lower() for name in _variables()} <= set(Settings.model_fields)


def _variables() -> set[str]:
    return set(re.findall(r"VISTALK_[A-Z_]+\b", TEXT)) - {"VISTALK_"}


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_links_lead_somewhere(link: str) -> None:
    heading = link.removeprefix("#").replace("-", " ")
    assert (ROOT / link).exists() or f"\n## {heading}\n".lower() in TEXT.lower()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_readme_names_each_page_and_the_page_tells_the_truth_of_other_files(page: Path) -> None:
    assert f"](docs/{page.name})" in TEXT
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    for link in re.findall(r"\]\(([^)]+)\)", text):
        file, _, heading = link.partition("#")
        target = (page.parent / file).resolve()
        assert target.exists(), link
        assert f"\n## {heading.replace('-', ' ')}\n" in target.read_text("utf-8").lower() if heading else True, link


@pytest.fixture
def folder(tmp_path: Path, pocket: Path) -> Path:
    (tmp_path / "photo.jpg").write_bytes(photograph("astronaut.png"))
    question = {"image": "photo.jpg", "question": "Is there a person?", "answers": ["yes"]}
    (tmp_path / "questions.jsonl").write_text(json.dumps(question) + "\n")
    turns = [{"text": "Is there a person?", "images": ["photo.jpg"], "action": "vqa", "handle": "img1"}]
    (tmp_path / "conversation.jsonl").write_text(json.dumps(turns) + "\n")
    (tmp_path / "screenshot.png").write_bytes(png(screenshot(["Hello from a screenshot"])))
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed(text: str, folder: Path) -> dict[str, str]:
    """What each line of a page's console blocks prints, one after the other in the same folder."""
    said = {}
    for line in "".join(blocks("console", text)).splitlines():
        words = shlex.split(line.removeprefix("$ "))
        assert words[0] == "vistalk"
        if "--vlm" not in words:  # what a missing hub model is told is tested with the command line
            said[line] = run([sys.executable, "-m", "ui.cli", *words[1:]], folder)
    return said


@pytest.mark.pocket
@pytest.mark.timeout(900)
def test_the_terminal_commands_run(folder: Path) -> None:
    assert any("Hello from a screenshot" in output for output in typed(TEXT, folder).values())


@pytest.mark.pocket
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_each_page_run(page: Path, folder: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for data in blocks("jsonl", text):
        (folder / "questions.jsonl").write_text(data)
    assert typed(text, folder)


@pytest.mark.pocket
@pytest.mark.timeout(900)
def test_the_python_code_runs(folder: Path) -> None:
    (code,) = blocks("python")
    assert "'event': 'Done'" in run([sys.executable, "-c", code], folder)
