"""Importing packages that put another module in their own place, from several threads at once."""

from __future__ import annotations

from importlib import import_module


def whole(*packages: str) -> None:
    """Import packages, or wait until the thread that is importing them is done.

    transformers and diffusers put a lazy module in the place of their own at the end of their import. A thread that
    says `from transformers import …` while another one imports it is handed the module that was there before, which
    has no such name (ImportError); after this it is handed the lazy one.
    """
    for package in packages:
        import_module(package)
