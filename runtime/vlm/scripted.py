"""A chat model that answers from a script: for tests and demos, behind the same interface as the real ones.

It is chosen by the preset `scripted` and says what it is wherever models are shown. A script is TOML:

    [[rule]]
    when = "how many"            # regular expression, searched in the last user message; left out: always
    actions = ["vqa", "answer"]  # what it plans, in order of preference
    reply = "Three."             # what it says, a word at a time
    arguments = {image = "img2"} # for structured output; other fields take the first value that the schema allows
    confidence = 0.9
    tokens_per_second = 20       # pace; 0: at once
    error = "out of memory"      # raise GenerationFailed with this text instead
"""

from __future__ import annotations

import json
import math
import re
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runtime.errors import BadSetting, GenerationFailed
from runtime.vlm.base import Part, VisionChatModel, final_chunk, require_seen

VISUAL_TOKENS = 16
"""Counted for each picture, after its pixels were really loaded."""


class Rule(BaseModel):
    """One line of the script; see the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = ""
    actions: tuple[str, ...] = ("answer",)
    reply: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    confidence: float = Field(0.9, gt=0, le=1)
    tokens_per_second: float = Field(0, ge=0)
    error: str = ""


def read_script(path: Path) -> list[Rule]:
    """The rules of a script file.

    Raises:
        BadSetting: with the file's name and what is wrong in it.
    """
    try:
        return [Rule.model_validate(rule) for rule in tomllib.loads(path.read_text(encoding="utf-8"))["rule"]]
    except (OSError, KeyError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadSetting(f"The script {path} cannot be used: {error}") from error


class ScriptedModel(VisionChatModel):
    """Answers by the first rule that fits. `on_token` is called before each word, for tests that must meet it there."""

    rules: list[Rule]
    on_token: Callable[[int], None] | None = Field(default=None, exclude=True)

    @property
    def _llm_type(self) -> str:
        return "vistalk-scripted"

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        *,
        cancel: threading.Event | None = None,
        json_schema: dict[str, Any] | None = None,
        max_new_tokens: int = 10_000,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        rule = self._rule(messages)
        parts = [part for message in messages for part in self.parts(message)]
        images = sum(part.image is not None for part in parts)
        require_seen(images, VISUAL_TOKENS * images)
        text = rule.reply if json_schema is None else json.dumps(_instance(json_schema, rule.arguments))
        words = re.findall(r"\s*\S+|\s+", text)
        cancel, said, finish = cancel or threading.Event(), 0, "stop"
        for word in words:
            if self.on_token:
                self.on_token(said)
            if rule.tokens_per_second:
                cancel.wait(1 / rule.tokens_per_second)
            if cancel.is_set() or said == max_new_tokens:
                finish = "cancelled" if cancel.is_set() else "length"
                break
            said += 1
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        yield final_chunk(
            prompt=_tokens(parts),
            output=said,
            image=VISUAL_TOKENS * images,
            cached=0,
            confidence=rule.confidence if said else None,
            finish=finish,
        )

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[Any] | None = None,  # noqa: ARG002  of langchain's own signature
        *,
        cancel: threading.Event | None = None,  # noqa: ARG002  counted at once
    ) -> int:
        """A token for each word, and `VISUAL_TOKENS` for each picture."""
        return _tokens([part for message in messages for part in self.parts(message)])

    def choose(
        self,
        messages: Sequence[BaseMessage],
        field: str,  # noqa: ARG002
        options: Sequence[str],
        *,
        cancel: threading.Event | None = None,  # noqa: ARG002
    ) -> list[float]:
        """Gives `confidence` to the first of the rule's actions that is offered, the rest shared by the others."""
        rule = self._rule(messages)
        chosen = next((options.index(action) for action in rule.actions if action in options), 0)
        rest = max(1 - rule.confidence, 1e-6) / max(len(options) - 1, 1)
        return [math.log(rule.confidence if i == chosen else rest) for i in range(len(options))]

    def _rule(self, messages: Sequence[BaseMessage]) -> Rule:
        last = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
        text = str(last.text) if last else ""
        for rule in self.rules:
            if re.search(rule.when, text, re.IGNORECASE):
                if rule.error:
                    raise GenerationFailed(rule.error)
                return rule
        raise GenerationFailed(f"The script has no rule for {text[:80]!r}.")


def _tokens(parts: list[Part]) -> int:
    return sum(len(part.text.split()) if part.image is None else VISUAL_TOKENS for part in parts)


def _instance(schema: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The first value of the schema, with the wanted fields where the schema has them.

    Of alternatives it is the one that has most of the wanted fields.
    """
    schema = max(schema.get("anyOf", [schema]), key=lambda one: len(wanted.keys() & one.get("properties", {}).keys()))
    properties = schema.get("properties", {})
    value = {name: wanted.get(name, _first(field)) for name, field in properties.items()}
    try:
        jsonschema.validate(value, schema)
    except jsonschema.ValidationError as error:
        raise GenerationFailed(f"The script's arguments do not fit: {error.message}.") from error
    return value


def _first(field: dict[str, Any]) -> Any:
    if "const" in field:
        return field["const"]
    if "enum" in field:
        return field["enum"][0]
    return [_first(field["items"])] if field.get("type") == "array" else ""
