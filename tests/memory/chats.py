"""A graph that answers with the same words, to have something to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from memory.refs import ImageRef

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from memory.conversations import Conversations, Thread


class State(MessagesState):
    images: list[dict[str, Any]]
    last: Any


def graph(conversations: Conversations) -> Any:
    """The graph that answers with the same words, over these conversations."""
    return graph_over(conversations.saver)


def graph_over(saver: BaseCheckpointSaver[str]) -> Any:
    """The same over a saver."""
    made = StateGraph(State)
    made.add_node("reply", lambda state: {"messages": [AIMessage(f"You said {state['messages'][-1].content}")]})
    made.add_edge(START, "reply")
    made.add_edge("reply", END)
    return made.compile(checkpointer=saver)


def say(conversations: Conversations, thread: Thread, text: str, last: Any = None) -> dict[str, Any]:
    """One turn of it; the whole state after it."""
    compiled = graph(conversations)
    image = ImageRef("img1", "a" * 64, "image/png", 2, 1)
    turn: State = {"messages": [HumanMessage(text)], "images": [image.to_dict()], "last": last}
    config = conversations.config(thread.id)
    compiled.invoke(turn, config)
    return dict(compiled.get_state(config).values)


def texts(state: dict[str, Any]) -> list[str]:
    return [message.content for message in state["messages"]]
