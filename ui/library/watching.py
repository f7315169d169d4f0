"""How indexing goes and what it came to, on the page."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import streamlit as st

from memory.library.records import Failure, Outcome, Progress
from runtime.errors import EncoderChanged, LibraryDamaged, VistalkError
from ui.faults import failure
from ui.language import Language, Texts
from ui.librarian import Indexing
from ui.library.indexing import Indexer, Run
from ui.safe import literal

POLL = 0.5
"""Seconds between looks at an indexing under way."""

SHOWN_FAILURES = 100

COUNTS = ("new", "changed", "unchanged", "removed", "failed")


def draw_run(indexer: Indexer, words: Texts) -> None:
    """The indexing under way, or what the last one came to."""
    run = indexer.run
    if run is None:
        return
    with st.container(border=True, key="indexing"):
        if not run.over:
            _follow(run, run.begun, words)
            st.button(words.stop, icon=":material/stop_circle:", key="stop", on_click=run.stop)
            return
        if run.failure:
            trouble(run.failure, indexer, words)
        if run.outcome:
            _draw_outcome(run.outcome, words)
        st.button(words.library["dismiss"], key="dismiss", type="tertiary", on_click=indexer.dismiss)


def trouble(error: VistalkError, indexer: Indexer, words: Texts) -> None:
    """What went wrong; where the index does not fit the encoder any more, a button that makes it anew."""
    failure(error, words)
    if isinstance(error, EncoderChanged | LibraryDamaged):
        st.button(
            words.library["all_anew"],
            key=f"anew-{error.code}",
            icon=":material/refresh:",
            disabled=indexer.busy,
            on_click=start,
            args=(indexer, Indexing(again=True), words),
        )


def start(indexer: Indexer, request: Indexing, words: Texts) -> None:
    """Begin to index, or say that this must wait."""
    if not indexer.start(request):
        st.toast(words.library["busy"], icon=":material/hourglass_top:")


@st.fragment(run_every=POLL)
def _follow(run: Run, begun: bool, words: Texts) -> None:
    """Drawn again and again; the whole page once something is indexed that it can show, and once it is over."""
    if run.over or run.begun != begun:
        st.rerun()
    said, progress = words.library, run.progress
    if progress is None:
        st.progress(0.0, text=said["looking"])
        return
    share = progress.done / progress.total if progress.total else 0.0
    st.progress(share, text=_pace(progress, run.rate, words))
    st.caption(" · ".join(part for part in (_counts(progress, words), literal(progress.path)) if part))


def _pace(progress: Progress, rate: float, words: Texts) -> str:
    """How much is done, how fast, and how long the rest takes at that."""
    said = words.library
    parts = [said["files_done"].format(done=f"{progress.done:,}", total=f"{progress.total:,}")]
    if rate:
        left = _duration((progress.total - progress.done) / rate, words)
        parts += [said["rate"].format(rate=f"{rate:.1f}"), said["left"].format(time=left)]
    return " · ".join(parts)


def _duration(seconds: float, words: Texts) -> str:
    """A length of time, roughly."""
    if seconds < 90:
        return words.library["seconds"].format(n=f"{seconds:.0f}")
    minutes = seconds / 60
    if minutes < 90:
        return words.library["minutes"].format(n=f"{minutes:.0f}")
    return words.library["hours"].format(n=f"{minutes / 60:.1f}")


def _counts(counted: Progress | Outcome, words: Texts) -> str:
    """What was new, changed, and so on; what there was none of is left out."""
    return " · ".join(f"{words.library[name]} {number:,}" for name in COUNTS if (number := getattr(counted, name)))


@cache
def causes(language: Language) -> dict[str, str]:
    """A sentence for each cause of a failure; none in English, in which the failures speak themselves."""
    if language == "en":
        return {}
    text = files("ui").joinpath("texts", f"causes.{language}.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def why(failure: Failure, language: Language) -> str:
    """Why something was not indexed; a translated sentence is followed by the English, which has names and numbers."""
    said = causes(language).get(failure.cause)
    return f"{said}（{failure.reason}）" if said else failure.reason


def _draw_outcome(outcome: Outcome, words: Texts) -> None:
    said = words.library
    title = said["cancelled"] if outcome.cancelled else said["finished"]
    facts = [
        said["files_done"].format(done=f"{outcome.done:,}", total=f"{outcome.total:,}"),
        _duration(outcome.seconds, words),
        _counts(outcome, words) or said["nothing_new"],
    ]
    st.markdown(f"**{title}**  \n{' · '.join(facts)}")
    if outcome.failures:
        with st.expander(said["failures"].format(n=f"{len(outcome.failures):,}"), icon=":material/warning:"):
            for one in outcome.failures[:SHOWN_FAILURES]:
                st.markdown(f"{literal(one.path)}  \n:gray[{literal(why(one, words.language))}]")
            if (more := len(outcome.failures) - SHOWN_FAILURES) > 0:
                st.caption(said["more_failures"].format(n=f"{more:,}"))
