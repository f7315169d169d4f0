"""The task retrieval, with an encoder whose vectors are known and with a real one."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evals.comparison import compare
from evals.formats import load
from evals.records import Run
from evals.report import as_html, build
from evals.report.stored import anonymous, command
from evals.runner import Plan, folder_of, resume, run
from runtime import models
from runtime.encoder.base import Vectors, unit
from runtime.errors import BadData, BadSetting, GenerationFailed, ModelNotPresent
from runtime.presets import preset_of
from runtime.settings import Settings, load_settings
from tests.evals.data_files import lines
from tests.runtime.tiny_encoders import build as build_encoder

PICTURES, CAPTIONS = 12, 5


class Known:
    """Vectors by the shade of a picture and by the number in a text, with noise that a seed decides."""

    def __init__(self, seed: int = 0) -> None:
        self.id = f"known-{seed}"
        self.dimension = 8
        draw = np.random.default_rng(seed)
        self.pictures = unit(draw.normal(size=(PICTURES, self.dimension)))
        self.words = unit(self.pictures.repeat(CAPTIONS, 0) + draw.normal(size=(PICTURES * CAPTIONS, 8)) / 2)

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        shades = [np.asarray(image)[0, 0, 0] for image in images]
        return self.pictures[[shade // 20 for shade in shades]]

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        if any(text.endswith("unspeakable") for text in texts):
            raise GenerationFailed("The encoder gave a vector that points nowhere.")
        return self.words[[int(text.split()[-1]) for text in texts]]


@pytest.fixture
def settings() -> Settings:
    return load_settings(preset="scripted", encoder="somewhere")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    encoder = Known()
    monkeypatch.setattr(models, "encoder", lambda *_: encoder)
    return encoder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve grey pictures of different shades, with five captions each that end in a number."""
    (tmp_path / "images").mkdir()
    rows = []
    for number in range(PICTURES):
        Image.new("RGB", (8, 8), (20 * number,) * 3).save(tmp_path / "images" / f"{number}.png")
        captions = [f"Caption {CAPTIONS * number + place}" for place in range(CAPTIONS)]
        rows.append({"image": f"{number}.png", "captions": captions})
    return lines(tmp_path, *rows)


def quiet(*_: object) -> None:
    """No progress."""


