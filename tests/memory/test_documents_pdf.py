from __future__ import annotations

import logging
from pathlib import Path

import pytest

from memory.documents import pdf
from memory.documents.pages import Bookmark, lay_out
from memory.documents.parts import Part
from memory.documents.read import read_document
from runtime.errors import DocumentRejected
from tests.memory.papers import FONT, page_of, paper, pdf_of, scan, stream

FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<<%b>>"


def parts_of(data: bytes) -> list[Part]:
    return read_document(Path("manual.PDF"), data)


def rejected(data: bytes) -> DocumentRejected:
    with pytest.raises(DocumentRejected) as caught:
        parts_of(data)
    return caught.value


def test_pages_are_counted_from_one() -> None:
    assert parts_of(paper("One (1) \\ page.\nOf two lines.", "", "Three – €5.")) == [
        Part("", 1, "One (1) \\ page.\nOf two lines."),
        Part("", 3, "Three – €5."),
    ]


def test_bookmarks_are_headings() -> None:
    data = paper(
        "Contract\n1 Returns\nWithin thirty days.\nElectronics\nUnopened only.",
        "Still electronics.\nDELIVERY\nBy post.",
        bookmarks=[(1, "Returns"), (1, " Electronics"), (2, "Delivery")],
    )
    assert parts_of(data) == [
        Part("", 1, "Contract"),
        Part("Returns", 1, "Within thirty days."),
        Part("Returns › Electronics", 1, "Unopened only."),
        Part("Returns › Electronics", 2, "Still electronics."),
        Part("Delivery", 2, "By post."),
    ]


def test_a_bookmark_without_its_line_takes_effect_at_the_end_of_its_page() -> None:
    assert lay_out(["One.", "Two."], {1: [Bookmark(1, "Elsewhere")]}) == [
        Part("", 1, "One."),
        Part("Elsewhere", 2, "Two."),
    ]


def test_numbered_sections() -> None:
    text = """1.1 Water ........ 3
1.2 Milk 4
1.1 Water
Use 1.5 litres, or
2.5 Bars of pressure is too much.
1.3 Milk
Cold.
1.9 Not the next
1.4 and so on
1.4.1 Foam: oat
Foam."""
    assert [(part.heading, part.text) for part in lay_out([text], {})] == [
        ("", "1.1 Water ........ 3\n1.2 Milk 4"),
        ("1.1 Water", "Use 1.5 litres, or\n2.5 Bars of pressure is too much."),
        ("1.3 Milk", "Cold.\n1.9 Not the next\n1.4 and so on"),
        ("1.3 Milk › 1.4.1 Foam: oat", "Foam."),
    ]


def test_running_lines_are_left_out() -> None:
    pages = [f"Manual\nText {n}{n}.\nPage {n} of 4" for n in range(1, 5)]
    assert [part.text for part in lay_out(pages, {})] == ["Text 11.", "Text 22.", "Text 33.", "Text 44."]
    assert [part.text for part in lay_out(pages[:2], {})] == pages[:2]
    chapters = [f"Body {'abcdefgh'[n]}.\n{n} Chapter {'xy'[n // 4]}" for n in range(8)]
    assert [part.text for part in lay_out(chapters, {})] == [f"Body {letter}." for letter in "abcdefgh"]


def test_a_sentence_belongs_to_the_page_that_it_begins_on() -> None:
    assert lay_out(["Hold the key until\na tone", "sounds twice. Then\nlet go.", "Done."], {}) == [
        Part("", 1, "Hold the key until\na tone\nsounds twice."),
        Part("", 2, "Then\nlet go."),
        Part("", 3, "Done."),
    ]
    assert [part.text for part in lay_out(["One", "", "and no end"], {})] == ["One", "and no end"]


def test_a_document_that_needs_no_password_is_read() -> None:
    assert parts_of(paper("For all.", password="")) == [Part("", 1, "For all.")]


def test_rejections() -> None:
    locked = rejected(paper("Secret.", password="key"))  # noqa: S106
    assert locked.message == '"manual.PDF" is locked with a password.'
    scanned = rejected(scan(2))
    assert scanned.message == '"manual.PDF" has no text; its pages are pictures.'
    assert rejected(paper("", "")).reason == "no_text"
    assert rejected(b"Not a PDF").reason == "damaged"
    assert rejected(pdf_of([b"<</Type/Catalog>>"])).reason == "damaged"


def test_a_truncated_document_is_read_or_damaged() -> None:
    whole = paper("First page.", "Second page.")
    assert rejected(whole[: len(whole) // 3]).reason == "damaged"


def test_pages_and_characters_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%b]/Count %d>>" % (b"3 0 R " * (pdf.MAX_PAGES + 1), pdf.MAX_PAGES + 1),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>",
        ]
    )
    assert rejected(bomb).message == '"manual.PDF" has more than 2,000 pages, the most that is read.'
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 20)
    assert len(parts_of(paper("x" * 8, "x" * 8))) == 2
    assert rejected(paper("x" * 8, "x" * 14)).reason == "too_long"


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_SECONDS", -1.0)
    assert rejected(paper("x")).reason == "too_slow"


def test_a_stream_that_unpacks_without_end_is_given_up() -> None:
    flood = stream(b"BT /F 12 Tf " + b"(ha) Tj " * 4_000_000 + b"ET")
    assert len(flood) < 100_000
    data = pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[4 0 R]/Count 1>>", FONT, page_of(5), flood])
    assert rejected(data).reason == "too_slow"


def test_forms_in_forms_are_bounded() -> None:
    """Ten forms, each of which shows the next ten times, would be ten milliards of words."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[4 0 R]/Count 1>>", FONT]
    objects += [page_of(5, b"/XObject<</X 6 0 R>>"), stream(b"/X Do")]
    objects += [stream(b"/X Do " * 10, FORM % (b"/XObject<</X %d 0 R>>" % (number + 7))) for number in range(10)]
    objects += [stream(b"BT /F 12 Tf (ha) Tj ET", FORM % b"/Font<</F 3 0 R>>")]
    try:
        parts = parts_of(pdf_of(objects))
    except DocumentRejected:
        return
    assert sum(len(part.text) for part in parts) < 5_000


def test_the_terminal_is_not_told_of_oddities(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        parts_of(paper("Text.").replace(b"startxref\n", b"startxref\n9"))
    assert caplog.records == []
