"""Batches, requests at once, workers of Ray: how a run goes about its samples changes no answer and loses none."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from evals.engines import Pace, concurrently, in_company
from evals.formats import load
from evals.records import Run
from evals.runner import Plan, resume, run
from evals.subjects import open_subject
from runtime.errors import BadSetting, MissingDependency
from runtime.settings import Settings, load_settings
from tests.agent.stage import png
from tests.runtime.test_served import Handler
from tests.runtime.tiny import build

PACES = [Pace(batch=1), Pace(batch=4), Pace(batch=32)]
COLOURS = ("red", "green", "blue", "black", "white")
WORDS = ("It is red.", "There is a dog in it, or two.", "Nobody would call this picture anything but blue.")


def quiet(*_: object) -> None:
    """No progress."""


class Killed(BaseException):
    """Stands for a kill between two samples."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Fifteen statements about five pictures, not in order."""
    for colour in COLOURS:
        (tmp_path / f"{colour}.png").write_bytes(png(colour).data)
    rows = [
        {"id": f"{colour}-{number}", "image": f"{colour}.png", "statement": words, "label": colour in words}
        for colour in COLOURS
        for number, words in enumerate(WORDS)
    ]
    random.Random(0).shuffle(rows)
    path = tmp_path / "statements.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the pocket preset's class."""
    return build("fast_vlm", tmp_path_factory.mktemp("fast_vlm"))


@pytest.fixture
def tiny(checkpoint: Path) -> Settings:
    return load_settings(vlm=str(checkpoint), dtype="bfloat16", max_new_tokens=4)


@pytest.fixture
def scripted(tmp_path: Path) -> Settings:
    script = tmp_path / "script.toml"
    script.write_text('[[rule]]\nwhen = "red"\nreply = "Yes."\n\n[[rule]]\nreply = "No."\nconfidence = 0.6\n')
    return load_settings(preset="scripted", script=script)


def said(folder: Path) -> dict[str, tuple[str, float | None]]:
    return {record.id: (record.output, record.confidence) for record in Run(folder).records()}


@pytest.mark.parametrize("pace", PACES, ids=lambda pace: f"batches of {pace.batch}")
def test_a_batch_changes_no_bit(tiny: Settings, data: Path, tmp_path: Path, pace: Pace) -> None:
    whole, part = tmp_path / "whole" / "run", tmp_path / "part" / "run"
    run(tiny, Plan("statement", data), quiet, whole)
    run(tiny, Plan("statement", data), quiet, part, pace=pace)
    assert len({output for output, _ in said(whole).values()}) > 3
    assert said(part) == said(whole)
    assert (part / "summary.json").read_bytes() == (whole / "summary.json").read_bytes()


def test_a_run_killed_anywhere_goes_on_at_another_pace(tiny: Settings, data: Path, tmp_path: Path) -> None:
    draw = random.Random(7)
    whole, cut = tmp_path / "whole" / "run", tmp_path / "cut" / "run"
    run(tiny, Plan("statement", data), quiet, whole)
    counts: list[int] = []
    while len(counts) < 14:
        last = min(14, len(counts) + draw.randrange(1, 5))

        def until(done: int, of: int, _: float, last: int = last) -> None:
            counts.append(done)
            assert of == 15
            if done == last:
                raise Killed

        with pytest.raises(Killed):
            run(tiny, Plan("statement", data), until, cut, pace=draw.choice(PACES))
    resume(tiny, cut, quiet, draw.choice(PACES))
    assert counts == list(range(1, len(counts) + 1))
    assert said(cut) == said(whole)
    assert (cut / "summary.json").read_bytes() == (whole / "summary.json").read_bytes()


def test_no_bit_of_an_agents_answer_depends_on_what_came_before(tiny: Settings, data: Path) -> None:
    asked = [([png(colour).data], words) for colour in COLOURS[:2] for words in WORDS]
    found = []
    for order in (range(6), [5, 2, 2, 0, 4, 1, 3]):
        with open_subject("agent", tiny) as subject:
            answers = {number: subject.answer(*asked[number]) for number in order}
        found.append({n: (a.text, a.confidence, a.error) for n, a in sorted(answers.items())})
    assert found[0] == found[1]
    assert not any(error for *_, error in found[0].values())