def naive(known: Known) -> dict[str, float]:
    """The same numbers, straight from their definitions."""
    cosines = (known.pictures @ known.words.T).tolist()
    to_image, to_text = [], []
    for caption in range(PICTURES * CAPTIONS):
        order = sorted(range(PICTURES), key=lambda picture: -cosines[picture][caption])
        to_image.append(1 + order.index(caption // CAPTIONS))
    for picture in range(PICTURES):
        order = sorted(range(PICTURES * CAPTIONS), key=lambda caption: -cosines[picture][caption])
        to_text.append(1 + min(order.index(CAPTIONS * picture + place) for place in range(CAPTIONS)))
    found: dict[str, float] = {}
    for name, ranks in (("text_to_image", to_image), ("image_to_text_any", to_text)):
        found |= {f"{name}_r{depth}": sum(rank <= depth for rank in ranks) / len(ranks) for depth in (1, 5, 10)}
        found[f"median_rank_{name}"] = statistics.median(ranks)
    return {**found, "reciprocal_rank": statistics.mean(1 / rank for rank in (*to_image, *to_text))}


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_the_naive_reference(
    settings: Settings, data: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Known(seed)
    monkeypatch.setattr(models, "encoder", lambda *_: known)
    summary = run(settings, Plan("retrieval", data), quiet)
    assert summary.n == PICTURES * (CAPTIONS + 1)
    assert {name: value.value for name, value in summary.metrics.items()} == pytest.approx(naive(known))
    assert all(value.low <= value.value <= value.high for value in summary.metrics.values())
    assert summary.baselines["chance"]["text_to_image_r1"] == pytest.approx(1 / PICTURES, abs=1e-6)


def test_a_record_tells_what_was_found(settings: Settings, data: Path, known: Known) -> None:
    kept = Run(folder_of(settings) / run(settings, Plan("retrieval", data), quiet).run)
    header, records = kept.header(), {record.id: record for record in kept.records()}
    assert (header.subject, header.model, header.weights) == ("encoder", "somewhere", "known-0")
    words, picture = records["line-4-2"], records["line-4-image"]
    assert (words.prompt, words.references) == ("Caption 16", ["3.png"])
    nearest = int(np.argmax(known.pictures @ known.words[16]))
    assert words.parsed == f"{nearest}.png"
    assert words.output.startswith(f"1. {nearest}.png\n2. ")
    assert len(words.output.splitlines()) == 10
    assert (words.details["candidates"], words.details["right"]) == (12, 1)
    assert (picture.details["candidates"], picture.details["right"]) == (60, 5)
    assert picture.images == words.images
    assert picture.references == [f"Caption {number}" for number in range(15, 20)]


def test_a_limit_draws_questions_and_leaves_the_candidates(settings: Settings, data: Path, known: Known) -> None:
    whole = Run(folder_of(settings) / run(settings, Plan("retrieval", data), quiet).run)
    some = Run(folder_of(settings) / run(settings, Plan("retrieval", data, limit=10), quiet).run)
    ranks = {record.id: record.details for record in whole.records()}
    assert len(some.records()) == 10
    assert {record.kind for record in some.records()} == {"text to image", "image to text"}
    assert all(record.details == ranks[record.id] for record in some.records())


class Killed(BaseException):
    """Stands for a kill between two samples."""


def test_a_run_that_was_cut_is_gone_on_with(settings: Settings, data: Path, known: Known, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(settings, Plan("retrieval", data), quiet, out=whole)

    def stop(done: int, *_: object) -> None:
        if done == 20:
            raise Killed

    with pytest.raises(Killed):
        run(settings, Plan("retrieval", data), stop, out=cut)
    assert len(Run(cut).records()) == 20
    resume(load_settings(preset="scripted"), cut, quiet)
    lasting = [[{**vars(one), "seconds": 0} for one in Run(folder).records()] for folder in (whole, cut)]
    assert lasting[0] == lasting[1]
    assert Run(cut).summary()["metrics"] == Run(whole).summary()["metrics"]


def test_a_picture_of_the_set_that_changes_makes_another_run(
    settings: Settings, data: Path, known: Known, tmp_path: Path
) -> None:
    plan = Plan("retrieval", data, limit=5)
    run(settings, plan, quiet, out=tmp_path / "run")
    for number in range(PICTURES):
        Image.new("RGB", (9, 9), (20 * number,) * 3).save(tmp_path / "images" / f"{number}.png")
    with pytest.raises(BadData):
        run(settings, plan, quiet, out=tmp_path / "run")


@pytest.fixture
def queries(tmp_path: Path, data: Path) -> Path:
    """Three pictures with a query in each language, in a folder without pictures."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    rows = [
        {"image": f"{number}.png", "en": f"query {5 * number}", "zh": f"找 {5 * number + 1}"} for number in (2, 5, 7)
    ]
    return lines(folder, *rows)


@pytest.mark.parametrize("images", ["images", "rows.jsonl"])
def test_queries_search_all_pictures_of_a_folder_or_a_data_file(
    settings: Settings, queries: Path, data: Path, known: Known, images: str
) -> None:
    plan = Plan("retrieval", queries, images=data.parent / images)
    summary = run(settings, plan, quiet)
    records = Run(folder_of(settings) / summary.run).records()
    assert [record.id for record in records] == [f"line-{n}-{lang}" for n in (1, 2, 3) for lang in ("en", "zh")]
    assert {record.details["candidates"] for record in records} == {PICTURES}
    ranks = [naive_rank(known, int(record.prompt.split()[-1])) for record in records]
    assert [record.details["rank"] for record in records] == ranks
    assert summary.metrics["text_to_image_r1_zh"].value == pytest.approx(sum(rank == 1 for rank in ranks[1::2]) / 3)
    assert "image_to_text_any_r1" not in summary.metrics


def naive_rank(known: Known, words: int) -> int:
    cosines = known.pictures @ known.words[words]
    return 1 + sorted(range(PICTURES), key=lambda picture: -cosines[picture]).index(words // CAPTIONS)


def test_a_language_and_the_pictures_are_kept_with_the_run(
    settings: Settings, queries: Path, data: Path, known: Known
) -> None:
    plan = Plan("retrieval", queries, language="zh", images=data.parent / "images")
    folder = folder_of(settings) / run(settings, plan, quiet).run
    assert [record.lang for record in Run(folder).records()] == ["zh"] * 3
    (folder / "samples.jsonl").unlink()
    again = resume(load_settings(preset="scripted"), folder, quiet)
    assert (again.n, len(Run(folder).records())) == (3, 3)
    header = anonymous(Run(folder).header())
    assert command(header).endswith(
        "eval run retrieval --data elsewhere/rows.jsonl --language zh --images " + header.settings["images"]
    )
    assert str(data.parent) not in json.dumps(vars(header))


def test_an_error_of_the_encoder_counts_as_not_found(settings: Settings, data: Path, known: Known) -> None:
    row = {"image": "0.png", "en": "unspeakable"}
    good = {"image": "1.png", "en": f"query {int(np.argmax(known.words @ known.pictures[1]))}"}
    summary = run(settings, Plan("retrieval", lines(data.parent, row, good, name="queries.jsonl")), quiet)
    assert (summary.n, summary.errors, summary.unparsed) == (2, 1, 1)
    assert summary.metrics["text_to_image_r10"].value == 0.5
    assert summary.baselines["chance"]["text_to_image_r1"] == 0.5


def test_runs_are_compared_and_reported(
    settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for seed in range(2):
        monkeypatch.setattr(models, "encoder", lambda *_, seed=seed: Known(seed))
        run(settings, Plan("retrieval", data), quiet, out=tmp_path / f"run-{seed}")
    first, second = (Run(tmp_path / f"run-{seed}") for seed in range(2))
    found = compare(first, second)
    assert (found.n, found.test) == (72, "paired bootstrap")
    page = as_html(build([first, second]))
    for said in ("the encoder", "median_rank_text_to_image (lower is better)", "beside chance", "Caption 16"):
        assert said in page


def refused(folder: Path, *rows: Any) -> str:
    with pytest.raises(BadData) as caught:
        load("retrieval", lines(folder, *rows, name="bad.jsonl"))
    return str(caught.value)


def test_faulty_rows_are_named(data: Path) -> None:
    assert "line 1 has no field 'captions', and no query in 'en' or 'zh'" in refused(data.parent, {"image": "0.png"})
    assert "has both" in refused(data.parent, {"image": "0.png", "captions": ["a"], "zh": "狗"})
    assert "'gone.png' (line 2)" in refused(
        data.parent, {"image": "0.png", "en": "a"}, {"image": "gone.png", "en": "a"}
    )


def test_what_cannot_be_examined_is_refused(settings: Settings, data: Path, known: Known) -> None:
    with pytest.raises(BadSetting, match="examines an encoder"):
        run(settings, Plan("retrieval", data, subject="agent"), quiet)
    with pytest.raises(BadData, match="no samples in 'zh'"):
        run(settings, Plan("retrieval", data, language="zh"), quiet)
    with pytest.raises(BadData, match="There are no pictures"):
        run(settings, Plan("retrieval", data, images=data.parent / "nowhere"), quiet)


def test_an_encoder_that_is_not_here_is_said_at_once(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotPresent):
        run(load_settings(preset="scripted", encoder=str(tmp_path)), Plan("retrieval", data), quiet)


def test_captions_of_coco_are_searched_both_ways(data: Path) -> None:
    images = [{"id": number, "file_name": f"{number}.png"} for number in range(2)]
    annotations = [{"image_id": number % 2, "caption": f"Words {number}"} for number in range(4)]
    path = data.parent / "coco.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations}), encoding="utf-8")
    samples = load("retrieval", path)
    assert [(sample.id, sample.text) for sample in samples[:3]] == [
        ("0-1", "Words 0"),
        ("0-2", "Words 2"),
        ("0-image", ""),
    ]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_encoder("convolutional", tmp_path_factory.mktemp("encoder"))


def test_a_real_encoder_is_examined(real: Path, data: Path, tmp_path: Path) -> None:
    """Random weights, asked for the pictures by the vectors that the encoder itself gives, one picture at a time."""
    settings = load_settings(preset="scripted", encoder=str(real))
    summary = run(settings, Plan("retrieval", data), quiet, out=tmp_path / "run")
    kept = Run(tmp_path / "run")
    pool = models.model_pool(settings)
    encoder = models.encoder(settings, preset_of(settings), pool)
    pictures = np.concatenate(
        [encoder.encode_images([Image.open(data.parent / "images" / f"{n}.png")]) for n in range(12)]
    )
    for record in kept.records():
        if record.kind == "text to image":
            cosines = pictures @ encoder.encode_texts([record.prompt])[0]
            right = int(record.references[0].removesuffix(".png"))
            assert (
                abs(record.details["rank"] - 1 - (cosines > cosines[right]).sum())
                <= (np.abs(cosines - cosines[right]) < 1e-3).sum()
            )
    pool.close()
    assert kept.header().weights == encoder.id
    assert summary.n == 72
