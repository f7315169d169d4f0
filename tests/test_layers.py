"""What import-linter cannot see: heavy libraries load late, and only memory touches the checkpoint savers."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("runtime", "memory", "tools", "agent", "ui", "evals")
HEAVY = {"torch", "transformers", "diffusers", "open_clip", "onnxruntime", "rapidocr", "chromadb"}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_only_memory_imports_the_checkpoint_savers() -> None:
    elsewhere = [
        path
        for package in PACKAGES
        if package != "memory"
        for path in (ROOT / package).rglob("*.py")
        if any(name.startswith("langgraph.checkpoint") for name in imported(path))
    ]
    assert elsewhere == []


@pytest.mark.parametrize("module", ["agent.assembly", "ui.turns", "memory.home", "runtime.models", "tools.read_text"])
def test_heavy_libraries_are_not_loaded_by_importing(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in (*PACKAGES, "tests")
        for path in (ROOT / package).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 320
    }
    assert long == {}


def test_every_data_file_is_installed() -> None:
    """An installation that is not editable gets only what pyproject.toml names."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        patterns = tomllib.load(stream)["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.*")
        if path.suffix not in (".py", ".pyc") and not any(path.match(pattern) for pattern in patterns)
    ]
    assert left_out == []
