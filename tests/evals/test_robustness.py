"""Robustness: conditions, one run for each, and what is left of the clean score."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evals.comparison import compare
from evals.conditions import Condition, condition_of
from evals.corruptions import KINDS, corrupted
from evals.formats import load
from evals.gradient import STEPS, Attempt
from evals.records import Run
from evals.robustness import measure
from evals.runner import Plan, Progress, resume, run
from evals.subjects import Answer, BareModel, open_subject
from evals.tasks import TASKS
from memory.decode import decode
from runtime.errors import BadData, BadSetting
from runtime.settings import Settings, load_settings
from tests.evals.data_files import lines
from tests.pictures import png
from tests.runtime.tiny import build


def quiet(*_: object) -> None:
    """No progress."""


def silent(_: str) -> Progress:
    return quiet


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text('[[rule]]\nreply = "Yes."\n')
    return load_settings(preset="scripted", script=script)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight statements about four pictures of noise; half of them are true."""
    rows = []
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 50, 3), np.uint8)
        (tmp_path / f"{number}.png").write_bytes(png(Image.fromarray(pixels)))
        rows += [
            {"image": f"{number}.png", "statement": f"It is {word}.", "label": word == "noise"}
            for word in ("noise", "a dog")
        ]
    return lines(tmp_path, *rows)


@pytest.mark.parametrize("name", [f"{kind}-{level}" for kind in KINDS for level in (1, 5)] + ["fgsm-1", "pgd-255"])
def test_conditions_have_names(name: str) -> None:
    condition = condition_of(name)
    assert condition.name == name
    assert condition.family in ("noise", "blur", "weather", "digital", "attack")


@pytest.mark.parametrize(
    "name", ["", "fog", "fog-0", "fog-6", "fog-1.5", "snow-1", "pgd-256", "pgd-0", "fog-3-3", "fog-③"]
)
def test_what_is_no_condition(name: str) -> None:
    with pytest.raises(BadSetting, match="no condition"):
        condition_of(name)


def seen_by(monkeypatch: pytest.MonkeyPatch, right: Any = lambda _: True) -> list[bytes]:
    """Every picture that the bare model is shown from now on; it says yes where `right` says so of a picture."""
    shown: list[bytes] = []

    def answer(_: BareModel, pictures: list[bytes], __: str) -> Answer:
        shown.extend(pictures)
        return Answer("Yes." if right(pictures[0]) else "No.", confidence=0.8)

    monkeypatch.setattr(BareModel, "answer", answer)
    return shown


def test_pictures_are_shown_corrupted_and_the_record_names_the_clean_ones(
    settings: Settings, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = seen_by(monkeypatch)
    run(settings, Plan("statement", data), quiet, out=tmp_path / "clean")
    assert shown[0] == (tmp_path / "0.png").read_bytes()
    shown.clear()
    run(settings, Plan("statement", data, condition="fog-3"), quiet, out=tmp_path / "fog")
    with Image.open(tmp_path / "0.png") as clean, Image.open(io.BytesIO(shown[0])) as foggy:
        assert foggy.tobytes() == corrupted(clean, "fog", 3).tobytes()
    assert shown[0] == shown[1]  # two questions about one picture see the same fog
    clean_run, foggy_run = Run(tmp_path / "clean"), Run(tmp_path / "fog")
    assert [r.images for r in clean_run.records()] == [r.images for r in foggy_run.records()]
    assert foggy_run.header().settings["condition"] == "fog-3"
    assert "condition" not in clean_run.header().settings
    assert compare(clean_run, foggy_run).n == 8


def test_another_condition_is_another_run_and_resuming_keeps_it(
    settings: Settings, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(settings, Plan("statement", data, condition="fog-3"), quiet, out=tmp_path / "fog")
    for other in ("fog-4", "jpeg-3", ""):
        with pytest.raises(BadData, match="another run"):
            run(settings, Plan("statement", data, condition=other), quiet, out=tmp_path / "fog")
    samples = tmp_path / "fog" / "samples.jsonl"
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:3]))
    shown = seen_by(monkeypatch)
    resume(settings, tmp_path / "fog", quiet)
    assert len(shown) == 5
    assert shown[0] != (tmp_path / "1.png").read_bytes()


