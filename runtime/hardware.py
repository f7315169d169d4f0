"""What this machine has: memory, processor, accelerator, and which number format is fastest on it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from runtime.errors import BadSetting

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

CGROUP_MEMBERSHIP = Path("/proc/self/cgroup")
CGROUP_ROOT = Path("/sys/fs/cgroup")


def total_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's where that is less."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in _cgroup_memory())])


def free_memory(device: str = "cpu") -> int:
    """Bytes that a model can still take on a device ("cpu", "cuda", "mps"), as far as the machine knows.

    On the processor, and on mps which shares its memory, that is what is available without swapping, or what is left
    of the container's limit where that is less.
    """
    if device == "cuda":
        import torch

        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # by torch, for later
        return int(torch.cuda.mem_get_info()[0] + kept)
    left = [max(0, limit - used) for limit, used in _cgroup_memory()]
    return min([psutil.virtual_memory().available, *left])


def rss() -> int:
    """Bytes of this process that lie in memory now."""
    return psutil.Process().memory_info().rss


def _cgroup_memory() -> Iterator[tuple[int, int]]:
    """Limit and use in bytes of each Linux control group around this process (v2 and v1), the limited ones only.

    Cached file pages that the kernel drops when memory is short do not count as used.
    """
    if not CGROUP_MEMBERSHIP.exists():
        return
    for line in CGROUP_MEMBERSHIP.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            base, limit_name, use_name, cache = CGROUP_ROOT, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            base, cache = CGROUP_ROOT / "memory", "total_inactive_file"
            limit_name, use_name = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            # inside a container the path may be the host's: then only the root of the tree is there to read
            limit, used = folder / limit_name, folder / use_name
            if limit.exists() and used.exists() and (text := limit.read_text().strip()) != "max":
                yield int(text), int(used.read_text()) - _stat(folder / "memory.stat", cache)
            if folder == base:
                break


def _stat(file: Path, name: str) -> int:
    """One number of a cgroup's memory.stat, or 0."""
    rows = (line.split() for line in file.read_text().splitlines()) if file.exists() else ()
    return next((int(row[1]) for row in rows if row[0] == name), 0)


def release_memory() -> None:
    """Give back what nothing refers to any more: to the accelerator's driver and to the operating system."""
    gc.collect()
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()
    trim_heap()


def trim_heap() -> None:
    """Give freed blocks back to the operating system: some milliseconds, and over a long conversation a fifth of all.

    glibc keeps them for later, scattered among others; other C libraries have no such function.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, torch, onnxruntime or OpenCV says that memory ran out (most have no class for it)."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "allocate memory" in text


def best_device(wanted: str) -> str:
    """The device to run on: "cuda", "mps" or "cpu".

    Raises:
        BadSetting: the one that is wanted is not on this machine.
    """
    import torch

    present = ["cuda"] if torch.cuda.is_available() else []
    present += ["mps"] if torch.backends.mps.is_available() else []
    present += ["cpu"]
    if wanted == "auto":
        return present[0]
    if wanted not in present:
        raise BadSetting(
            f"The device {wanted!r} is not on this machine, which has {' and '.join(present)}.",
            hint="Set `device` to auto, or leave it out.",
        )
    return wanted


HIDDEN, INNER, LAYERS = 1024, 2816, 10  # 58 million weights, 115 MB in bfloat16: more than most caches hold
ANSWER_TOKENS = 4  # written one by one, for each prompt read at once
REPEATS = 4
AGREE = 1.3  # how far two measurements on an idle machine lie apart at most, with some room

Layer = tuple["torch.Tensor", "torch.Tensor"]


def measure_dtypes(device: str) -> dict[str, float]:
    """Seconds for a language model's work in each number format: read a short prompt, then write a few tokens.

    Formats take turns, each layer is timed by itself, and the fastest time counts: another program's burst spoils
    whole rounds, and hardly ever all of the short windows.
    """
    import torch

    names = _formats(device)
    prompt_tokens = 16 if device == "cpu" else 1024  # with less, an accelerator's time is that of starting it
    fastest = {(name, tokens): float("inf") for name in names for tokens in (prompt_tokens, 1)}
    with torch.inference_mode():
        models = {name: _layers(device, getattr(torch, name)) for name in names}
        for repeat in range(REPEATS + 1):
            for name, tokens in fastest:
                for layer in models[name]:
                    taken = _time_layer(device, layer, tokens)
                    if repeat > 0:  # the first round warms up
                        fastest[name, tokens] = min(fastest[name, tokens], taken)
    del models, layer
    release_memory()
    return {name: LAYERS * (fastest[name, prompt_tokens] + ANSWER_TOKENS * fastest[name, 1]) for name in names}


def _formats(device: str) -> list[str]:
    """Those worth trying: in float16 a processor computes slowly, and large activations overflow."""
    return ["float32", "bfloat16"] if device == "cpu" else ["float32", "bfloat16", "float16"]


def _layers(device: str, dtype: torch.dtype) -> list[Layer]:
    import torch

    # ones, not zeros: pages that were never written are all one page, which stays in the cache
    up, down = torch.ones((INNER, HIDDEN), dtype=dtype), torch.ones((HIDDEN, INNER), dtype=dtype)
    return [(up.to(device, copy=True), down.to(device, copy=True)) for _ in range(LAYERS)]


def _time_layer(device: str, layer: Layer, tokens: int) -> float:
    """Seconds for one layer's two matrix products over a state of (1, tokens, HIDDEN)."""
    import torch

    up, down = layer
    state = torch.ones((1, tokens, HIDDEN), dtype=up.dtype, device=device)
    synchronize = getattr(torch, device).synchronize
    synchronize()
    started = time.perf_counter()
    torch.nn.functional.linear(torch.nn.functional.linear(state, up), down)
    synchronize()
    return time.perf_counter() - started


