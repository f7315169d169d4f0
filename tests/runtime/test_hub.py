"""How a download tells of its bytes, with the progress bars that the hub's own client makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.utils.tqdm import _create_progress_bar

from runtime.errors import Cancelled, ModelNotPresent
from runtime.hub import download


def client(bars: list[Any]) -> Any:
    """Stands for `snapshot_download`: two files of 1 and 3 MB, whose sizes become known one after the other."""

    def snapshot_download(repository: str, tqdm_class: Any, **_: Any) -> str:
        shared: dict[str, Any] = {"cls": tqdm_class, "log_level": 30, "total": 0, "unit": "B", "unit_scale": True}
        network = _create_progress_bar(**shared, desc="Downloading bytes")
        written = _create_progress_bar(**shared, desc="Reconstructing (incomplete total...)")
        bars.extend((network, written))
        for size in (1_000_000, 3_000_000):
            for bar in (network, written):
                bar.total = (bar.total or 0) + size
                bar.refresh()
                bar.update(size)
        written.set_description("Reconstruction complete")
        return f"/{repository}"

    return snapshot_download


def test_bytes_are_told_and_nothing_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", client([]))
    steps: list[tuple[str, float]] = []
    assert download("a/b", ["*"], lambda what, done: steps.append((what, done))) == Path("/a/b")
    assert steps == [
        ("fetching a/b", 0.0),
        ("fetching a/b: 1 MB of 1 MB", 1.0),
        ("fetching a/b: 4 MB of 4 MB", 1.0),
    ]
    assert capfd.readouterr() == ("", "")


def test_who_is_told_may_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str, done: float) -> None:
        if done:
            raise Cancelled

    bars: list[Any] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", client(bars))
    with pytest.raises(Cancelled):
        download("a/b", ["*"], refuse)
    assert bars[1].total == 1_000_000, "the second file was not begun"


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> str:
        raise OSError("No route.\nMore of that.")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", nobody)
    with pytest.raises(ModelNotPresent) as caught:
        download("a/b", ["*"], lambda *_: None)
    assert caught.value.message == "The model a/b could not be fetched: No route."
