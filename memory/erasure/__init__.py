"""Erasing for good: a conversation, a turn, a picture, a memory, a user or everything, and proving it byte by byte."""
