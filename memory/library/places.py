"""Where Chroma keeps the vectors: in a folder that this process alone has open, or on a server that others may use too.

A folder's bytes are ours to clear. A server's are not: what is removed is deleted there, and what its disk still holds
of it nobody here can see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import httpx

from memory.library import rebuilding
from memory.library.kept import logged
from runtime.errors import BadSetting, SetupError

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration

DATABASE = "vistalk"
"""On a server whose address names no other."""

DATABASES = "/api/v2/tenants/default_tenant/databases"
"""Where a server makes them."""

PATIENCE = 60.0
"""Seconds that a server may take to answer; Chroma itself would wait for ever."""

SHORTEST = 3
"""Letters of a database's name, as Chroma wants them."""


class Place(Protocol):
    """Somewhere that Chroma keeps vectors.

    Attributes:
        key: equal for the same place.
        unseen: the place's address where its bytes cannot be looked through; else empty.
    """

    @property
    def key(self) -> Hashable: ...  # noqa: D102
    @property
    def unseen(self) -> str: ...  # noqa: D102
    def open(self) -> ClientAPI:
        """A client; the place is made where there is none."""

    def close(self, client: ClientAPI) -> None:
        """Let a client go."""

    def rebuild(self, client: ClientAPI, hnsw: CreateHNSWConfiguration) -> None:
        """Take the last traces of what was removed out of it, and let the client go."""

    def remove(self) -> None:
        """Remove it with all that is in it; nobody has it open."""

    def logged(self) -> dict[str, bytes]:
        """Vectors as they stand in its log, by their keys."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine. Methods raise DiskFull and SetupError where it cannot be written."""

    path: Path

    @property
    def key(self) -> Hashable:
        """See `Place`."""
        return self.path.absolute()

    @property
    def unseen(self) -> str:
        """See `Place`."""
        return ""

    def open(self) -> ClientAPI:
        """See `Place`."""
        rebuilding.settle(self.path)
        rebuilding.blank_unused(self.path)
        return rebuilding.client_of(self.path)

    def close(self, client: ClientAPI) -> None:
        """See `Place`."""
        client.close()  # type: ignore[attr-defined]
        rebuilding.blank_unused(self.path)

    def rebuild(self, client: ClientAPI, hnsw: CreateHNSWConfiguration) -> None:
        """See `Place`."""
        rebuilding.rebuild(self.path, client, hnsw)

    def remove(self) -> None:
        """See `Place`."""
        rebuilding.remove(self.path)

    def logged(self) -> dict[str, bytes]:
        """See `Place`."""
        return logged(self.path)


@dataclass(frozen=True, slots=True)
class Server:
    """A database of a Chroma server (`chroma run`), for one data directory; its methods raise SetupError."""

    host: str
    port: int
    secure: bool
    database: str

    @classmethod
    def of(cls, url: str) -> Server:
        """The database that an address names: `http://127.0.0.1:8000/shop`, or `DATABASE` where it names none.

        Raises:
            BadSetting: it is no such address.
        """
        hint = "chroma_url is http://HOST:PORT or http://HOST:PORT/DATABASE, the database in three letters or more."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadSetting(f"{url!r} is no address of a Chroma server.", hint=hint) from error
        database = parts.path.strip("/") or DATABASE
        named = len(database) >= SHORTEST and "/" not in database
        plain = not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not parts.hostname or not named or not plain:
            raise BadSetting(f"{url!r} is no address of a Chroma server.", hint=hint)
        secure = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if secure else 8000), secure, database)

    @property
    def key(self) -> Hashable:
        """See `Place`."""
        return self

    @property
    def unseen(self) -> str:
        """See `Place`."""
        return f"{self._root}/{self.database}"

    @property
    def _root(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"

    def open(self) -> ClientAPI:
        """See `Place`."""
        import chromadb
        from chromadb.config import Settings

        about = Settings(anonymized_telemetry=False)
        try:
            made = httpx.post(f"{self._root}{DATABASES}", json={"name": self.database})
            if made.status_code != httpx.codes.CONFLICT:  # it is there
                made.raise_for_status()
            client = chromadb.HttpClient(self.host, self.port, self.secure, settings=about, database=self.database)
        except Exception as error:  # an address where nothing or something else answers, and Chroma's own classes
            raise self.lost(error) from error
        for session in _sessions(client):
            session.timeout = PATIENCE
        return client

    def lost(self, error: Exception) -> SetupError:
        """That the server does not answer, for whoever reads it."""
        return SetupError(
            f"The Chroma server at {self.unseen} cannot be used: {error}",
            hint="Start it (`chroma run --path DIR`), or take chroma_url out of the settings and index again.",
        )

    def close(self, client: ClientAPI) -> None:
        """See `Place`."""
        _let_go(client)

    def rebuild(self, client: ClientAPI, hnsw: CreateHNSWConfiguration) -> None:  # noqa: ARG002 - nothing is made anew
        """What is removed is deleted on the server, which clears its disk when it likes."""
        self.close(client)

    def remove(self) -> None:
        """See `Place`."""
        client = self.open()
        try:
            for collection in client.list_collections():
                client.delete_collection(collection.name)
        finally:
            self.close(client)

    def logged(self) -> dict[str, bytes]:
        """Nothing: the log is the server's."""
        return {}


def place_of(folder: Path, url: str | None) -> Place:
    """The server of that address, or the folder where there is none.

    Raises:
        BadSetting: the address is none.
    """
    return Server.of(url) if url else Folder(folder)


def _sessions(client: ClientAPI) -> list[httpx.Client]:
    """The connections of a server's client and of the second client inside it, of which Chroma shows neither."""
    return [each._server._session for each in (client, client._admin_client)]  # type: ignore[attr-defined, union-attr]


def _let_go(client: ClientAPI) -> None:
    """Close a server's client with its connections, which Chroma's own `close` leaves to the garbage collector."""
    for session in _sessions(client):
        session.close()
    client.close()  # type: ignore[attr-defined]
