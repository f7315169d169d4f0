"""The library page in Streamlit's own test harness: folders are added, indexed and taken out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from memory.decode import _REJECTIONS as IMAGES
from memory.documents.read import _REJECTIONS as DOCUMENTS
from memory.library.records import CAUSES, Failure, Outcome, Progress
from runtime.errors import ModelNotPresent
from tests.ui import shelves
from tests.ui.harness import EN, LIBRARY_PAGE, LONGEST, add, buttons, captions, desk, dismissed, indexed, view
from ui import librarian
from ui.desk import open_desk
from ui.language import texts
from ui.librarian import Indexing
from ui.library.watching import causes, why
from ui.safe import literal

SAID = EN.library


def shown(page: AppTest) -> str:
    """All that is written on the page."""
    assert not page.exception
    return "\n".join(text.value for kind in ("markdown", "text", "caption", "info", "error") for text in page.get(kind))


def again() -> AppTest:
    """The page as another tab opens it."""
    return AppTest.from_string(LIBRARY_PAGE, default_timeout=LONGEST).run()


def test_an_empty_library_says_how_to_begin(library: AppTest) -> None:
    assert library.header[0].value == SAID["title"]
    assert SAID["empty_explained"] in shown(library)
    assert buttons(library) == [SAID["add"]]
    assert not library.segmented_control


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("  ", "no_path"),
        ("Pictures", "not_whole"),
        ("{tmp}/nowhere", "not_there"),
        ("~nobody/pictures", "not_there"),
        ("/" + "x" * 5000, "not_there"),
        ("{tmp}/script.toml", "no_folder"),
        ("{tmp}/home", "own_data"),
        ("{tmp}/home/images", "own_data"),
        ("{tmp}/link", "own_data"),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_reason(
    library: AppTest, tmp_path: Path, typed: str, fault: str
) -> None:
    (tmp_path / "home" / "images").mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(tmp_path / "home", target_is_directory=True)
    add(library, typed.format(tmp=tmp_path))
    assert not library.exception
    assert SAID[fault].partition("{path}")[2] in library.error[0].value
    assert desk().indexer.run is None


def test_a_folder_is_added_and_shown(library: AppTest, folder: Path) -> None:
    add(library, f'"{folder}"')
    assert SAID["finished"] in shown(library)
    assert "5 of 5 files" in shown(library)
    assert "new 5" in shown(library)
    assert "Pictures 4 · Documents 1 · Passages 2" in captions(dismissed(library))[0]
    assert SAID["finished"] not in shown(library)
    view(library, "folders")
    assert f"**{literal(str(folder))}**" in [text.value for text in library.markdown]
    assert "Pictures 4 · Documents 1" in captions(library)


def test_what_fails_is_listed_with_the_reason(library: AppTest, folder: Path) -> None:
    (folder / "empty.png").write_bytes(b"")
    add(library, folder)
    assert "failed 1" in shown(library)
    [failures] = library.expander
    assert failures.label == SAID["failures"].format(n="1")
    assert "empty\\.png" in failures.markdown[0].value
    assert "is empty" in failures.markdown[0].value


def test_every_cause_of_a_failure_is_known_and_has_chinese_words() -> None:
    assert set(causes("zh")) == CAUSES >= {*IMAGES, *DOCUMENTS}
    failure = Failure("a.png", "a.png is empty.", "empty")
    assert (why(failure, "en"), why(failure, "zh")) == ("a.png is empty.", "文件是空的。（a.png is empty.）")


def test_what_changed_on_disk_is_noticed(filled: AppTest, folder: Path) -> None:
    (folder / "red.png").unlink()
    shelves.paint(folder / "more.png", "red")
    view(filled, "folders").button(key="again-0").click().run()
    assert "new 1 · unchanged 4 · removed 1" in shown(indexed(filled))


def test_indexing_goes_on_when_the_page_is_left_and_is_found_again(
    chat: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(LONGEST)

    shelves.install(monkeypatch, wait)
    page = again()
    page.text_input(key="path").set_value(str(folder))
    page.button[0].click().run()
    assert begun.wait(LONGEST)
    assert page.button(key="stop").label == EN.stop
    chat.run()
    other = again()
    assert other.button(key="stop").label == EN.stop
    assert not desk().indexer.start(Indexing())
    go_on.set()
    assert "new 5" in shown(indexed(other))
    assert "new 5" in shown(page.run())


def test_progress_tells_how_fast_it_goes_and_how_long_the_rest_takes(
    filled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 110.0])
    reported, go_on = threading.Event(), threading.Event()

    def run(_: Indexing, __: object, report: Callable[[Progress], None], ___: object) -> Outcome:
        report(Progress(400, 1000, 0, 0, 400, 0, 0, ""))
        report(Progress(500, 1000, 97, 0, 400, 0, 3, "/photos/*a*.png"))
        reported.set()
        assert go_on.wait(LONGEST)
        return Outcome(500, 1000, 97, 0, 400, 0, 3, (), 10, cancelled=False)

    monkeypatch.setattr("ui.library.indexing.monotonic", lambda: next(clock))
    monkeypatch.setattr(Indexing, "run", run)
    desk().indexer.start(Indexing())
    assert reported.wait(LONGEST)
    filled.run()
    [bar] = filled.get("progress")
    assert (bar.proto.value, bar.proto.text) == (50, "500 of 1,000 files · 10.0 a second · about 50 s left")
    assert "new 97 · unchanged 400 · failed 3 · \\/photos\\/\\*a\\*\\.png" in captions(filled)
    assert filled.segmented_control
    go_on.set()
    assert "500 of 1,000 files · 10 s · new 97 · unchanged 400 · failed 3" in shown(indexed(filled))


@pytest.mark.parametrize(("seconds", "words"), [(89, "89 s"), (90, "2 min"), (3600, "60 min"), (9000, "2.5 h")])
def test_how_long_it_took(filled: AppTest, monkeypatch: pytest.MonkeyPatch, seconds: float, words: str) -> None:
    outcome = Outcome(1, 1, 0, 0, 1, 0, 0, (), seconds, cancelled=False)
    monkeypatch.setattr(Indexing, "run", lambda *_: outcome)
    desk().indexer.start(Indexing())
    assert f"1 of 1 files · {words} · unchanged 1" in shown(indexed(filled))


def test_stop_keeps_what_is_done(chat: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(LONGEST)

    shelves.install(monkeypatch, wait)
    page = again()
    page.text_input(key="path").set_value(str(folder))
    page.button[0].click().run()
    assert begun.wait(LONGEST)
    page.button(key="stop").click().run()
    go_on.set()
    assert SAID["cancelled"] in shown(indexed(page))


def test_closing_stops_the_indexing(library: AppTest, folder: Path) -> None:
    indexer = desk().indexer
    indexer.start(Indexing(paths=(folder,)))
    run = indexer.run
    open_desk.clear()
    assert run is not None
    assert run.over


def test_removing_a_folder_asks_first_and_leaves_its_files(filled: AppTest, folder: Path) -> None:
    view(filled, "folders").button(key="remove-0").click().run()
    assert SAID["remove_explained"] in shown(filled)
    filled.button(key="remove-keep").click().run()
    assert desk().librarian.library.count() == 4
    filled.button(key="remove-0").click().run()
    filled.button(key="remove-confirm").click().run()
    assert SAID["empty_explained"] in shown(filled)
    assert desk().librarian.library.count() == 0
    assert (folder / "red.png").is_file()


def test_another_encoder_is_named_and_all_is_indexed_again_on_request(
    filled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves.Colours, "id", "other colours")
    filled.text_input(key="words").set_value("red").run()
    assert "indexed by another encoder (colours) than other colours" in filled.error[0].value.replace("\\", "")
    filled.button(key="anew-encoder_changed").click().run()
    indexed(filled)
    assert not filled.error
    assert desk().librarian.library.stats().encoder == "other colours"


def test_a_model_that_is_not_there_is_named_with_the_command(
    library: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ModelNotPresent("The pocket encoder is not there.", hint="Do it with `vistalk models pull pocket`.")

    monkeypatch.setattr(librarian, "encoder", missing)
    add(library, folder)
    assert "The pocket encoder is not there." in library.error[0].value
    assert "`vistalk models pull pocket`" in library.error[0].value


def test_what_was_not_foreseen_is_said(library: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(librarian, "encoder", broken)
    add(library, folder)
    assert "ZeroDivisionError" in library.error[0].value
    assert SAID["empty_explained"] in shown(dismissed(library))


def test_chinese(library: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    library.run()
    assert library.header[0].value == texts("zh").library["title"]