def best_dtype(device: str, wanted: str, cache_file: Path | None = None) -> str:
    """The number format to load models in: the one wanted, or for "auto" the one that is fastest here.

    What is measured is remembered in `cache_file` (JSON) for this processor, torch version and device, unless two
    measurements disagree: then the machine was busy, and the next start measures again.
    """
    if wanted != "auto":
        return wanted
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else processor_name()
    key = f"{name}, torch {torch.__version__}, {device}"
    remembered = _read_cache(cache_file)
    if set(remembered.get(key, ())) != set(_formats(device)):
        first, second = measure_dtypes(device), measure_dtypes(device)
        remembered[key] = {name: min(first[name], second[name]) for name in first}
        if all(max(first[name], second[name]) < AGREE * seconds for name, seconds in remembered[key].items()):
            _write_cache(cache_file, remembered)
    return min(remembered[key], key=remembered[key].__getitem__)


def _read_cache(file: Path | None) -> dict[str, dict[str, float]]:
    """What was measured before; nothing where the file is missing or is not what `_write_cache` writes."""
    if file is None or not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {key: {name: float(taken) for name, taken in seconds.items()} for key, seconds in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        logger.warning("%s is measured again, for it cannot be read: %s", file, error)
        return {}


def _write_cache(file: Path | None, measured: dict[str, dict[str, float]]) -> None:
    """Replace the file at once, so that another process never reads half of it."""
    if file is None:
        return
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(measured, indent=1), encoding="utf-8")
        partial.replace(file)
    except OSError as error:  # only this measurement is lost
        logger.warning("%s cannot be written, so the next start measures again: %s", file, error)
        with contextlib.suppress(OSError):
            partial.unlink()


def processor_name() -> str:
    """What the processor calls itself, or its architecture where it does not say."""
    if sys.platform == "linux":
        rows = (line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines())
        name = next((value.strip() for field, _, value in rows if field.strip() == "model name"), "")
    elif sys.platform == "darwin":
        asked = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        )
        name = asked.stdout.strip()
    else:
        name = platform.processor()
    return name or platform.machine()


def describe() -> dict[str, str]:
    """What `vistalk doctor` says of this machine."""
    import torch

    device = best_device("auto")
    told = {
        "processor": processor_name(),
        "cores": str(psutil.cpu_count(logical=False) or os.cpu_count()),
        "memory": f"{readable(total_memory())}, {readable(free_memory())} free",
        "device": device,
    }
    if device == "cuda":
        _, memory = torch.cuda.mem_get_info()
        told["gpu"] = f"{torch.cuda.get_device_name()}, {readable(memory)}, {readable(free_memory('cuda'))} free"
    return told


def readable(size: int) -> str:
    """Bytes for a person: 312 MB, 2.1 GB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
