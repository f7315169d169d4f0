"""`vistalk eval robustness` and `vistalk eval calibration` from the command line, with the scripted model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agent.stage import png
from tests.ui.terminal import Terminal


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Forty statements about as many pictures; three in four are true."""
    rows = []
    for number in range(40):
        (tmp_path / f"{number}.png").write_bytes(png(f"#{number:02x}8040").data)
        rows.append({"image": f"{number}.png", "statement": f"It is plain, {number}.", "label": number % 4 > 0})
    path = tmp_path / "statements.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def scripted(tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path)
    terminal.script.write_text('[[rule]]\nreply = "Yes."\nconfidence = 0.95\n')
    return terminal


FEW = ("--corruptions", "fog,jpeg", "--severities", "1,5", "--limit", "4")


def test_robustness_prints_one_json_object_last_and_goes_on(scripted: Terminal, data: Path, tmp_path: Path) -> None:
    command = ("eval", "robustness", "statement", "--data", str(data), *FEW, "--out", str(tmp_path / "all"), "--json")
    done = scripted(*command)
    assert done.code == 0, done.err
    summary = json.loads(done.out.splitlines()[-1])
    assert (summary["task"], summary["n"]) == ("robustness statement", 4)
    assert summary["metrics"]["retained"]["value"] == 1
    assert set(summary["metrics"]) == {"accuracy", "retained"} | {
        f"{name}_{kind}_{level}" for name in ("accuracy", "retained") for kind in ("fog", "jpeg") for level in (1, 5)
    }
    assert summary["baselines"]["majority"]
    assert {path.parent.name for path in (tmp_path / "all").glob("*/summary.json")} == {
        "clean", "fog-1", "fog-5", "jpeg-1", "jpeg-5",
    }  # fmt: skip
    assert scripted(*command).out == done.out
    shown = scripted("eval", "compare", str(tmp_path / "all" / "clean"), str(tmp_path / "all" / "fog-5"), "--json")
    assert json.loads(shown.out)["n"] == 4


def test_robustness_for_people(scripted: Terminal, data: Path) -> None:
    done = scripted("eval", "robustness", "statement", "--data", str(data), *FEW)
    assert done.code == 0, done.err
    assert "accuracy, clean" in done.out
    assert "fog" in done.out
    assert "100%" in done.out
    assert "majority" in done.out


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--fail-under", "retained=0.9"), 0, ""),
        (("--fail-under", "accuracy=1.1"), 1, "accuracy is"),
        (("--fail-under", "nothing=1"), 1, "no metric 'nothing'"),
        (("--corruptions", "snow"), 1, "no condition 'snow-1'"),
        (("--severities", "9"), 1, "no condition 'fog-9'"),
        (("--corruptions", "none"), 1, "nothing to measure"),
        (("--attacks", "pgd"), 1, "model's weights"),
        (("--subject", "nobody"), 1, "no subject 'nobody'"),
    ],
)
def test_robustness_ends_with_a_code_and_a_sentence(
    scripted: Terminal, data: Path, more: tuple[str, ...], code: int, said: str
) -> None:
    done = scripted("eval", "robustness", "statement", "--data", str(data), *FEW, *more)
    assert done.code == code
    assert said in done.err
    assert "Traceback" not in done.err


def test_calibration_of_a_run(scripted: Terminal, data: Path, home: Path, tmp_path: Path) -> None:
    run = json.loads(scripted("eval", "run", "statement", "--data", str(data), "--json").out.splitlines()[-1])["run"]
    done = scripted("eval", "calibration", run, "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out.splitlines()[-1])
    assert (summary["task"], summary["run"], summary["n"]) == ("calibration", run, 20)
    assert summary["metrics"]["ece_calibrated"]["value"] < summary["metrics"]["ece"]["value"]
    assert json.loads((home / "evals" / run / "calibration.json").read_text()) == summary
    people = scripted("eval", "calibration", run, "--method", "isotonic", "--out", str(tmp_path / "curve.json"))
    assert "errors among the surest 50%" in people.out
    assert json.loads((tmp_path / "curve.json").read_text())["fitted"]["method"] == "isotonic"


@pytest.mark.parametrize("arguments", [["nothing"], ["nothing", "--method", "magic"]])
def test_calibration_of_nothing_is_one_sentence(scripted: Terminal, arguments: list[str]) -> None:
    done = scripted("eval", "calibration", *arguments)
    assert done.code == 1
    assert done.err
    assert "Traceback" not in done.err
