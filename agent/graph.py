"""The graph of a turn: plan → act ↺ → reply. Each node reads state, tells events, returns what it adds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agent.context import Budget
from agent.events import ImageAdded, Planned, Preview, Queued, Token, ToolFinished, ToolProgress, ToolStarted
from agent.language import prompts
from agent.learning import learn
from agent.planner import ASK_USER, Planner
from agent.previews import small_jpeg
from agent.recalling import remembered
from agent.replying import Reply, canned_question, cited, quoted, reply_messages
from agent.state import MAX_EVIDENCE, MAX_PASSAGE, MAX_SOURCES, MAX_TEXT, State, Step, Turn, turn_number
from memory.memories.recall import Recall
from memory.memories.store import Memories
from memory.refs import ImageRef
from runtime.errors import Cancelled, VistalkError
from runtime.presets import Preset
from runtime.queueing import telling
from runtime.vlm.base import VisionChatModel, token_counts
from tools.base import Tool, ToolContext, ToolResult, Trust
from tools.wording import line

MEMORY = ("remember", "recall", "forget")

Graph = CompiledStateGraph[State, Turn, State, State]


class Node(Protocol):
    """Reads the state and returns what it adds."""

    def __call__(self, state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Run it."""


class Nodes:
    """The nodes, over one model, its preset and a set of tools.

    `budget` bounds what is read again. `recall` finds memories before a turn is planned; `learns` keeps what the person
    states. Either of these may be None.
    """

    def __init__(
        self,
        model: VisionChatModel,
        preset: Preset,
        tools: Mapping[str, Tool[Any]],
        budget: Budget,
        recall: Recall | None = None,
        learns: Memories | None = None,
    ) -> None:
        self._budget = budget
        self._recall = recall
        self._learns = learns
        self._model = model
        self._preset = preset
        self._tools = tools
        self.planner = Planner(model, tools, briefly=preset.plans_briefly)

    def recall(self, state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Bring to mind what was told and shown before, where the model writes the reply itself."""
        turn = runtime.context

        def bring(sha256: str, name: str) -> ImageRef:
            ref, fresh = turn.bring(state["images"], sha256, name)
            if fresh:
                runtime.stream_writer(ImageAdded(ref.to_dict(), origin="recall"))
            return ref

        if self._recall is not None:
            turn.remembered = remembered(self._recall, turn.words, bring)
        return {"images": list(turn.kept)}

    def plan(self, state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Choose the next action."""
        plan = self.planner.plan(runtime.context.facts(state), runtime.context.cancel)
        step = len(state["steps"]) + 1
        runtime.stream_writer(Planned(step, plan.action, plan.arguments, plan.probabilities, plan.seconds))
        return {"plan": {"action": plan.action, "arguments": plan.arguments, "probabilities": plan.probabilities}}

    def route(self, state: State) -> str:
        """Act where a tool was chosen; else reply."""
        return "act" if state["plan"]["action"] in self._tools else "reply"

    def act(self, state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Run the tool. Where the model does not compose replies, the tool's words are the reply as they come."""
        turn, tool = runtime.context, self._tools[state["plan"]["action"]]
        number, given = len(state["steps"]) + 1, state["plan"]["arguments"]
        runtime.stream_writer(ToolStarted(number, tool.name, given))
        started, before = time.perf_counter(), len(turn.kept)

        def emit(text: str) -> None:
            runtime.stream_writer(ToolProgress(number, tool.name, text))
            if not self._preset.composes:
                if tool.quotes and not turn.spoken:
                    self._say(
                        prompts(turn.language).text_read.replace("{images}", _handles(given)) + "\n\n",
                        runtime,
                    )
                self._say(quoted(text) if tool.quotes else text, runtime)

        def added(ref: ImageRef, fresh: bool) -> ImageRef:
            if fresh:
                runtime.stream_writer(ImageAdded(ref.to_dict(), origin=tool.name))
            return ref

        facts = turn.facts(state)
        meant = [handle for handle in facts.meant if handle in turn.images]
        context = ToolContext(
            images=turn.images,
            emit=emit,
            cancel=turn.cancel,
            language=turn.language,
            keep=lambda data, name: added(*turn.keep(state["images"], data, name)),
            draw=lambda image, made: added(*turn.draw(state["images"], image, made)),
            preview=lambda fraction, image: runtime.stream_writer(
                Preview(number, tool.name, fraction, small_jpeg(image) if image else "")
            ),
            bring=lambda sha256, name: added(*turn.bring(state["images"], sha256, name)),
            shown=meant if facts.pointed else turn.new,
            about=next(iter([*meant, *reversed(turn.images)]), ""),
            thread=turn.thread,
            turn=turn_number(state),
            sampling=turn.sampling,
        )
        result, error = ToolResult(""), ""
        try:
            result = tool.run(tool.arguments(**given), context)
        except Cancelled:
            raise
        except VistalkError as failure:
            if not self._preset.composes:
                raise
            error = failure.message
        step = _step(state["plan"], result, time.perf_counter() - started, error)
        runtime.stream_writer(
            ToolFinished(
                number,
                tool.name,
                step["seconds"],
                result.text,
                result.trust,
                result.evidence_json(),
                list(result.images),
                result.confidence,
                error,
                list(result.scores),
                result.sources_json(),
                result.drawn,
            )
        )
        return {"steps": [*state["steps"], step], "images": turn.kept[before:]}

    def again(self, state: State, runtime: Runtime[Turn]) -> str:
        """Plan again while calls are left and the model composes; else reply."""
        left = runtime.context.calls - len(state["steps"])
        return "plan" if self._preset.composes and left > 0 else "reply"

    def reply(self, state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        """Stream the reply, and keep it with what it rests on."""
        reply = self._reply(state, runtime)
        self._learn(state, runtime)
        message = AIMessage(
            content=runtime.context.text,
            additional_kwargs={
                "steps": state["steps"],
                "confidence": reply.confidence,
                "citations": reply.citations,
                "usage": reply.usage,
                "finish": reply.finish,
                "seconds": runtime.context.seconds,
                "remembered": runtime.context.remembered,
            },
        )
        return {"messages": [message]}

    def _reply(self, state: State, runtime: Runtime[Turn]) -> Reply:
        turn, steps = runtime.context, state["steps"]
        texts = prompts(turn.language)
        if steps and not self._preset.composes:
            last = steps[-1]
            if not turn.spoken:
                nothing = texts.nothing_read if self._tools[last["tool"]].quotes else texts.nothing_said
                self._say(nothing.replace("{images}", ", ".join(last["images"])), runtime)
            elif self._doubts(last):
                self._say(f"\n\n{texts.unsure}", runtime)
            return Reply(last["confidence"], last["images"], last["usage"], last["finish"])
        facts = turn.facts(state)
        asking = state["plan"]["action"] == ASK_USER
        if asking and (facts.missing or facts.beyond or not self._preset.composes):
            self._say(canned_question(facts), runtime)
            return Reply()
        instruction = texts.ask_user_instruction if asking else ""
        messages, shown = reply_messages(state, turn, facts, self._preset, self._budget, instruction)
        return self._generate(messages, cited(shown, steps), runtime)

    def _learn(self, state: State, runtime: Runtime[Turn]) -> None:
        """Keep what the person states, and say so; a turn that was about memories says what it kept itself."""
        turn = runtime.context
        if self._learns is None or state["plan"]["action"] in MEMORY:
            return
        learned = learn(self._learns, turn.words, turn.thread, turn_number(state))
        if learned:
            what = " ".join(f"“{line(memory.text)}”" for memory in learned)
            self._say("\n\n" + prompts(turn.language).learned.replace("{what}", what), runtime)

    def _doubts(self, step: Step) -> bool:
        sure = step["confidence"]
        return self._tools[step["tool"]].answers and sure is not None and sure < self._preset.unsure_below

    def _generate(self, messages: list[BaseMessage], rests_on: list[str], runtime: Runtime[Turn]) -> Reply:
        said = None
        for chunk in self._model.stream(messages, cancel=runtime.context.cancel, **runtime.context.sampling):
            said = chunk if said is None else said + chunk
            if chunk.text:
                self._say(str(chunk.text), runtime)
        if said is None:
            return Reply()
        metadata = said.response_metadata
        return Reply(metadata.get("confidence"), rests_on, token_counts(said), metadata.get("finish_reason", "stop"))

    @staticmethod
    def _say(text: str, runtime: Runtime[Turn]) -> None:
        runtime.context.spoken.append(text)
        runtime.stream_writer(Token(text))


def build(nodes: Nodes, saver: Any) -> Graph:
    """Compile the graph over a checkpoint saver."""
    graph = StateGraph(State, context_schema=Turn)
    graph.add_node("recall", _heard(nodes.recall))
    graph.add_node("plan", _heard(nodes.plan))
    graph.add_node("act", _heard(nodes.act))
    graph.add_node("reply", _heard(nodes.reply))
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "plan")
    graph.add_conditional_edges("plan", nodes.route, ["act", "reply"])
    graph.add_conditional_edges("act", nodes.again, ["plan", "reply"])
    graph.add_edge("reply", END)
    return graph.compile(checkpointer=saver)


def _heard(node: Node) -> Node:
    """The node; where it waits for a model that others use, it tells how many are served before."""

    def heard(state: State, runtime: Runtime[Turn]) -> dict[str, Any]:
        with telling(lambda ahead: runtime.stream_writer(Queued(ahead))):
            return node(state, runtime)

    return heard


def _handles(arguments: dict[str, Any]) -> str:
    named = arguments.get("images") or arguments["image"]
    return named if isinstance(named, str) else ", ".join(named)


def _step(plan: dict[str, Any], result: ToolResult, seconds: float, error: str) -> Step:
    return Step(
        tool=plan["action"],
        arguments=plan["arguments"],
        probabilities=plan["probabilities"],
        seconds=seconds,
        text="" if result.sources else result.text[:MAX_TEXT],
        trust=Trust(result.trust).value,
        evidence=result.evidence_json()[:MAX_EVIDENCE],
        images=list(result.images),
        scores=list(result.scores),
        sources=[{**source, "text": source["text"][:MAX_PASSAGE]} for source in result.sources_json()[:MAX_SOURCES]],
        confidence=result.confidence,
        usage=dict(result.usage),
        finish=result.finish,
        error=error,
        drawn=result.drawn,
        untranslated=result.untranslated[:MAX_TEXT],
    )
