"""Vision-language models behind one LangChain chat model."""
