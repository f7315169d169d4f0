"""The graph of a turn: plan → act ↺ → reply. Each node reads state, tells events, returns what it adds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agent.events import ImageAdded, Planned, Token, ToolFinished, ToolProgress, ToolStarted
from agent.language import prompts
from agent.planner import ASK_USER, Planner
from agent.replying import Reply, canned_question, cited, quoted, reply_messages
from agent.state import MAX_EVIDENCE, MAX_PASSAGE, MAX_SOURCES, MAX_TEXT, State, Step, Turn
from memory.refs import ImageRef
from runtime.errors import Cancelled, VistalkError
from runtime.presets import Preset
from runtime.vlm.base import VisionChatModel, token_counts
from tools.base import Tool, ToolContext, ToolResult, Trust

Graph = CompiledStateGraph[State, Turn, State, State]


class Nodes:
    """The nodes, over one model, its preset and a set of tools."""

    def __init__(self, model: VisionChatModel, preset: Preset, tools: Mapping[str, Tool[Any]]) -> None:
        self._model = model
        self._preset = preset
        self._tools = tools
        self.planner = Planner(model, tools, by_likeness=preset.plans_by_likeness)

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

        def keep(data: bytes, name: str) -> ImageRef:
            ref, fresh = turn.keep(state["images"], data, name)
            if fresh:
                runtime.stream_writer(ImageAdded(ref.to_dict(), origin=tool.name))
            return ref

        context = ToolContext(images=turn.images, emit=emit, cancel=turn.cancel, language=turn.language, keep=keep)
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
        message = AIMessage(
            content=runtime.context.text,
            additional_kwargs={
                "steps": state["steps"],
                "confidence": reply.confidence,
                "citations": reply.citations,
                "usage": reply.usage,
                "finish": reply.finish,
                "seconds": runtime.context.seconds,
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
            return Reply(last["confidence"], last["images"], last["usage"], last["finish"])
        facts = turn.facts(state)
        asking = state["plan"]["action"] == ASK_USER
        if asking and (facts.missing or facts.beyond or not self._preset.composes):
            self._say(canned_question(facts), runtime)
            return Reply()
        instruction = texts.ask_user_instruction if asking else ""
        messages, shown = reply_messages(state, turn, facts, self._preset, instruction)
        return self._generate(messages, cited(shown, steps), runtime)

    def _generate(self, messages: list[BaseMessage], rests_on: list[str], runtime: Runtime[Turn]) -> Reply:
        said = None
        for chunk in self._model.stream(messages, cancel=runtime.context.cancel):
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
    graph.add_node("plan", nodes.plan)
    graph.add_node("act", nodes.act)
    graph.add_node("reply", nodes.reply)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", nodes.route, ["act", "reply"])
    graph.add_conditional_edges("act", nodes.again, ["plan", "reply"])
    graph.add_edge("reply", END)
    return graph.compile(checkpointer=saver)


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
    )