def test_what_is_left_of_a_score(
    settings: Settings, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that says yes to a picture in colour, and no to one that has lost its contrast."""

    def colourful(picture: bytes) -> bool:
        with Image.open(io.BytesIO(picture)) as image:
            return bool(np.asarray(image, np.float64).std() > 30)

    seen_by(monkeypatch, colourful)
    rows = [json.loads(line) for line in data.read_text().splitlines()]
    asked = lines(
        tmp_path, *(row for row in rows if row["label"] or row["image"] in ("0.png", "1.png")), name="some.jsonl"
    )
    conditions = [Condition("contrast", 1), Condition("contrast", 5), Condition("jpeg", 1)]
    found = measure(settings, Plan("statement", asked), conditions, silent, out=tmp_path / "all")
    assert found.score.value == pytest.approx(4 / 6)  # the four true ones
    assert {each.condition.name: each.score.value for each in found.under} == {
        "contrast-1": pytest.approx(2 / 6),  # now the two false ones
        "contrast-5": pytest.approx(2 / 6),
        "jpeg-1": pytest.approx(4 / 6),
    }
    assert [each.retained.value for each in found.under] == pytest.approx([0.5, 0.5, 1])
    assert found.retained is not None
    assert found.retained.value == pytest.approx(2 / 3)
    assert found.retained.low <= 2 / 3 <= found.retained.high
    kept = json.loads((tmp_path / "all" / "robustness.json").read_text())
    assert kept == json.loads(json.dumps(found.to_json()))
    assert (kept["task"], kept["n"], kept["metrics"]["retained_contrast_5"]["value"]) == (
        "robustness statement",
        6,
        0.5,
    )
    assert [each["run"] for each in kept["conditions"]] == ["contrast-1", "contrast-5", "jpeg-1"]
    for name in ("clean", "contrast-1", "contrast-5", "jpeg-1"):
        assert len(Run(tmp_path / "all" / name).records()) == 6


def test_what_was_done_is_not_done_again(
    settings: Settings, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = seen_by(monkeypatch)
    first = measure(settings, Plan("statement", data), [Condition("fog", 1)], silent, out=tmp_path / "all")
    assert len(shown) == 16
    more = [Condition("fog", 1), Condition("fog", 2)]
    second = measure(settings, Plan("statement", data), more, silent, out=tmp_path / "all")
    assert len(shown) == 24
    assert second.under[0] == first.under[0]


def test_captions_are_compared_by_rouge(settings: Settings, data: Path, tmp_path: Path) -> None:
    rows = [{"image": f"{number}.png", "captions": ["Yes, noise."]} for number in range(4)]
    captions = lines(tmp_path, *rows, name="captions.jsonl")
    found = measure(settings, Plan("caption", captions), [Condition("fog", 1)], silent)
    assert found.metric == "rouge_l"
    assert found.under[0].retained.value == pytest.approx(1)


def test_the_whole_agent_sees_corrupted_pictures_too(settings: Settings, data: Path) -> None:
    plan = Plan("statement", data, "agent", limit=2)
    found = measure(settings, plan, [Condition("pixelate", 5)], silent)
    assert (found.clean.errors, len(found.under)) == (0, 1)


@pytest.mark.parametrize("task", ["planning", "conversation", "injection", "juggling"])
def test_only_tasks_about_pictures(settings: Settings, data: Path, task: str) -> None:
    with pytest.raises(BadSetting, match="no task about pictures"):
        measure(settings, Plan(task, data, "agent"), [Condition("fog", 1)], silent)


@pytest.mark.parametrize(("preset", "subject"), [("scripted", "model"), ("served", "model"), ("pocket", "agent")])
def test_a_gradient_attack_needs_weights(
    settings: Settings, data: Path, tmp_path: Path, preset: str, subject: Any
) -> None:
    asked = settings.model_copy(update={"preset": preset})
    with pytest.raises(BadSetting, match="model's weights"):
        measure(asked, Plan("statement", data, subject), [Condition("pgd", 1)], silent, out=tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("fast_vlm", tmp_path_factory.mktemp("fast_vlm"))


@pytest.mark.parametrize("kind", STEPS)
def test_an_attacked_picture_is_within_its_levels_and_shown_like_any_other(
    data: Path, tmp_path: Path, tiny: Path, kind: str
) -> None:
    settings = load_settings(vlm=str(tiny), device="cpu", dtype="float32", max_new_tokens=4)
    condition = Condition(kind, 3)
    samples = load("caption", lines(tmp_path, {"image": "0.png", "captions": ["noise"]}, name="captions.jsonl"))
    with open_subject("model", settings) as subject:
        clean = (tmp_path / "0.png").read_bytes()
        (shown,) = condition.shown(Attempt(TASKS["caption"], samples[0], subject, [clean], "Describe it."), settings)
    before, after = (
        np.asarray(decode(each, max_bytes=10**6, max_pixels=10**6).image, np.int64) for each in (clean, shown)
    )
    assert 0 < np.abs(after - before).max() <= 3


def test_a_wrong_answer_is_not_attacked(data: Path, tmp_path: Path, tiny: Path) -> None:
    settings = load_settings(vlm=str(tiny), device="cpu", dtype="float32", max_new_tokens=4)
    clean = (tmp_path / "0.png").read_bytes()
    (sample, *_) = load("statement", data)
    with open_subject("model", settings) as subject:
        attempt = Attempt(TASKS["statement"], sample, subject, [clean], "Is it?")
        (shown,) = Condition("pgd", 3).shown(attempt, settings)
    with Image.open(io.BytesIO(clean)) as before, Image.open(io.BytesIO(shown)) as after:
        assert before.tobytes() == after.tobytes()


def test_an_attack_that_would_mend_an_answer_is_not_made(
    data: Path, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No and yes are both right in part, and the attack on the one makes the other."""
    settings = load_settings(vlm=str(tiny), device="cpu", dtype="float32", max_new_tokens=4)
    clean = tmp_path / "0.png"
    row = {"image": "0.png", "question": "Is it?", "answers": ["no"] * 2 + ["yes"] * 8}
    (sample,) = load("vqa", lines(tmp_path, row, name="vqa.jsonl"))
    with Image.open(clean) as image:
        before = image.tobytes()
    for fallen, kept in (("yes", True), ("maybe", False)):

        def said(picture: bytes, fallen: str = fallen) -> str:
            with Image.open(io.BytesIO(picture)) as image:
                return "no" if image.tobytes() == before else fallen

        monkeypatch.setattr(BareModel, "answer", lambda _, pictures, __, said=said: Answer(said(pictures[0])))
        with open_subject("model", settings) as subject:
            attempt = Attempt(TASKS["vqa"], sample, subject, [clean.read_bytes()], "Is it?")
            (shown,) = Condition("fgsm", 3).shown(attempt, settings)
        with Image.open(io.BytesIO(shown)) as after:
            assert (after.tobytes() == before) == kept


def test_a_gradient_attack_is_a_run_like_any_other(data: Path, tmp_path: Path, tiny: Path) -> None:
    settings = load_settings(vlm=str(tiny), device="cpu", dtype="float32", max_new_tokens=4)
    captions = lines(tmp_path, {"image": "0.png", "captions": ["noise"]}, name="captions.jsonl")
    found = measure(settings, Plan("caption", captions), [Condition("fgsm", 8)], silent, out=tmp_path / "all")
    assert found.retained is None
    (record,) = Run(tmp_path / "all" / "fgsm-8").records()
    (clean,) = Run(tmp_path / "all" / "clean").records()
    assert (record.confidence or 0) < (clean.confidence or 0)