def test_what_auto_stood_for_stays(tiny: Settings, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy may find another number format faster: not in the middle of a run."""
    auto = tiny.model_copy(update={"dtype": "auto"})
    fastest = ["bfloat16"]
    monkeypatch.setattr(
        "runtime.hardware.best_dtype", lambda _, wanted, *__: fastest[0] if wanted == "auto" else wanted
    )

    def stop(done: int, *_: object) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        run(auto, Plan("statement", data), stop, tmp_path / "run")
    fastest[0] = "float32"
    run(auto, Plan("statement", data), quiet, tmp_path / "run")
    run(tiny, Plan("statement", data), quiet, tmp_path / "whole")
    assert said(tmp_path / "run") == said(tmp_path / "whole")
    kept = Run(tmp_path / "run").header().settings
    assert (kept["dtype"], kept["computing"]["dtype"], kept["computing"]["device"]) == ("auto", "bfloat16", "cpu")


def test_one_model_here_does_not_take_several_requests(tiny: Settings, data: Path) -> None:
    with pytest.raises(BadSetting, match="in batches"):
        run(tiny, Plan("statement", data), quiet, pace=Pace(concurrency=4))


@given(st.randoms(use_true_random=False))
@trying(max_examples=20, suppress_health_check=list(HealthCheck))
def test_questions_about_a_picture_come_together(data: Path, draw: random.Random) -> None:
    samples = load("statement", data)
    draw.shuffle(samples)
    ordered = in_company(samples)
    assert sorted(sample.id for sample in ordered) == sorted(sample.id for sample in samples)
    pictures = [sample.images[0].key for sample in ordered]
    assert len([1 for one, next_one in pairwise(pictures) if one != next_one]) == len(COLOURS) - 1
    assert all(len(a.text) <= len(b.text) for a, b in pairwise(ordered) if a.images == b.images)


class Asked(Handler):
    """Says yes to what names red, and fails at what names a dog; `before` is called first."""

    before: Callable[[], object] = staticmethod(lambda: None)

    def prepare(self, body: dict[str, Any]) -> None:
        text = body["messages"][0]["content"][-1]["text"]
        self.before()
        self.reply, self.status = "Yes." if "red" in text else "No.", 404 if "dog" in text else 200


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[type[Asked], Settings]]:
    handler = type("OneAsked", (Asked,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield handler, load_settings(vlm_url=f"http://127.0.0.1:{http.server_port}/v1", vlm="m")
        http.shutdown()
        thread.join()


def test_several_requests_are_under_way_at_once(
    server: tuple[type[Asked], Settings], data: Path, tmp_path: Path
) -> None:
    """No request is answered before five are there, and the answers are those of one at a time."""
    handler, settings = server
    run(settings, Plan("statement", data), quiet, tmp_path / "one" / "run")
    five = threading.Barrier(5, timeout=60)
    handler.before = staticmethod(five.wait)
    run(settings, Plan("statement", data), quiet, tmp_path / "five" / "run", pace=Pace(concurrency=5))
    assert said(tmp_path / "five" / "run") == said(tmp_path / "one" / "run")
    summaries = [(tmp_path / name / "run" / "summary.json").read_bytes() for name in ("one", "five")]
    assert summaries[0] == summaries[1]


def test_an_error_of_the_server_is_its_own_samples(
    server: tuple[type[Asked], Settings], data: Path, tmp_path: Path
) -> None:
    _, settings = server
    done = run(settings, Plan("statement", data), quiet, tmp_path, pace=Pace(concurrency=5))
    assert (done.n, done.errors) == (15, 5)
    failed = {record.id for record in Run(tmp_path).records() if "no such model" in record.error}
    assert failed == {f"{colour}-1" for colour in COLOURS}


def test_stopping_waits_for_no_server_and_loses_nothing(
    server: tuple[type[Asked], Settings], data: Path, tmp_path: Path
) -> None:
    handler, settings = server
    folder = tmp_path / "run"
    hang = threading.Event()
    handler.before = staticmethod(lambda: len(handler.asked) < 5 or hang.wait())

    def stop(done: int, *_: object) -> None:
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        run(settings, Plan("statement", data), stop, folder, pace=Pace(concurrency=3))
    assert not hang.is_set()
    assert len(Run(folder).records()) == 4
    hang.set()
    assert resume(settings, folder, quiet, Pace(concurrency=3)).n == 15


def test_what_work_raises_ends_the_iteration() -> None:
    with pytest.raises(ZeroDivisionError):
        list(concurrently(lambda number: 1 / number, [2, 1, 0, 1], 2))
    assert sorted(concurrently(str, range(20), 4)) == sorted(map(str, range(20)))


def test_ray_that_is_not_there_is_told(scripted: Settings, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependency, match="ray") as caught:
        run(scripted, Plan("statement", data), quiet, pace=Pace(engine="ray"))
    assert "vistalk[ray]" in caught.value.hint
