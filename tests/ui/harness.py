"""The page in Streamlit's own test harness, answered from a script."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from agent.assistant import Upload
from runtime.settings import load_settings
from tests.memory.pictures import file_of, photo
from ui.app_options import APP
from ui.desk import Desk, open_desk
from ui.language import texts

EN = texts("en")
PAGE = APP.with_name("run_page.py")
LIBRARY_PAGE = "from ui.library.page import show\nshow()"
GALLERY_PAGE = "from ui.gallery.page import show\nshow()"
SCRIPT = """
[[rule]]
when = "(?<!Before: )break"
error = "the engine stopped"

[[rule]]
when = "which animal"
actions = ["vqa", "answer"]
reply = "A **dog** for $4."
confidence = 0.8

[[rule]]
when = "slowly"
reply = "one two three four five"
tokens_per_second = 1

[[rule]]
reply = "Hello there."
"""
LONGEST = 60
"""Seconds that a test waits for anything."""


def desk() -> Desk:
    """What the page has opened."""
    opened = open_desk(load_settings())
    assert isinstance(opened, Desk)
    return opened


def thread_of(chat: AppTest) -> str:
    """The conversation that the address names."""
    return str(chat.query_params["thread"])


def ask(chat: AppTest, words: str, *files: Upload) -> AppTest:
    """Send words and files, and return when the answer is there."""
    box = chat.chat_input[0]
    for file in files:
        box.upload(file.name, file.data, "image/png")
    box.set_value(words).run()
    return answered(chat)


def answered(chat: AppTest) -> AppTest:
    """Return when the turn under way is over and shown."""
    if running := desk().turns.get(thread_of(chat)):
        assert running.wait(LONGEST)
    return chat.run()


def buttons(chat: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [button.label for button in chat.button]


def replies(chat: AppTest) -> list[str]:
    """The answers, as Markdown."""
    return [text.value for message in chat.chat_message if message.name == "assistant" for text in message.markdown]


def captions(chat: AppTest) -> list[str]:
    return [caption.value for caption in chat.caption]


def add(library: AppTest, path: Path | str) -> AppTest:
    """Type a folder's path on the library page, and return when it is indexed and shown, or refused."""
    if "path" not in [box.key for box in library.text_input]:
        view(library, "folders")
    library.text_input(key="path").set_value(str(path))
    next(button for button in library.button if button.label == EN.library["add"]).click().run()
    return indexed(library)


def indexed(library: AppTest) -> AppTest:
    """Return when the indexing under way is over and shown."""
    if run := desk().indexer.run:
        assert run.wait(LONGEST)
    return library.run()


def dismissed(library: AppTest) -> AppTest:
    """Put away what the last indexing came to."""
    return library.button(key="dismiss").click().run()


def view(library: AppTest, name: str) -> AppTest:
    """Turn to a part of the library page."""
    return library.segmented_control(key="view").set_value(name).run()


def picture(name: str = "dog.png") -> Upload:
    return Upload(file_of(photo(), "PNG"), name)


NO_PICTURE = Upload(b"not a picture", "notes.png")
