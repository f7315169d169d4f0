"""What every kind of document has in common, and plain text."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from memory.documents import markdown, parts, pdf, read
from memory.documents.parts import Outline, Part
from memory.documents.read import SUFFIXES, read_document
from runtime.errors import DocumentRejected

CHINESE = "退货期限是三十天。商品必须未拆封，并附上发票。"
GERMAN = "Rückgabe: Größe ändern, Müller fährt über Köln, das kostet 5 \u20ac."


def text_of(data: bytes, name: str = "a.txt") -> str:
    return "\n\n".join(part.text for part in read_document(Path(name), data))


def rejected(name: str, data: bytes) -> DocumentRejected:
    with pytest.raises(DocumentRejected) as caught:
        read_document(Path("/secret/folder") / name, data)
    return caught.value


@pytest.mark.parametrize("text", ["Plain ASCII.", GERMAN, CHINESE, "日本語と中文と English 🐈", "Ελληνικά, русский"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode(text: str, encoding: str) -> None:
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str) -> None:
    assert text_of(GERMAN.encode(encoding)) == GERMAN


def test_chinese_and_western_encodings_are_told_apart() -> None:
    assert text_of(CHINESE.encode("gb18030")) == CHINESE
    assert text_of(GERMAN.encode("cp1252")) == GERMAN
    assert text_of("café crème, déjà vu, où, façade".encode("latin-1")) == "café crème, déjà vu, où, façade"
    assert text_of("Price £5 \x81.".encode("latin-1")) == "Price £5 ."  # a byte that no code page has


def test_lines_and_what_is_not_shown() -> None:
    assert (
        text_of("one  \r\ntwo\rthree\u2028four\n\n\n\n\nfive\x0csix".encode()) == "one\ntwo\nthree\nfour\n\nfive\nsix"
    )
    assert (
        text_of("re\u00adturn re\u00ad\nfund \u202egnp\u202c a\u200bb \ufeffc\ufffe\x07".encode())
        == "return refund gnp ab c"
    )
    assert text_of("a\u200d🐈".encode()) == "a\u200d🐈"


def test_a_plain_text_is_one_part() -> None:
    assert read_document(Path("A.TXT"), b"# no heading\n\ntext") == [Part("", None, "# no heading\n\ntext")]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.docx", b"text", "unknown_format"),
        ("a", b"text", "unknown_format"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t\n ", "no_text"),
        ("a.txt", codecs.BOM_UTF8, "no_text"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0", "binary"),
        ("a.md", bytes(range(1, 9)) * 20, "binary"),
        ("a.html", b"<p>\0\0\0", "binary"),
        ("a.txt", codecs.BOM_UTF16_LE + b"a", "damaged"),
        ("a.txt", codecs.BOM_UTF8 + b"\xff\xff", "damaged"),
    ],
)
def test_rejections(name: str, data: bytes, reason: str) -> None:
    assert rejected(name, data).reason == reason


def test_a_rejection_names_the_file_and_not_its_folder() -> None:
    error = rejected("my\nnotes.txt", b"")
    assert error.message == '"my notes.txt" is empty.'
    assert error.hint == "Check that it was saved."
    assert error.code == "document_rejected"


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_BYTES", 5)
    assert rejected("a.txt", b"123456").reason == "too_many_bytes"
    monkeypatch.undo()
    monkeypatch.setattr(parts, "MAX_CHARACTERS", 20)
    monkeypatch.setattr(markdown, "MAX_CHARACTERS", 20)
    for name in sorted(SUFFIXES - {".pdf"}):
        assert text_of(b"x" * 20, f"a{name}") == "x" * 20
        assert rejected(f"a{name}", b"x" * 21).reason == "too_long"


def test_every_reason_has_a_sentence() -> None:
    documented = (DocumentRejected.__doc__ or "").split("one of: ")[1].rstrip(". \n")
    assert {reason.strip() for reason in documented.split(",")} == set(read._REJECTIONS)
    assert f"{pdf.MAX_PAGES:,}" in read._REJECTIONS["too_many_pages"][0]


def test_headings_nest_and_nothing_of_them_is_lost() -> None:
    outline = Outline()
    outline.text("before")
    outline.heading(1, " Returns\n policy ")
    outline.heading(3, "Electronics")
    outline.text("a")
    outline.text("b")
    outline.heading(2, "Clothes")
    outline.heading(2, "  ")
    outline.turn_to(2)
    outline.text("c")
    outline.heading(2, "Nothing here")
    outline.heading(1, "Nor here")
    assert outline.parts() == [
        Part("", None, "before"),
        Part("Returns policy › Electronics", None, "a\n\nb"),
        Part("Returns policy › Clothes", 2, "c"),
        Part("Returns policy", 2, "Nothing here"),
        Part("", 2, "Nor here"),
    ]
