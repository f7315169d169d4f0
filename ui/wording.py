"""Short lines about times and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

from ui.language import Texts
from ui.shown import Call, Shown


def ago(moment: datetime, now: datetime, texts: Texts) -> str:
    """How long before `now` a moment was, in words; the date where that is more than four weeks."""
    minutes = int((now - moment).total_seconds() // 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes < 1:
        return texts.times["now"]
    if hours < 1:
        return texts.times["minutes"].format(n=minutes)
    if days < 1:
        return texts.times["hours"].format(n=hours)
    if days == 1:
        return texts.times["yesterday"]
    return texts.times["days"].format(n=days) if days <= 28 else f"{moment.astimezone():%Y-%m-%d}"


def reply_facts(shown: Shown, texts: Texts) -> str:
    """What is known about a reply, in one line; empty where nothing is."""
    return _joined(
        texts,
        confidence=shown.confidence,
        seconds=shown.seconds,
        tokens=shown.usage.get("output"),
        handles=shown.citations,
    )


def call_facts(call: Call, texts: Texts) -> str:
    """What is known about a tool call, in one line."""
    return _joined(texts, confidence=call.confidence, seconds=call.seconds)


def chances(probabilities: dict[str, float]) -> str:
    """What the planner chose among, the likeliest first."""
    ordered = sorted(probabilities.items(), key=lambda item: -item[1])
    return " · ".join(f"{action} {percent(chance)} %" for action, chance in ordered)


def place(source: Mapping[str, Any], texts: Texts) -> str:
    """Where a passage stands: the file's name, the headings above it, the page."""
    page = "" if source["page"] is None else texts.facts["page"].format(page=source["page"])
    where = " › ".join(part for part in (PurePath(source["path"]).name, source["heading"]) if part)
    return ", ".join(part for part in (where, page) if part)


def similarity(score: float, texts: Texts) -> str:
    """How near a found picture is to what was looked for: a cosine."""
    return texts.facts["similarity"].format(score=f"{score:.2f}")


def file_size(size: int) -> str:
    """Bytes for a person: 512 B, 31 KB, 2.4 MB."""
    for unit, of in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= of:
            return f"{size / of:.1f} {unit}" if size < 10 * of else f"{size / of:.0f} {unit}"
    return f"{size} B"


def percent(fraction: float) -> str:
    """Whole percents; what is not nothing and not all is never shown as if it were."""
    rounded = f"{100 * fraction:.0f}"
    if rounded == "0" and fraction > 0:
        return "<1"
    return ">99" if rounded == "100" and fraction < 1 else rounded


def _joined(
    texts: Texts,
    *,
    confidence: float | None = None,
    seconds: float | None = None,
    tokens: int | None = None,
    handles: list[str] | None = None,
) -> str:
    parts = []
    if confidence is not None:
        parts.append(texts.facts["confidence"].format(percent=percent(confidence)))
    if seconds is not None:
        parts.append(texts.facts["seconds"].format(seconds=f"{seconds:.1f}"))
    if tokens is not None:
        parts.append(texts.facts["tokens"].format(tokens=tokens))
    if handles:
        parts.append(texts.facts["citations"].format(handles=", ".join(handles)))
    return " · ".join(parts)
