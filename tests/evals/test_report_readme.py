"""The README's accuracy is that of the stored results, and a stored result tells how to get it again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from evals.readme import README, RESULTS, put
from evals.records import Header, Run
from evals.report.stored import CARD, anonymous, command, rendered, rendered_card, store
from runtime.errors import BadData, SetupError
from tests.evals.finished import data_file, finished, questions
from tests.ui.terminal import Terminal

STORED = sorted(path for path in RESULTS.glob("*.json") if path.name != "bench.json")


def test_the_table_is_made_of_the_stored_results() -> None:
    text = README.read_text(encoding="utf-8")
    assert rendered(text) == text
    card = CARD.read_text(encoding="utf-8")
    assert rendered_card(card) == card


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_result_tells_nothing_of_a_machines_folders(path: Path) -> None:
    stored = json.loads(path.read_text(encoding="utf-8"))
    header = Header(**stored["header"])
    assert header == anonymous(header)
    assert (header.ids, header.task) == ([], stored["summary"]["task"])
    assert not re.search(r'"(/|~|[A-Z]:\\|file:)', path.read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return finished(tmp_path / "run", "vqa", data_file(tmp_path / "set", questions(6), 6), lambda *_: ("dog", 0.5))


def test_a_result_is_stored_under_a_name_that_lasts(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    path = store(run, folder)
    assert path.name == "vqa-pocket-set-rows.json"
    assert str(tmp_path) not in path.read_text()
    before = path.read_bytes()
    assert store(run, folder) == path
    assert path.read_bytes() == before
    with pytest.raises(SetupError, match="no folder"):
        store(run, tmp_path / "elsewhere")
    (run.folder / "summary.json").unlink()
    with pytest.raises(BadData, match="not finished"):
        store(run, folder)


def test_the_table_has_a_row_for_each_metric_with_a_baseline(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    store(run, folder)
    readme = "before\n<!-- accuracy -->\nold\n<!-- /accuracy -->\nafter\n<!-- planning -->\nold\n<!-- /planning -->"
    before, *table, after, _, _ = rendered(readme, folder).splitlines()
    assert (before, after) == ("before", "after")
    assert [line.count("|") for line in table[1:-1]] == [9, 9, 9]
    value = "66.7 % [33.3, 100.0]"
    beside = "majority 66.7 %, question_only"
    assert table[3].startswith(f"| vqa | set/rows.jsonl | 6 | accuracy | {value} | {beside}")
    assert table[3].endswith("| pocket | `vistalk eval run vqa --data set/rows.jsonl` |")
    assert rendered(rendered(readme, folder), folder) == rendered(readme, folder)


def test_a_readme_without_its_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 places"):
        put("no place", "accuracy", "")
    with pytest.raises(ValueError, match="2 places"):
        put("<!-- a -->\n<!-- /a --><!-- a -->\n<!-- /a -->", "a", "")


def test_the_command_makes_the_same_run(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every setting that is not the default, from the folder where the data are."""
    data_file(tmp_path / "set", questions(9), 9)
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(tmp_path)
    options = ["--subject", "agent", "--limit", "4", "--draw-seed", "3", "--out", "one"]
    shared = ["--temperature", "0.5", "--max-new-tokens", "9"]
    assert terminal(*shared, "eval", "run", "vqa", "--data", str(tmp_path / "set" / "rows.jsonl"), *options).code == 0
    first = Run(tmp_path / "one").header()
    monkeypatch.setenv("VISTALK_SCRIPT", str(terminal.script))
    vistalk, *words = shlex.split(command(anonymous(first)))
    assert vistalk == "vistalk"
    assert terminal.plain(*words, "--out", "two").code == 0
    assert Run(tmp_path / "two").header().identity() == first.identity()


def test_models_and_servers_of_ones_own_are_named_without_their_place(run: Run) -> None:
    header = run.header()
    settings = header.settings | {"vlm": "/home/someone/models/mine", "vlm_url": "http://10.0.0.7:8000/v1"}
    told = anonymous(Header(**{**vars(header), "model": "/home/someone/models/mine", "settings": settings}))
    assert (told.model, told.settings["vlm"], told.settings["vlm_url"]) == ("mine", "mine", "URL")
    assert command(told) == "vistalk --vlm mine --vlm-url URL eval run vqa --data set/rows.jsonl"
