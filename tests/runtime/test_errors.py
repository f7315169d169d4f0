"""The error tree is complete, drawn as it is, and each error tells a person something."""

from __future__ import annotations

import re

import pytest

from runtime import errors
from runtime.errors import DocumentRejected, ImageRejected, VistalkError


def tree(root: type[VistalkError] = VistalkError) -> list[type[VistalkError]]:
    """The class and all below it, those of the tests left out."""
    below = [child for child in root.__subclasses__() if child.__module__.startswith(errors.__name__)]
    return [root, *(found for child in below for found in tree(child))]


def make(kind: type[VistalkError], *words: str, **more: str) -> VistalkError:
    if issubclass(kind, ImageRejected | DocumentRejected):
        return kind(*words, reason="damaged", **more)
    return kind(*words, **more)


def drawn() -> dict[str, str]:
    """From each class in the module's diagram to the one that it hangs from."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"    ((?:│   |    )*(?:├── |└── )?)([A-Z]\w+)", line):
            depth = len(found[1]) // 4
            del path[depth:]
            parents[found[2]] = path[-1] if path else "Exception"
            path.append(found[2])
    return parents


def test_the_diagram_is_the_tree() -> None:
    assert drawn() == {kind.__name__: kind.__mro__[1].__name__ for kind in tree()}


def test_codes_are_unique_and_plain() -> None:
    codes = [kind.code for kind in tree()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_each_class_has_its_own_code() -> None:
    assert [kind.__name__ for kind in tree() if "code" not in vars(kind)] == []


@pytest.mark.parametrize("kind", tree())
def test_without_words_an_error_still_says_something(kind: type[VistalkError]) -> None:
    error = make(kind)
    assert error.message.endswith(".")
    assert str(error) == f"{error.message} {error.hint}".strip()


@pytest.mark.parametrize("kind", tree())
def test_words_and_hint_of_the_moment_win(kind: type[VistalkError]) -> None:
    error = make(kind, "The cup is empty.", hint="Fill it.")
    assert (error.message, error.hint) == ("The cup is empty.", "Fill it.")
    assert str(error) == "The cup is empty. Fill it."
    assert error.args == ("The cup is empty.",)


def test_a_rejected_image_says_why() -> None:
    assert ImageRejected("Too big.", reason="too_many_pixels").reason == "too_many_pixels"
