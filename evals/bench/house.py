"""What the house itself costs: agent work outside the models, starting, memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from agent.assembly import open_assistant
from agent.assistant import Assistant, Upload
from agent.events import Done
from evals.bench.report import Measure, median
from evals.bench.serving import picture
from evals.subjects import linked_home
from runtime.models import text_reader
from runtime.settings import Settings

SCRIPT = """
[[rule]]
actions = ["vqa", "answer"]
reply = "A red house stands under a yellow sun, and the sky behind it is blue."
"""


def agent(settings: Settings) -> list[Measure]:
    """Time of a whole turn with a model that answers at once: planning, a tool, the reply, checkpoints and all."""
    spent = []
    with scripted(settings) as assistant:
        thread = assistant.home.conversations.create().id
        list(assistant.ask(thread, "What is it?", [Upload(_png(picture()), "house.png")]))
        for number in range(30):
            started = time.perf_counter()
            list(assistant.ask(thread, f"And what is number {number}?"))
            spent.append(time.perf_counter() - started)
    return [
        Measure("agent_work", median(spent) * 1000, "ms", "most", 30, "a turn with one tool, models taking no time")
    ]


def start(settings: Settings) -> list[Measure]:
    """`vistalk --help`, and a first answer from a cold start, each in a process of its own."""
    helps = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ui.cli", "--help"], capture_output=True, check=True)
        helps.append(time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        home = linked_home(settings, Path(folder))
        photo = Path(folder) / "house.png"
        photo.write_bytes(_png(picture()))
        command = [sys.executable, "-m", "ui.cli", "--home", str(home), "--preset", settings.preset]
        command += ["ask", "--json", "--image", str(photo), "What is in the picture?"]
        started = time.perf_counter()
        first = answer = None
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or []:
                event = json.loads(line)["event"]
                first = first or (time.perf_counter() - started if event == "Token" else None)
                answer = time.perf_counter() - started if event == "Done" else answer
    if first is None or answer is None:
        raise RuntimeError("the cold start gave no answer")
    return [
        Measure("help", median(helps), "s", "most", 0.5, "vistalk --help"),
        Measure("cold_first_token", first, "s", "most", 15, "from the command to the first token"),
        Measure("cold_answer", answer, "s"),
    ]


def memory(settings: Settings) -> list[Measure]:
    """Resident memory of a fresh process after it has answered about a picture and read one."""
    code = (
        "import json,sys\n"
        "from evals.bench.house import resident\n"
        "from runtime.settings import load_settings\n"
        "print(json.dumps(resident(load_settings(home=sys.argv[1], preset=sys.argv[2]))))"
    )
    with tempfile.TemporaryDirectory() as folder:
        home = linked_home(settings, Path(folder))
        done = subprocess.run(
            [sys.executable, "-c", code, str(home), settings.preset], capture_output=True, text=True, check=True
        )
    return [
        Measure("resident_memory", json.loads(done.stdout) / 2**30, "GiB", "most", 2, "model and text reader loaded")
    ]


def resident(settings: Settings) -> int:
    """Bytes resident in this process after one answer and one reading."""
    from runtime.hardware import rss

    assistant = open_assistant(settings)
    thread = assistant.home.conversations.create().id
    events = list(assistant.ask(thread, "What is in the picture?", [Upload(_png(picture()), "house.png")]))
    if not isinstance(events[-1], Done):
        raise RuntimeError(f"the turn did not end well: {events[-1]}")  # noqa: TRY004
    with assistant.pool.lease(text_reader(settings)) as reader:
        reader.read(picture(1024))
    used = rss()
    assistant.close()
    return used


@contextmanager
def scripted(settings: Settings) -> Iterator[Assistant]:
    """An assistant in a folder of its own, whose model answers at once."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.toml"
        script.write_text(SCRIPT)
        fields = {"home": Path(folder) / "home", "preset": "scripted", "script": script, "vlm": None, "vlm_url": None}
        assistant = open_assistant(settings.model_copy(update=fields))
        try:
            yield assistant
        finally:
            assistant.close()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
