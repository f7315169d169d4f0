"""The library page in Streamlit's own test harness: pictures and passages are found and looked at."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui import shelves
from tests.ui.harness import EN, add, captions, desk, dismissed, indexed, view
from ui.librarian import Indexing

SAID = EN.library
MAY, JUNE = 1_714_560_000, 1_717_240_000


def names(page: AppTest) -> list[str]:
    """The pictures of the grid, in order."""
    assert not page.exception
    return [button.label.replace("\\", "") for button in page.button if button.key and button.key.startswith("look-")]


def open_first(page: AppTest, name: str) -> AppTest:
    next(button for button in page.button if button.label.replace("\\", "") == name).click()
    return page.run()


def written(page: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for kind in ("markdown", "caption") for text in page.get(kind))


def test_pictures_are_shown_newest_first_a_page_at_a_time(
    library: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.library.pictures.PAGE", 3)
    for number, colour in enumerate(shelves.PAINTS):
        os.utime(folder / f"{colour}.png", (MAY + number, MAY + number))
    dismissed(add(library, folder))
    view(library, "pictures")
    assert names(library) == ["yellow.png", "blue.png", "green.png"]
    more = library.button(key="more")
    assert more.label == SAID["more_of"].format(n="3", total="4")
    more.click().run()
    assert names(library) == ["yellow.png", "blue.png", "green.png", "red.png"]
    assert "more" not in [button.key for button in library.button]


def test_pictures_are_found_by_words(filled: AppTest) -> None:
    filled.text_input(key="words").set_value("something red").run()
    assert names(filled)[0] == "red.png"
    assert any(line.startswith("similarity 1.00") for line in captions(filled))
    filled.text_input(key="words").set_value("  ").run()
    assert not any(line.startswith("similarity") for line in captions(filled))


@pytest.mark.parametrize("words", ["🐕🐕", "'\"); DROP TABLE files;--", "*"])
def test_odd_words_find_something_or_nothing_and_break_nothing(filled: AppTest, words: str) -> None:
    filled.text_input(key="words").set_value(words).run()
    assert not filled.error
    assert len(names(filled)) == 4


def test_too_many_words_are_refused(filled: AppTest) -> None:
    words = "x" * (desk().librarian.settings.max_question_chars + 1)
    filled.text_input(key="words").set_value(words).run()
    assert f"{len(words):,} characters" in filled.error[0].value
    view(filled, "documents").text_input(key="question").set_value(words).run()
    assert f"{len(words):,} characters" in filled.error[0].value


def test_a_dropped_picture_finds_its_like(filled: AppTest, tmp_path: Path) -> None:
    dropped = shelves.paint(tmp_path / "dropped.png", "blue")
    filled.file_uploader[0].set_value(("dropped.png", dropped.read_bytes(), "image/png")).run()
    assert names(filled)[0] == "blue.png"
    assert SAID["like"] in captions(filled)


def test_a_dropped_file_that_is_no_picture_is_refused(filled: AppTest) -> None:
    filled.file_uploader[0].set_value(("notes.png", b"not a picture", "image/png")).run()
    assert "notes.png" in filled.error[0].value.replace("\\", "")
    assert names(filled) == []


def test_filters_narrow_the_grid_and_the_search(library: AppTest, folder: Path, tmp_path: Path) -> None:
    other = shelves.paint(tmp_path / "other" / "crimson.png", "red").parent
    for colour, moment in (("red", MAY), ("green", JUNE), ("blue", JUNE), ("yellow", JUNE)):
        os.utime(folder / f"{colour}.png", (moment, moment))
    dismissed(add(library, folder))
    dismissed(add(library, other))
    view(library, "pictures").selectbox(key="in").set_value(other).run()
    assert names(library) == ["crimson.png"]
    library.text_input(key="words").set_value("green").run()
    assert names(library) == ["crimson.png"]
    library.button(key="unfilter").click().run()
    library.date_input(key="since").set_value(date(2024, 4, 30))
    library.date_input(key="until").set_value(date(2024, 5, 2)).run()
    assert names(library) == ["red.png"]
    library.date_input(key="until").set_value(date(2024, 4, 30)).run()
    assert SAID["nothing_here"] in [info.value for info in library.info]


def test_a_picture_opens_with_all_that_is_known_of_it(filled: AppTest, folder: Path) -> None:
    open_first(filled, "red.png")
    assert "Ember — a red mug" in written(filled)
    assert str(folder / "red.png") in written(filled)
    assert "40 × 40" in written(filled)


def test_a_file_that_vanished_is_shown_as_such(filled: AppTest, folder: Path) -> None:
    (folder / "red.png").unlink()
    filled.run()
    assert [line for line in captions(filled) if SAID["missing"] in line]
    open_first(filled, "red.png")
    assert [error.value for error in filled.error] == [SAID["file_gone"]]


def test_passages_are_found_and_shown_as_they_stand(library: AppTest, folder: Path) -> None:
    attack = '![a](https://example.org/i.png) <img src="https://example.org/j.png"> **bold** :red[x]'
    (folder / "rules.md").unlink()
    (folder / "rules.txt").write_text(f"Thirty days. {attack}\n", encoding="utf-8")
    dismissed(add(library, folder))
    view(library, "documents").text_input(key="question").set_value("thirty").run()
    [passage] = library.text
    assert attack in passage.value
    assert "1. rules.txt" in written(library)
    assert "example.org" not in written(library)
    assert "no. 1 by meaning · no. 1 by words" in written(library)


def test_what_is_not_there_yet_is_said(library: AppTest, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    dismissed(add(library, empty))
    for name, sentence in (("pictures", "no_pictures"), ("duplicates", "no_pictures"), ("documents", "no_documents")):
        assert [info.value for info in view(library, name).info] == [SAID[sentence]]


def test_duplicates_are_grouped_the_largest_group_first(library: AppTest, folder: Path) -> None:
    for number in range(2):
        shelves.paint(folder / f"red{number}.png", "red", side=50 + number)
    shelves.paint(folder / "green0.png", "green", side=50)
    dismissed(add(library, folder))
    view(library, "duplicates").button(key="seek").click().run()
    assert names(library) == ["red1.png", "red0.png", "red.png", "green0.png", "green.png"]
    for number in range(2):
        (folder / f"red{number}.png").unlink()
    (folder / "green0.png").unlink()
    desk().indexer.start(Indexing())
    dismissed(indexed(library))
    library.button(key="seek").click().run()
    assert [info.value for info in library.info] == [SAID["no_duplicates"]]
