"""What goes wrong is told in the page's language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from agent.events import Failed
from runtime.errors import DiskFull, QuestionTooLong, UnknownHandle, VistalkError
from tests.ui.harness import NO_PICTURE, ask
from ui.faults import known, lines, translations

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def subclasses(kind: type[VistalkError]) -> Iterator[type[VistalkError]]:
    """The class and all below it, wherever they are defined in the product."""
    yield kind
    for one in kind.__subclasses__():
        yield from subclasses(one)


def test_every_class_has_a_code_of_its_own_and_is_known_by_it() -> None:
    kinds = {kind for kind in subclasses(VistalkError) if not kind.__module__.startswith("tests.")}
    assert set(known().values()) == kinds
    assert all("code" in vars(kind) for kind in kinds)


def test_every_code_has_chinese_words_and_no_words_are_without_a_class() -> None:
    assert set(translations("zh")) == set(known())
    for code, said in translations("zh").items():
        assert CHINESE.search(said.sentence), code
        assert bool(CHINESE.search(said.advice)) == bool(said.advice), code
        assert said.advice or not known()[code].advice, code


@pytest.mark.parametrize("kind", known().values())
def test_commands_and_settings_that_the_english_advice_names_are_in_the_chinese(kind: type[VistalkError]) -> None:
    assert set(re.findall(r"`[^`]+`", kind.advice)) <= set(re.findall(r"`[^`]+`", translations("zh")[kind.code].advice))


def test_english_stays_as_the_error_says_it() -> None:
    assert lines(QuestionTooLong("It has 9 characters."), "en") == [
        "It has 9 characters.",
        "Shorten it, or ask about one part at a time.",
    ]


def test_chinese_repeats_no_usual_english_and_keeps_what_only_this_error_says() -> None:
    assert lines(DiskFull(), "zh") == ["磁盘已满，没能继续保存。", "请腾出一些空间再试；之前保存的内容不受影响。"]
    sentence, advice, detail = lines(QuestionTooLong("It has 9 characters."), "zh")
    assert CHINESE.search(sentence)
    assert CHINESE.search(advice)
    assert detail == ":small[It has 9 characters\\.]"


def test_an_event_is_told_as_its_error_is() -> None:
    error = UnknownHandle("There is no picture img9 in this conversation.", hint="Look again.")
    assert lines(Failed(error.code, error.message, error.hint), "zh") == lines(error, "zh")
    assert "img9" in lines(error, "zh")[-1]
    assert "Look again" in lines(error, "zh")[-1]


def test_a_detail_cannot_leave_its_brackets_or_bring_a_picture() -> None:
    detail = lines(UnknownHandle("x] ![p](https://example.org/p.png) :red[y]"), "zh")[-1]
    assert "![" not in detail.replace("\\", "\0")
    assert re.findall(r"(?<!\\)\]", detail) == ["]"]


def test_the_chinese_page_tells_of_errors_in_chinese(chat: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LANGUAGE", "zh")
    chat.run()
    ask(chat, "break, please")
    assert chat.error[0].value.startswith("模型因自身的错误停止了。  \n再试一次")
    assert "the engine stopped" in chat.error[0].value
    ask(chat, "看", NO_PICTURE)
    assert "这个文件不能作为图片读取。" in chat.error[-1].value
    assert "notes" in chat.error[-1].value
