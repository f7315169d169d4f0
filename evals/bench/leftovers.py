"""What must not be in a data directory that was just opened: things that nothing leads to, and names of nothing."""

from __future__ import annotations

from typing import Any

from agent.assistant import Assistant
from evals.bench.populating import Arithmetic, Filler
from memory.refs import ERASED
from runtime.errors import VistalkError

QUERIES = {
    "a checkpoint without a conversation": """SELECT DISTINCT thread_id FROM checkpoints
        WHERE thread_id NOT IN (SELECT user || '/' || id FROM threads)""",
    "a message without a conversation": """SELECT DISTINCT thread_id FROM links
        WHERE thread_id NOT IN (SELECT user || '/' || id FROM threads)""",
    "a vector without a memory": "SELECT id FROM memory_vectors WHERE id NOT IN (SELECT id FROM memories)",
    "a picture used by a conversation that is gone": """SELECT owner FROM picture_uses
        WHERE kind = 'thread' AND owner NOT IN (SELECT id FROM threads)""",
    "a picture used by a turn that is over": "SELECT owner FROM picture_uses WHERE kind = 'turn'",
    "a memory told in a conversation that is gone": """SELECT id FROM memories
        WHERE thread <> '' AND thread NOT IN (SELECT id FROM threads)""",
    "an erasure that is not over": "SELECT kind FROM erasures",
}


def leftovers(assistant: Assistant, filler: Filler) -> list[str]:
    """Every orphan and every dangling reference; the library is first brought in line with its files."""
    home = assistant.home
    found = []
    with home.conversations.saver.cursor(transaction=False) as cursor:
        for what, query in QUERIES.items():
            found += [f"{what}: {name}" for (name,) in cursor.execute(query).fetchall()]
        used = {sha256 for (sha256,) in cursor.execute("SELECT sha256 FROM picture_uses").fetchall()}
    stored = home.images.stored()
    found += [f"a file that nothing uses: {sha256}" for sha256 in stored - used]
    found += [f"a picture without a file: {sha256}" for sha256 in used - stored]
    for thread in home.conversations.list(limit=-1):
        for exchange in assistant.history(thread.id):
            for ref in exchange.images:
                if ref.sha256 != ERASED and not _opens(home.images, ref.sha256):
                    found.append(f"a picture of {thread.id} that cannot be opened: {ref.sha256}")
    found += [f"left half written: {path.name}" for path in (home.root / "images").rglob("*.part")]
    filler.files(0, 0)
    on_disk = {path.name for path in filler.album.iterdir()}
    kept = {text for thing in home.library.kept(home.user) for text in thing.texts if text in on_disk}
    found += [f"a file that is not indexed: {name}" for name in on_disk - kept]
    found += [
        f"an indexed thing without a vector: {thing.texts}"
        for thing in home.library.kept(home.user)
        if not thing.vectors or len(thing.vectors[0]) != 4 * Arithmetic.dimension
    ]
    found += [f"left of a rebuilding: {path.name}" for path in home.root.glob("chroma.*")]
    return found


def _opens(images: Any, sha256: str) -> bool:
    try:
        images.open(sha256)
    except VistalkError:
        return False
    return True
