"""`vistalk eval report` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.records import Run
from evals.report import stored
from tests.evals.finished import data_file, finished, questions
from tests.ui.terminal import Terminal


@pytest.fixture
def run(tmp_path: Path, home: Path) -> Run:
    data = data_file(tmp_path / "set", questions(6), 6)
    return finished(home / "evals" / "first", "vqa", data, lambda *_: ("dog", 0.5))


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_the_report_lies_in_the_runs_folder(terminal: Terminal, run: Run) -> None:
    done = terminal("eval", "report", "first")
    page = run.folder / "report.html"
    assert (done.code, done.out) == (0, f"The report is {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_several_runs_go_into_one_file_that_was_named(terminal: Terminal, run: Run, tmp_path: Path) -> None:
    finished(tmp_path / "second", "vqa", Path(run.header().source), lambda *_: ("cat", 0.5))
    page, markdown = tmp_path / "out" / "page.html", tmp_path / "out" / "page.md"
    arguments = ["first", str(tmp_path / "second"), "--out", str(page), "--markdown", str(markdown)]
    assert terminal("eval", "report", *arguments).code == 0
    assert "Compared with A" in page.read_text(encoding="utf-8")
    assert "## A and B" in markdown.read_text(encoding="utf-8")
    assert not (run.folder / "report.html").exists()


def test_results_are_stored_and_the_readme_brought_up_to_date(
    terminal: Terminal, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    card = tmp_path / "card.md"
    readme.write_text("<!-- accuracy -->\n<!-- /accuracy -->\n<!-- planning -->\n<!-- /planning -->\n")
    card.write_text("<!-- accuracy -->\n<!-- /accuracy -->\n")
    monkeypatch.setattr(stored, "README", readme)
    monkeypatch.setattr(stored, "CARD", card)
    monkeypatch.setattr(stored, "RESULTS", tmp_path / "results")
    (tmp_path / "results").mkdir()
    done = terminal("eval", "report", "first", "--readme")
    assert done.code == 0
    assert str(tmp_path / "results" / "vqa-pocket-set-rows.json") in done.out
    for written in (readme, card):
        assert "| vqa | set/rows.jsonl | 6 | accuracy |" in written.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "holds no run"),
        (["half"], "not finished"),
        (["first", "--out", "/dev/null/x"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(terminal: Terminal, run: Run, arguments: list[str], said: str) -> None:
    half = run.folder.with_name("half")
    half.mkdir()
    (half / "run.json").write_bytes((run.folder / "run.json").read_bytes())
    done = terminal("eval", "report", *arguments)
    assert done.code == 1
    assert said in " ".join(done.err.split())
    assert "Traceback" not in done.err
