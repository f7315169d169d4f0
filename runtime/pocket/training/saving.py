"""How a training run is kept, so that it goes on to the bit after any kill.

<out>/step-N/     what is trained, the optimizer's moments, and what else a run keeps: one safetensors file each
<out>/state.json  N, and how far the sources are read; written last, so that a kill leaves the last save whole
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

STATE = "state.json"
WEIGHTS, MOMENTS = "weights", "optimizer"

Tensors = Mapping[str, torch.Tensor]


def kept(out: Path) -> dict[str, Any] | None:
    """The state of the last save in a run's folder, with its "step"; None where there is none."""
    if not (out / STATE).exists():
        return None
    state: dict[str, Any] = json.loads((out / STATE).read_text(encoding="utf-8"))
    return state


def save(
    out: Path, state: Mapping[str, Any], trained: Tensors, optimizer: torch.optim.Optimizer, **others: Tensors
) -> None:
    """Keep a run at `state["step"]`, instead of what was kept before.

    Args:
        out: the run's folder.
        state: plain values.
        trained: parameters by name, all of them the optimizer's.
        optimizer: an AdamW.
        others: further files of tensors by name.
    """
    moments = {
        f"{kind} {name}": value
        for name, parameter in trained.items()
        for kind, value in optimizer.state.get(parameter, {}).items()
    }
    folder = out / f"step-{state['step']}"
    folder.mkdir(exist_ok=True)
    for file, tensors in {WEIGHTS: trained, MOMENTS: moments, **others}.items():
        save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, _file(folder, file))
    beside = out / "state.writing"
    beside.write_text(json.dumps(state), encoding="utf-8")
    beside.replace(out / STATE)
    for old in out.glob("step-*"):
        if old != folder:
            for part in old.iterdir():
                part.unlink()
            old.rmdir()


def read(out: Path, step: int, file: str = WEIGHTS) -> dict[str, torch.Tensor]:
    """A file of the save of that step."""
    tensors: dict[str, torch.Tensor] = load_file(_file(out / f"step-{step}", file))
    return tensors


def resume(out: Path, step: int, trained: Tensors, optimizer: torch.optim.Optimizer) -> None:
    """Put what was trained, and the optimizer's moments, back as they were at that step."""
    weights, moments = read(out, step), read(out, step, MOMENTS)
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(weights[name])
            there = (kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"{kind} {name}" in moments)
            optimizer.state[parameter] = {kind: moments[f"{kind} {name}"].to(parameter.device) for kind in there}


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"
