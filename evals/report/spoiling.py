"""What `vistalk eval robustness` found, beside the clean run that it is about: how much is left of the score."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from evals.records import Run
from evals.summary import Value

CLEAN, TOGETHER = "clean", "robustness.json"
"""The clean run's folder, and the file beside it, as `evals.robustness` names them."""

TITLES = {False: "corruption and its severity", True: "attack and how far it moves values, of 255"}


@dataclass(frozen=True)
class Spoilt:
    """What is left of the clean score, by kind of condition and level: shares with their intervals."""

    title: str
    levels: list[int]
    kinds: dict[str, dict[int, Value]]


def opened(folder: Path) -> Run:
    """The run in a folder; of a folder of robustness, the clean one."""
    return Run(folder / CLEAN if (folder / TOGETHER).exists() else folder)


def run_name(run: Run) -> str:
    """The folder's name, with that of the folder around it where that holds several conditions."""
    folder = run.folder.resolve()
    if not (folder.parent / TOGETHER).exists():
        return folder.name
    return folder.parent.name if folder.name == CLEAN else f"{folder.parent.name}/{folder.name}"


def spoilt(run: Run) -> list[Spoilt]:
    """What was found beside a clean run: of corruptions, and of attacks; nothing beside others."""
    together = run.folder.parent / TOGETHER
    if run.folder.name != CLEAN or not together.exists():
        return []
    found: dict[bool, Spoilt] = {}
    for each in json.loads(together.read_text(encoding="utf-8"))["conditions"]:
        attack = each["family"] == "attack"
        part = found.setdefault(attack, Spoilt(TITLES[attack], [], {}))
        part.kinds.setdefault(each["kind"], {})[each["level"]] = Value(**each["retained"])
        if each["level"] not in part.levels:
            part.levels.append(each["level"])
    return list(found.values())
