"""The memory page in Streamlit's own test harness, and what the chat says of what it remembers."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from runtime.errors import SetupError
from tests.memory.pictures import file_of, photo
from tests.ui.harness import EN, LONGEST, captions, desk
from ui import box
from ui.desk import open_desk
from ui.memory.page import PAGE as MOST
from ui.remembered import because

SAID = EN.memory
MEMORY_PAGE = "from ui.memory.page import show\nshow()"


@pytest.fixture
def page(chat: AppTest) -> AppTest:
    """The page of nothing remembered yet."""
    return AppTest.from_string(MEMORY_PAGE, default_timeout=LONGEST).run()


def told(text: str, *, thread: str = "", sha256: str = "", caption: str = "") -> str:
    """Something that is remembered; its id."""
    memories = desk().assistant.home.memories
    return memories.add(text, origin="asked", thread=thread, sha256=sha256, caption=caption).id


def shown(page: AppTest) -> list[str]:
    return [line.value for line in page.markdown]


def test_an_empty_memory_says_how_to_begin(page: AppTest) -> None:
    assert not page.exception
    assert page.header[0].value == SAID["title"]
    assert SAID["empty"] in page.markdown[0].value
    assert captions(page)[0] == SAID["learns_on"]


def test_whether_it_learns_by_itself_is_told(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LEARNS", "false")
    open_desk.clear()
    assert captions(page.run())[0] == SAID["learns_off"]


def test_memories_are_listed_newest_first_with_where_they_are_from(page: AppTest) -> None:
    home = desk().assistant.home
    thread = home.conversations.create("Dogs & co").id
    first = told("My *dog* is Rex", thread=thread)
    told("I like tea")
    page.run()
    assert not page.exception
    assert shown(page) == ["I like tea", "My \\*dog\\* is Rex"]
    assert [line for line in captions(page) if SAID["asked"] in line]
    page.button(key=f"from-{first}").click().run()
    assert (page.session_state["conversation"], page.session_state[box.TURNING]) == (thread, True)


def test_one_is_found_by_its_words(page: AppTest) -> None:
    told("My dog is Rex")
    told("我喜欢普洱茶")
    page.run().text_input(key="memory-search").set_value("dogs").run()
    assert shown(page) == ["My dog is Rex"]
    page.text_input(key="memory-search").set_value("普洱").run()
    assert shown(page) == ["我喜欢普洱茶"]
    page.text_input(key="memory-search").set_value("zebra").run()
    assert SAID["nothing_found"] in captions(page)


def test_one_is_written_down(page: AppTest) -> None:
    page.text_input[0].set_value("  Bins on Friday ")
    page.button[0].click().run()
    [memory] = desk().assistant.home.memories.list()
    assert (memory.text, memory.origin) == ("Bins on Friday", "written")
    assert shown(page) == ["Bins on Friday"]


def test_words_are_changed(page: AppTest) -> None:
    memory = told("My dog is Rex")
    page.run().button(key=f"edit-{memory}").click().run()
    page.text_area(key=f"words-{memory}").set_value("My dog is Max").run()
    page.button(key=f"save-{memory}").click().run()
    assert shown(page) == ["My dog is Max"]
    assert desk().assistant.home.memories.get(memory).text == "My dog is Max"


def test_one_is_forgotten_on_a_second_word(page: AppTest) -> None:
    home = desk().assistant.home
    data = file_of(photo(), "PNG")
    ref = home.conversations.references.keep("turn", "t", lambda: home.images.add(data, handle="img1"))
    memory = told("Rex", sha256=ref.sha256, caption="A dog.")
    home.conversations.references.release("turn", "t")
    page.run()
    assert any("A dog" in line for line in captions(page))
    page.button(key=f"forget-{memory}").click().run()
    page.button(key=f"keep-{memory}").click().run()
    assert home.memories.count() == 1
    page.button(key=f"forget-{memory}").click().run()
    page.button(key=f"confirm-{memory}").click().run()
    assert not page.exception
    assert (home.memories.count(), home.images.stored()) == (0, set())


def test_a_missing_picture_is_said_to_be_missing(page: AppTest) -> None:
    told("Rex", sha256="a" * 64)
    assert any(SAID["gone"] in line for line in captions(page.run()))


def test_many_are_paged(page: AppTest) -> None:
    for number in range(MOST + 1):
        told(f"fact {number}")
    page.run()
    assert len(shown(page)) == MOST
    assert SAID["count"].format(n=MOST + 1) in captions(page)


def test_a_data_directory_that_cannot_be_opened_is_explained(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: object) -> None:
        raise SetupError("It is open elsewhere.", hint="Close it.")

    monkeypatch.setattr("ui.opening.open_desk", busy)
    assert "It is open elsewhere." in page.run().error[0].value


def test_why_something_came_to_mind_is_said_in_a_line() -> None:
    memory = {
        "id": "1", "text": "My *dog*", "caption": "", "told": "2026-01-02T12:00:00+00:00", "origin": "stated",
        "thread": "", "image": "", "words": ["dog"], "seen": False,
    }  # fmt: skip
    assert because(memory, EN) == "Remembered because you said 2026-01-02: “My \\*dog\\*” · it fits dog"
    pictured = {**memory, "text": "", "seen": True, "origin": "asked"}
    assert because(pictured, EN) == "Remembered because you asked for it 2026-01-02: a picture · the picture fits"
