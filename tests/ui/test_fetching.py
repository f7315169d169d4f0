"""Models that are fetched in a thread of their own."""

from __future__ import annotations

import threading

import pytest

from runtime.errors import ModelNotPresent
from runtime.models import Part, Progress
from runtime.presets import Preset
from runtime.settings import Settings, load_settings
from tests.ui.harness import LONGEST
from ui import fetching
from ui.fetching import Fetcher
from ui.settings.downloading import named


class Hub:
    """Stands for the hub: says when a part is begun, and goes on when it is let."""

    def __init__(self) -> None:
        self.here: list[Part] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def pull(self, _: Settings, preset: Preset, progress: Progress, part: Part) -> None:
        progress(f"fetching {preset.name} {part}", 0.5)
        self.begun.set()
        assert self.go.wait(LONGEST)
        progress("done", 1.0)
        self.here.append(part)

    def present(self, _: Settings, __: Preset, part: Part) -> None:
        if part not in self.here:
            raise ModelNotPresent


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(fetching, "present", hub.present)
    return hub


def test_what_is_fetched_is_said_without_english() -> None:
    assert named("fetching HuggingFaceTB/SmolVLM2: 1.2 GB of 2.0 GB") == "HuggingFaceTB/SmolVLM2: 1.2 GB / 2.0 GB"


def test_all_that_is_not_here_is_fetched_and_weighed(hub: Hub) -> None:
    hub.here = ["encoder"]
    fetcher = Fetcher(hub.pull)
    assert fetcher.start(load_settings(), "laptop")
    assert not fetcher.start(load_settings(), "workstation"), "one at a time"
    assert (run := fetcher.run)
    assert hub.begun.wait(LONGEST)
    assert (run.over, run.came, run.doing) == (False, False, "fetching laptop vlm")
    assert run.done == pytest.approx(0.5 * 2.0 / 5.7)
    fetcher.dismiss()
    assert fetcher.run is run, "it is under way"
    hub.go.set()
    assert run.wait(LONGEST)
    assert run.came
    assert run.done == pytest.approx(1.0)
    assert hub.here == ["encoder", "vlm", "passage_encoder", "generator"]
    fetcher.dismiss()
    assert fetcher.run is None


def test_one_that_is_stopped_says_so(hub: Hub) -> None:
    fetcher = Fetcher(hub.pull)
    fetcher.start(load_settings(), "laptop")
    assert (run := fetcher.run)
    assert hub.begun.wait(LONGEST)
    fetcher.end()
    hub.go.set()
    assert run.wait(LONGEST)
    assert (run.stopped, run.came, run.failure, hub.here) == (True, False, None, [])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelNotPresent("No hub."), "No hub."),
        (RuntimeError("odd"), "Something unexpected happened: RuntimeError."),
    ],
)
def test_one_that_fails_says_why(hub: Hub, error: Exception, said: str) -> None:
    def fails(*_: object) -> None:
        raise error

    fetcher = Fetcher(fails)
    fetcher.start(load_settings(), "laptop")
    assert (run := fetcher.run)
    assert run.wait(LONGEST)
    assert run.failure
    assert run.failure.message == said
    assert not run.came
