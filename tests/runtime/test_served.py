"""A served model against a real OpenAI-compatible server: a small one, of this test, on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from PIL import Image

from runtime.errors import BadSetting, GenerationFailed
from runtime.settings import Settings
from runtime.vlm.base import token_counts
from runtime.vlm.served import RETRIES, ServedVisionChatModel, served_model


class Handler(BaseHTTPRequestHandler):
    """Streams the words of `reply`, one a chunk, and remembers what was asked; it may refuse, or break off."""

    reply = "Two dogs."
    status = 200
    refusals = 0
    whole = True
    asked: list[dict[str, Any]] = []  # noqa: RUF012  one server a test

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        self.prepare(body)
        status = 429 if len(self.asked) <= self.refusals else self.status
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
        self.send_header("Retry-After-Ms", "1")
        self.end_headers()
        if status != 200:
            self.wfile.write(b'{"error": {"message": "no such model"}}')
            return
        words = self.reply.split(" ")
        for i, word in enumerate(words):
            text = word if i == 0 else " " + word
            choice = {
                "index": 0,
                "delta": {"role": "assistant", "content": text},
                "logprobs": {"content": [{"token": text, "logprob": -0.5, "bytes": None, "top_logprobs": []}]},
                "finish_reason": "stop" if i == len(words) - 1 else None,
            }
            self._chunk({"choices": [choice]})
            if not self.whole:
                return
        self._chunk({"choices": [], "usage": {"prompt_tokens": 70, "completion_tokens": 2, "total_tokens": 72}})
        self.wfile.write(b"data: [DONE]\n\n")

    def prepare(self, body: dict[str, Any]) -> None:
        """What a test does before a request is answered."""

    def _chunk(self, fields: dict[str, Any]) -> None:
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", **fields}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[tuple[type[Handler], ServedVisionChatModel]]:
    handler = type("OneHandler", (Handler,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        settings = Settings(vlm_url=f"http://127.0.0.1:{http.server_port}/v1", vlm="m")
        yield handler, served_model(settings, lambda _: Image.new("RGB", (8, 8), "red"))
        http.shutdown()
        thread.join()


def question(words: str) -> list[HumanMessage]:
    return [HumanMessage([{"type": "image", "file_id": "a" * 64}, {"type": "text", "text": words}])]


def test_streams_and_sends_the_picture_as_data(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    chunks = list(model.stream(question("What?")))
    assert [str(chunk.text) for chunk in chunks if chunk.text] == ["Two", " dogs."]
    last = chunks[-1]
    assert last.response_metadata["confidence"] == pytest.approx(0.6065, abs=1e-3)
    assert token_counts(last) == {"input": 70, "output": 2, "image": 0, "cached": 0}
    blocks = handler.asked[0]["messages"][0]["content"]
    assert blocks[0]["image_url"]["url"].startswith("data:image/png;base64,")


def test_chooses_under_a_schema(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.reply = '{"action":"vqa"}'
    scores = model.choose(question("What?"), "action", ["answer", "vqa", "caption"])
    assert max(range(3), key=scores.__getitem__) == 1
    sent = handler.asked[0]["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["action"]["enum"] == ["answer", "vqa", "caption"]


def test_a_server_without_grammar_is_told(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.reply = "I would use vqa."
    with pytest.raises(GenerationFailed, match="left the grammar"):
        model.choose(question("What?"), "action", ["answer", "vqa"])


def test_a_failing_server_is_one_sentence(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.status = 404
    with pytest.raises(GenerationFailed, match="no such model"):
        model.invoke(question("What?"))


def test_a_busy_server_is_asked_again(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.refusals = RETRIES
    assert model.invoke(question("What?")).text == "Two dogs."
    assert len(handler.asked) == RETRIES + 1


def test_a_server_that_stays_busy_is_given_up(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.status = 503
    with pytest.raises(GenerationFailed, match="no such model"):
        model.invoke(question("What?"))
    assert len(handler.asked) == RETRIES + 1


def test_half_an_answer_is_none(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    handler, model = server
    handler.whole = False
    with pytest.raises(GenerationFailed, match="broke off"):
        model.invoke(question("What?"))


def test_cancel_ends_the_stream(server: tuple[type[Handler], ServedVisionChatModel]) -> None:
    _, model = server
    cancel = threading.Event()
    cancel.set()
    last = list(model.stream(question("What?"), cancel=cancel))[-1]
    assert last.response_metadata["finish_reason"] == "cancelled"


def test_an_address_is_needed() -> None:
    with pytest.raises(BadSetting, match="address"):
        served_model(Settings(preset="served"), lambda _: Image.new("RGB", (8, 8)))
