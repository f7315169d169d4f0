"""The settings page in Streamlit's own test harness, and how changed settings are taken up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from agent.assistant import Upload
from runtime import choosing
from runtime.errors import ModelNotPresent, SetupError
from runtime.pool import ModelSpec
from runtime.settings import load_settings, settings_file
from tests.memory.pictures import file_of, photo
from tests.ui.harness import EN, LONGEST, SCRIPT, answered, captions, desk
from ui.appearance import theme, wear
from ui.desk import open_desk
from ui.fetching import Fetcher, fetcher
from ui.language import texts

SAID = EN.settings
SETTINGS_PAGE = "from ui.settings.page import show\nshow()"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page where a settings file names the scripted model, and no other is on this machine."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(choosing, "_gpu", lambda: 0.0)
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    settings_file().write_text(f'# mine\npreset = "scripted"\nscript = "{script}"\n', encoding="utf-8")
    open_desk.clear()
    yield AppTest.from_string(SETTINGS_PAGE, default_timeout=LONGEST).run()
    open_desk.clear()
    fetcher.clear()
    wear("system")


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_what_there_is(page: AppTest) -> None:
    assert not page.exception
    assert page.header[0].value == SAID["title"]
    shown = [line.value for line in page.markdown]
    assert [name for name in ("pocket", "laptop", "workstation", "served", "scripted") if f"**{name}**" in shown]
    assert any("SmolVLM2" in line and "2.0 GB" in line for line in shown)
    assert SAID["download"].format(size="5.7 GB") in labels(page)
    assert not [button for button in page.button if button.key in ("use-laptop", "use-scripted")]
    assert SAID["nothing_loaded"] in captions(page)
    assert str(load_settings().home) in page.text[0].value


def test_a_setting_is_written_and_taken_up_without_a_restart(page: AppTest) -> None:
    before = desk()
    page.toggle(key="set-learns").set_value(False).run()
    assert not page.exception
    assert settings_file().read_text().startswith('# mine\npreset = "scripted"\n')
    assert desk() is before
    assert not before.assistant.settings.learns
    assert not page.toggle(key="set-learns").value


def test_the_language_changes_at_once(page: AppTest) -> None:
    page.segmented_control(key="set-language").set_value("zh").run()
    assert page.header[0].value == texts("zh").settings["title"]
    assert desk().assistant.settings.language == "zh"


def test_a_change_waits_for_the_answer_under_way(page: AppTest) -> None:
    table, thread = desk(), desk().assistant.home.conversations.create().id
    running = table.turns.start(thread, "slowly")
    page.toggle(key="set-learns").set_value(False).run()
    assert [line.value for line in page.info] == [SAID["waits"]]
    assert not table.follows(load_settings())
    running.stop()
    assert running.wait(LONGEST)
    page.run()
    assert not page.info
    assert table.follows(load_settings())
    assert not table.assistant.settings.learns
    assert len(table.assistant.history(thread)) == 1
    again = table.turns.start(thread, "hello")
    assert again.wait(LONGEST)
    assert len(table.assistant.history(thread)) == 2, "who knew the desk before still can ask"


def test_looks_are_no_reason_to_open_anew(page: AppTest) -> None:
    assistant = desk().assistant
    page.segmented_control(key="set-appearance").set_value("dark").run()
    assert desk().assistant is assistant
    assert load_settings().appearance == "dark"


def test_what_the_environment_gives_cannot_be_changed(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISTALK_LEARNS", "false")
    monkeypatch.setenv("VISTALK_PRESET", "scripted")
    page.run()
    assert page.toggle(key="set-learns").disabled
    assert SAID["fixed"].format(setting="`VISTALK_LEARNS`") in captions(page)
    assert SAID["fixed"].format(setting="`VISTALK_PRESET`") in captions(page)
    assert page.button(key="use-served").disabled


def test_a_server_needs_an_address_and_is_left_with_a_click(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    page.button(key="use-served").click().run()
    assert page.error[0].value == SAID["no_address"].format(example=SAID["address_example"])
    page.text_input(key="server-address").set_value("http://127.0.0.1:9/v1")
    page.text_input(key="server-model").set_value("some-model")
    page.button(key="use-served").click().run()
    settings = load_settings()
    assert (settings.preset, settings.vlm_url, settings.vlm) == ("served", "http://127.0.0.1:9/v1", "some-model")
    assert desk().assistant.preset.vlm == "served"


def test_settings_that_cannot_be_used_can_be_mended_on_the_page(page: AppTest) -> None:
    settings_file().write_text('preset = "nonsense"\n', encoding="utf-8")
    page.run()
    assert not page.exception
    assert "nonsense" in page.error[0].value
    page.toggle(key="set-learns").set_value(False).run()
    assert not load_settings().learns


def test_a_file_that_cannot_be_read_is_said(page: AppTest) -> None:
    settings_file().write_text("preset = = 1\n", encoding="utf-8")
    assert "cannot be read" in page.run().error[0].value
    assert not page.exception


def test_a_change_that_cannot_be_written_is_said_once(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> None:
        raise SetupError("It is read-only.")

    monkeypatch.setattr("ui.settings.changing.save", refuses)
    page.toggle(key="set-learns").set_value(False).run()
    assert "read-only" in page.error[0].value
    assert page.toggle(key="set-learns").value
    assert not page.run().error


def test_models_in_memory_are_shown_and_unloaded(page: AppTest) -> None:
    pool = desk().assistant.pool
    with pool.lease(ModelSpec("a *model*", "passage encoder", lambda: 5_000_000, object)):
        page.run()
        assert page.button(key="unload-0").disabled
    page.run()
    assert any("5.0 MB" in line for line in captions(page))
    page.button(key="unload-0").click().run()
    assert pool.loaded() == []
    assert SAID["nothing_loaded"] in captions(page)


def test_a_download_is_begun_with_a_click_and_its_failure_is_said(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> None:
        raise ModelNotPresent("The hub cannot be reached.", hint="Later.")

    ours = Fetcher(offline)
    monkeypatch.setattr("ui.settings.page.fetcher", lambda: ours)
    page.run().button(key="download-laptop").click().run()
    assert (run := ours.run)
    assert run.wait(LONGEST)
    side = AppTest.from_function(_side, args=(ours,), default_timeout=LONGEST).run()
    assert not side.exception
    assert side.warning[0].value == SAID["failed"].format(preset="laptop")
    assert any("The hub cannot be reached" in line for line in captions(side))
    side.button(key="dismiss-download").click().run()
    assert vars(ours)["run"] is None
    assert desk().assistant.preset.name == "scripted", "the chat goes on"


def _side(ours):  # type: ignore[no-untyped-def]  # cut out of this file and run by itself
    from ui.language import texts
    from ui.settings.downloading import draw_download

    draw_download(ours, texts("en"))


def test_everything_is_erased_on_a_second_word(page: AppTest) -> None:
    table = desk()
    thread = table.assistant.home.conversations.create().id
    running = table.turns.start(thread, "hello", [Upload(file_of(photo(), "PNG"), "dog.png")])
    assert running.wait(LONGEST)
    page.run().button(key="erase").click().run()
    page.button(key="erase-keep").click().run()
    assert table.assistant.home.conversations.list()
    page.button(key="erase").click().run()
    page.button(key="erase-confirm").click().run()
    assert not page.exception
    assert table.assistant.home.conversations.list() == []
    assert table.assistant.home.images.stored() == set()
    again = table.assistant.home.conversations.create().id
    assert table.turns.start(again, "hello").wait(LONGEST), "and it goes on"


def test_themes_are_streamlits_own_options() -> None:
    assert set(theme("dark")) <= set(config.get_config_options())
    assert wear("dark")
    assert not wear("dark")
    assert config.get_option("theme.base") == "dark"
    assert wear("system")
    assert config.get_option("theme.base") is None


def test_the_first_page_has_pictures_to_try(chat: AppTest) -> None:
    chat.button(key="sample-mug").click().run()
    answered(chat)
    [turn] = desk().assistant.history(str(chat.query_params["thread"]))
    assert (turn.words, len(turn.images)) == (EN.welcome["mug_question"], 1)
    assert not chat.exception
