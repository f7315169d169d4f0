# ruff: noqa: A002 - an id is called id
"""Finding by words: SQLite's FTS5 ranks passages and picture words with BM25, English and Chinese alike.

Chinese is written without spaces, so its characters are indexed in overlapping pairs: 退货期限 as 退货, 货期, 期限,
and 限 alone. A query looks for its pairs and, since many words are one character (带狗, "bring a dog", is two), for
each character where it begins a pair or ends a run, which is wherever it stands. English is stemmed by FTS5's own
"porter", and accents and capitals do not matter.

Every function works inside the caller's transaction. The rareness of a word is judged over all users' texts of a
kind; nothing else of one user's reaches another's results.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    Kind = Literal["passage", "picture", "thread"]

TITLE_WEIGHT = 1.5
"""What a word in a title counts, in words of the body."""
MAX_TERMS = 32
"""Most different words of a query; the rest of a longer one is passed over."""

_TABLES: dict[Kind, str] = {"passage": "passage_words", "picture": "picture_words", "thread": "thread_words"}
_LIBRARY: tuple[Kind, ...] = ("passage", "picture")
_MAX_QUERY = 2_000  # characters
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}](?:\s?[{_HAN}])*")  # a line's end in the middle of a word is no end of the word
_STOP_WORDS = frozenset(
    "a about after again all also am an and any are as at be because been before being but by can could d did do"  # noqa: SIM905
    " does doing don down during each few for from further get had has have having he her here hers him his how i if in"
    " into is it its just let like ll m many may me might more most much must my no nor not now of off on once one only"
    " or other our ours out over own please re s same shall she should so some still such t tell than that the their"
    " them then there these they this those through to too under until up us ve very want was we were what when where"
    " which while who whom whose why will with would yet you your yours".split()
)
_STOP_HAN = re.compile(
    "什么|怎么|怎样|如何|多少|多久|哪里|哪些|可以|能否|是否|是不是|有没有|请问|我们|你们|他们|这个|那个|一个|[的了吗呢吧啊么呀]"
)


def create(connection: sqlite3.Connection, kinds: Iterable[Kind] = _LIBRARY) -> None:
    """Make the tables of these kinds of texts where they are missing."""
    connection.execute(
        """CREATE TABLE IF NOT EXISTS lexical (
            row INTEGER PRIMARY KEY, kind TEXT NOT NULL, user TEXT NOT NULL, id TEXT NOT NULL,
            UNIQUE (kind, user, id)
        )"""
    )
    for kind in kinds:
        connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {_TABLES[kind]}"
            " USING fts5(title, body, tokenize='porter unicode61 remove_diacritics 2')"
        )


def put(connection: sqlite3.Connection, kind: Kind, user: str, id: str, title: str, body: str) -> None:
    """Index a text, in place of the one that this user has under this id; `title` weighs more than `body`."""
    drop(connection, kind, user, [id])
    row = connection.execute("INSERT INTO lexical (kind, user, id) VALUES (?, ?, ?)", (kind, user, id)).lastrowid
    connection.execute(
        f"INSERT INTO {_TABLES[kind]} (rowid, title, body) VALUES (?, ?, ?)",  # noqa: S608 - a constant
        (row, terms(title), terms(body)),
    )


def drop(connection: sqlite3.Connection, kind: Kind, user: str, ids: Iterable[str]) -> None:
    """Remove texts; ids that are not there are passed over."""
    for name in ids:
        gone = connection.execute(
            "DELETE FROM lexical WHERE kind = ? AND user = ? AND id = ? RETURNING row", (kind, user, name)
        ).fetchall()
        connection.executemany(f"DELETE FROM {_TABLES[kind]} WHERE rowid = ?", gone)  # noqa: S608 - a constant


def drop_user(connection: sqlite3.Connection | sqlite3.Cursor, user: str) -> None:
    """Remove all texts of a user, without a trace."""
    for kind, table in _TABLES.items():
        rows = connection.execute("SELECT row FROM lexical WHERE kind = ? AND user = ?", (kind, user)).fetchall()
        if rows:  # else the table may be in another database
            connection.executemany(f"DELETE FROM {table} WHERE rowid = ?", rows)  # noqa: S608 - a constant
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - a constant


def scrub(connection: sqlite3.Connection, kinds: Iterable[Kind] = _LIBRARY) -> None:
    """Take the last traces of dropped and replaced texts out of the index; once after many of them.

    FTS5 only marks words as deleted until it merges its segments. The bytes are gone from the file when, besides,
    `PRAGMA secure_delete` is on for the connection and the write-ahead log was emptied after the commit.
    """
    for table in (_TABLES[kind] for kind in kinds):
        # Not FTS5's own "secure-delete" option, which SQLite before 3.42 does not have.
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - a constant


def ranked(connection: sqlite3.Connection, kind: Kind, user: str, words: str, most: int) -> list[str]:
    """Ids of at most `most` of this user's texts that hold any of the words, best first; see `scored`."""
    return list(scored(connection, kind, user, words, most))


def scored(connection: sqlite3.Connection, kind: Kind, user: str, words: str, most: int) -> dict[str, float]:
    """The same with their BM25, above 0, by id.

    Empty when nothing fits, and when the words are only such as every text holds.
    """
    query = _query(words)
    if not query:
        return {}
    table = _TABLES[kind]
    rows = connection.execute(
        f"""SELECT id, -bm25({table}, {TITLE_WEIGHT}, 1.0) AS score FROM {table} JOIN lexical ON row = {table}.rowid
        WHERE {table} MATCH ? AND user = ? ORDER BY score DESC, row LIMIT ?""",  # noqa: S608
        (query, user, most),
    )
    return dict(rows.fetchall())


def terms(text: str) -> str:
    """A text as it is indexed: small letters, one form for each character, Chinese in pairs."""

    def pairs(run: re.Match[str]) -> str:
        together = "".join(run[0].split())
        return f" {' '.join([*_pairs(together), together[-1]])} "

    plain = unicodedata.normalize("NFKC", text).lower().encode("utf-8", "ignore").decode()
    return _RUN.sub(pairs, plain)


def keywords(text: str) -> Iterator[str]:
    """What a text is about, as small letters: its words that not every text holds, Chinese as pairs and characters."""
    plain = unicodedata.normalize("NFKC", text[:_MAX_QUERY]).lower()
    plain = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    for word in _RUN.sub(lambda run: f" {_STOP_HAN.sub(' ', run[0])} ", plain).split():
        if _RUN.fullmatch(word):
            yield from (*_pairs(word), *word)
        elif word not in _STOP_WORDS:
            yield word


def _query(words: str) -> str:
    """An FTS5 query for any of the words; everything that FTS5 could take for an operator stands in quotes."""
    return " OR ".join(islice(dict.fromkeys(map(_phrase, keywords(words))), MAX_TERMS))


def _phrase(word: str) -> str:
    """A single Chinese character begins a pair, or ends a run."""
    return f'"{word}" *' if len(word) == 1 and _RUN.fullmatch(word) else f'"{word}"'


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
