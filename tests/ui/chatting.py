"""What a person does on the page and sees there."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Locator, Page, expect


def box(page: Page) -> Locator:
    return page.get_by_test_id("stChatInputTextArea")


def attach(page: Page, *files: FilePayload) -> None:
    page.locator("[data-testid=stChatInput] input[type=file]").set_input_files(list(files))
    attached(page, len(files))


def attached(page: Page, count: int) -> None:
    """The box shows so many files, and all have arrived."""
    expect(page.get_by_test_id("stFileChip")).to_have_count(count)
    expect(page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)


def messages(page: Page) -> Locator:
    """Questions and answers, in turns."""
    return page.get_by_test_id("stChatMessage")


def answer(page: Page) -> Locator:
    """The last answer."""
    return messages(page).last


def send(page: Page, words: str) -> None:
    """Send it, and return when the page shows the turn whole, as far as it has come."""
    before = messages(page).count()
    box(page).fill(words)
    box(page).press("Enter")
    expect(messages(page)).to_have_count(before + 2)
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1)


def stop(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop")


def finished(page: Page) -> None:
    """The last turn is over and shown."""
    expect(stop(page)).to_have_count(0)
    expect(page.get_by_placeholder("Ask something, or add a picture")).to_be_enabled()


def conversation_address(page: Page) -> str:
    """The page's address, once it names a conversation."""
    page.wait_for_url(re.compile(r"thread=[0-9a-f]{32}$"))
    return str(page.url)


def opener(page: Page, handle: str) -> Locator:
    """What shows a picture in full size."""
    return page.get_by_role("button", name=handle, exact=True)
