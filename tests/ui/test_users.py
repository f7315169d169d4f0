"""Who looks at a page, and that what each keeps is apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.errors import StreamlitAuthError
from streamlit.testing.v1 import AppTest

from agent.assistant import Upload
from runtime.errors import SetupError
from runtime.settings import load_settings
from tests.ui.harness import EN, LONGEST, PAGE, ask, buttons, captions, desk, picture, replies, thread_of
from ui.desk import Desk
from ui.users import of_user, signing_in, user_of

SAID = EN.users
ANN = {"iss": "https://id.example.org", "sub": "1", "name": "Ann [a]", "email": "ann@example.org"}
BOB = {"iss": "https://id.example.org", "sub": "2", "name": "Bob", "email": "bob@example.org"}
AUTH = '[auth]\nredirect_uri = "http://127.0.0.1:8501/oauth2callback"\n'

SignIn = Callable[[dict[str, str] | None], AppTest]


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[Path]:
    """Streamlit's secrets file; none is there yet."""
    before, file = st.config.get_option("secrets.files"), tmp_path / "secrets.toml"
    st.config.set_option("secrets.files", [str(file)])
    st.secrets._reset()
    yield file
    st.config.set_option("secrets.files", before)
    st.secrets._reset()


@pytest.fixture
def sign_in(chat: AppTest, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Opens the page as somebody, or as one who has not signed in yet."""
    secrets.write_text(AUTH, encoding="utf-8")
    st.secrets._reset()

    def opened(claims: dict[str, str] | None) -> AppTest:
        monkeypatch.setattr(st, "user", {"is_logged_in": True, **claims} if claims else {"is_logged_in": False})
        return AppTest.from_file(PAGE, default_timeout=LONGEST).run()

    return opened


def of(claims: dict[str, str]) -> Desk:
    return desk().of(load_settings(user=user_of(claims)))


def asked(page: AppTest, claims: dict[str, str], words: str, *files: Upload) -> AppTest:
    """Send words and files as somebody, and return when the answer is there."""
    ask(page, words, *files)
    if running := of(claims).turns.get(thread_of(page)):
        assert running.wait(LONGEST)
    return page.run()


def test_a_user_is_named_by_the_service_and_its_name_for_them() -> None:
    name = user_of(ANN)
    assert load_settings(user=name).user == name
    assert user_of({**ANN, "email": "new@example.org", "name": "Anna"}) == name
    assert len({name, user_of(BOB), user_of({**ANN, "iss": "https://other.example.org"})}) == 3
    assert user_of({"iss": "a", "sub": "bc"}) != user_of({"iss": "ab", "sub": "c"})
    assert "example" not in name


@pytest.mark.parametrize(
    "claims", [{}, {"sub": "1"}, {"iss": "https://id.example.org"}, {**ANN, "sub": ""}, {**ANN, "sub": 1}]
)
def test_nobody_in_particular_is_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="does not say who you are"):
        user_of(claims)


def test_without_secrets_there_is_one_local_user(secrets: Path) -> None:
    settings = load_settings()
    assert not signing_in()
    assert of_user(settings) == settings
    secrets.write_text('[other]\nkey = "1"\n', encoding="utf-8")
    assert not signing_in()


@pytest.mark.parametrize("text", [AUTH, "[auth]\n", "[auth\n"])
def test_with_a_section_for_it_or_a_file_that_is_broken_nobody_is_let_in_unnamed(secrets: Path, text: str) -> None:
    secrets.write_text(text, encoding="utf-8")
    assert signing_in()
    with pytest.raises(SetupError, match="Nobody has signed in"):
        of_user(load_settings())


def test_who_has_not_signed_in_sees_a_button_and_nothing_else(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = desk().assistant.home.conversations.create("A secret").id
    page = sign_in(None)
    page.query_params["thread"] = thread
    page.run()
    assert not page.exception
    assert (buttons(page), page.header[0].value) == ([SAID["sign_in"]], SAID["title"])
    assert not page.chat_input
    assert "secret" not in " ".join(element.value for element in [*page.text, *page.markdown, *page.caption])
    begun: list[bool] = []
    monkeypatch.setattr(st, "login", lambda: begun.append(True))
    page.button(key="sign-in").click().run()
    assert begun == [True]


def test_a_sign_in_that_is_not_set_up_is_explained(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sign_in(None)

    def refused() -> None:
        raise StreamlitAuthError("client_id is missing")

    monkeypatch.setattr(st, "login", refused)
    page.button(key="sign-in").click().run()
    assert "not set up" in page.error[0].value


def test_what_each_keeps_is_apart(sign_in: SignIn) -> None:
    local = desk().assistant.home.conversations.create("of nobody who signed in").id
    ann = asked(sign_in(ANN), ANN, "which animal is it?", picture())
    assert replies(ann) == ["A **dog** for &#36;4."]
    thread = thread_of(ann)
    of(ANN).assistant.home.memories.add("My dog is Rex", origin="written")
    bob = sign_in(BOB)
    assert EN.no_conversations in captions(bob)
    for foreign in (thread, local):
        bob.query_params["thread"] = foreign
        bob.run()
        assert not bob.exception
        assert (bob.info[0].value, replies(bob)) == (EN.not_there, [])
    asked(bob, BOB, "good morning")
    assert replies(bob) == ["Hello there."]
    homes = [of(claims).assistant.home for claims in (ANN, BOB)]
    assert [len(home.conversations.list()) for home in homes] == [1, 1]
    assert [home.memories.count() for home in homes] == [1, 0]
    assert [len(home.images.stored()) for home in homes] == [1, 0]
    assert [thread.title for thread in desk().assistant.home.conversations.list()] == ["of nobody who signed in"]
    assert replies(sign_in(ANN)) == []
    again = sign_in(ANN)
    again.query_params["thread"] = thread
    assert replies(again.run()) == ["A **dog** for &#36;4."]


def test_those_who_sign_in_do_not_own_the_machine(sign_in: SignIn) -> None:
    page = sign_in(ANN)
    links = [link.proto.page for link in page.get("page_link")]
    assert {"evaluations", "settings"}.isdisjoint(links)
    assert f"{SAID['signed_in'].format(name='Ann')} \\[a\\]" in captions(page)
    library = AppTest.from_string("from ui.library.page import show\nshow()", default_timeout=LONGEST).run()
    assert EN.library["empty_signed_in"] in library.markdown[0].value
    assert "path" not in [box.key for box in library.text_input]


def test_one_erases_all_that_is_theirs_and_nothing_else(sign_in: SignIn) -> None:
    asked(sign_in(BOB), BOB, "good morning", picture("bob.png"))
    ann = asked(sign_in(ANN), ANN, "which animal is it?", picture())
    ann.button(key="erase-mine").click().run()
    ann.button(key="erase-mine-keep").click().run()
    assert len(of(ANN).assistant.home.conversations.list()) == 1
    ann.button(key="erase-mine").click().run()
    ann.button(key="erase-mine-confirm").click().run()
    assert not ann.exception
    assert (replies(ann), EN.no_conversations in captions(ann)) == ([], True)
    homes = [of(claims).assistant.home for claims in (ANN, BOB)]
    assert [(len(home.conversations.list()), len(home.images.stored())) for home in homes] == [(0, 0), (1, 1)]
    asked(ann, ANN, "good morning", picture())
    assert replies(ann) == ["Hello there."]


def test_other_settings_reach_everybody_and_wait_for_everybody(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sign_in(ANN)
    anns = of(ANN)
    monkeypatch.setenv("VISTALK_LEARNS", "false")
    page.chat_input[0].set_value("slowly").run()
    assert desk().busy
    assert not desk().follows(load_settings())
    [thread] = anns.assistant.home.conversations.list()
    anns.turns.end(thread.id)
    page.run()
    assert (desk().follows(load_settings()), of(ANN) is anns, anns.assistant.settings.learns) == (True, True, False)
    assert anns.assistant.pool is desk().assistant.pool
    assert replies(asked(page, ANN, "good morning"))[-1] == "Hello there."


def test_while_another_is_answered_nothing_is_erased_and_that_is_said(sign_in: SignIn) -> None:
    asked(sign_in(ANN), ANN, "good morning")
    bob = sign_in(BOB)
    bob.chat_input[0].set_value("slowly").run()
    ann = sign_in(ANN)
    ann.button(key="erase-mine").click().run()
    ann.button(key="erase-mine-confirm").click().run()
    assert "Somebody else" in ann.error[0].value
    assert len(of(ANN).assistant.home.conversations.list()) == 1
    of(BOB).turns.end_all()
    ann.run().button(key="erase-mine").click().run()
    ann.button(key="erase-mine-confirm").click().run()
    assert (not ann.error, of(ANN).assistant.home.conversations.list()) == (True, [])
