"""What training reads: the questions made by rule, the sources' rows, and what is kept for measuring."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

from runtime.pocket.training import augment, heldout
from runtime.pocket.training.data import brief, claim, read, sentence
from runtime.pocket.training.questions import about_captions, about_name

DOGS = [
    "Two brown dogs run on the beach .",
    "Two dogs are running along a beach .",
    "A pair of brown dogs play with a ball on the beach",
    "Dogs chase a red ball",
    "Two brown dogs and a red ball .",
]
MAN = [
    "A man rides a bike .",
    "A man on a red bicycle .",
    "A man with a helmet rides his bike .",
    "A cyclist .",
    "A man .",
]


def questions(*captions: list[str]) -> list[dict[str, str]]:
    return [dict(pairs) for pairs in about_captions(captions, seed="x")]


def test_questions_are_made_of_what_captions_agree_on() -> None:
    dogs, man = questions(DOGS, MAN)
    assert dogs["What color is the dog?"] == "brown"
    assert dogs["What color is the ball?"] == "red"
    assert dogs["How many dogs are there?"] == "2"
    assert {dogs.get("Where is this?"), dogs.get("Where was this photo taken?")} >= {"beach"}
    assert "man" in man.values()
    assert man["Is there a person in the picture?"] == "yes"
    assert "What color is the bicycle?" not in man, "one caption alone names a colour"


def test_yes_and_no_are_asked_equally_and_no_is_never_said_of_what_a_caption_names() -> None:
    many = list(about_captions([DOGS, MAN] * 200, seed="y"))
    presence = [
        (number % 2, question, answer)
        for number, pairs in enumerate(many)
        for question, answer in pairs
        if "person" not in question and answer in ("yes", "no")
    ]
    counts = Counter(answer for _, _, answer in presence)
    assert counts["yes"] == counts["no"]
    named = (("dog", "ball"), ("bicycle", "helmet"))
    assert not [q for which, q, answer in presence if answer == "no" and any(thing in q for thing in named[which])]


def test_a_named_thing_is_asked_about_and_mistaken() -> None:
    chance = random.Random(0)
    asked = [pair for _ in range(200) for pair in about_name("apple", "fruit", ["apple", "pear", "orange"], chance)]
    answers = Counter(answer for question, answer, _ in asked if question.startswith("Is this"))
    assert answers["yes"] == pytest.approx(100, abs=30)
    assert all("apple" not in question for question, answer, _ in asked if answer == "no")
    assert {question for question, answer, _ in asked if answer == "apple"} == {"What is this?", "What fruit is this?"}


def test_words_are_put_in_one_shape() -> None:
    assert sentence(" two dogs .") == "Two dogs."
    assert brief("what is on the desk ?") == "What is on the desk? Answer briefly."
    assert claim("The cat is big.") == "Is this true? The cat is big. Answer briefly."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two sources in the layout of the real ones."""
    folder = tmp_path / "data"
    (folder / "vqav2/images").mkdir(parents=True)
    (folder / "nlvr/images").mkdir(parents=True)
    names = [f"COCO_{number}.webp" for number in range(60)]
    answers = ["yes"] * 6 + ["no"] * 4
    rows = [{"image": name, "question": f"Is {n} to the left?", "answers": answers} for n, name in enumerate(names)]
    _write(folder / "vqav2/train.jsonl", rows)
    _write(folder / "vqav2/vsr_train.jsonl", [{"image": n, "statement": "A cat sits.", "label": 1} for n in names])
    drawn = [{"image": f"{n}.webp", "statement": "x", "label": n % 2 == 0, "identifier": f"{n}-1"} for n in range(60)]
    _write(folder / "nlvr/dev.jsonl", drawn)
    return folder


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_no_picture_that_is_measured_on_is_trained_on(data: Path, tmp_path: Path) -> None:
    sources = read(data)
    files = heldout.write(data, tmp_path / "held-out")
    assert [file.parent.name for file in files] == ["vqa", "vsr", "nlvr"]
    for file, source in zip(files, ("vqav2", "vsr", "nlvr"), strict=True):
        kept = {json.loads(line)["image"] for line in file.read_text().splitlines()}
        trained = {example.picture.name for example in sources[source] if example.picture}
        assert kept, source
        assert trained, source
        assert not kept & trained
        assert len(kept | trained) == 60
        assert (file.parent / "images").resolve() == data / ("nlvr" if source == "nlvr" else "vqav2") / "images"


def test_what_is_asked_decides_how_a_picture_may_be_changed(data: Path) -> None:
    sources = read(data)
    assert not any(example.mirror for example in sources["vqav2"]), "they ask for left"
    assert all(example.mirror and not example.geometry for example in sources["vsr"])
    assert sources["vqav2"][0].pairs[0][1] == "Yes."


def test_sources_can_be_left_out(data: Path) -> None:
    assert {name for name in read(data, without=("vqav2",)) if name != "easy-vqa"} == {"nlvr"}


def test_training_pictures_are_seeded_and_spoiled_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.effect_noise((80, 60), 60).convert("RGB").save(path)

    def load(seed: int) -> object:
        return augment.load(path, 64, random.Random(seed), crop=True, mirror=True)

    pictures = [load(seed) for seed in range(40)]
    assert all((picture == again).all() for picture, again in zip(pictures, map(load, range(40)), strict=True))  # type: ignore[attr-defined]
    plain = augment.load(path, 64, random.Random(1), crop=False, mirror=False)
    assert plain.shape == (3, 64, 64)
    assert abs(float(plain.mean())) < 1.0
