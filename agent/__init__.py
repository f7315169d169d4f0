"""The LangGraph agent: state, plan, act, reply, and the events that everything else shows."""
