"""The same task on Ray: each worker opens a subject of its own, and takes a batch whenever it has none.

The cluster is the one that this process is connected to already, or this machine alone: then it listens on the
loopback address, shows no dashboard, reports to nobody, and lies in a folder that is gone at the end.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from evals.examiner import open_examiner
from evals.formats import Sample
from evals.records import Record
from runtime.errors import GenerationFailed, MissingDependency, VistalkError
from runtime.settings import Settings

if TYPE_CHECKING:
    from evals.runner import Plan

QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Read by Ray when it is imported: tell nobody, and stay on the loopback address, whatever the system."""

OBJECT_STORE = 128 * 2**20
"""Bytes for samples and records on their way."""


class Worker:
    """A subject in a process of its own."""

    def __init__(self) -> None:
        self._opened = ExitStack()

    def open(self, settings: Settings, plan: Plan) -> None:
        """Raises what `open_examiner` raises; an error in `__init__` would not arrive whole."""
        self._examiner = self._opened.enter_context(open_examiner(settings, plan))

    def records(self, samples: Sequence[Sample]) -> list[Record]:
        """Of one batch."""
        return list(self._examiner.records(samples))

    def close(self) -> None:
        """Close the subject: Ray ends a process without a word."""
        self._opened.close()


def on_ray(settings: Settings, plan: Plan, batches: Sequence[Sequence[Sample]], workers: int) -> Iterator[Record]:
    """The record of each sample, a batch at a time, as they come.

    Raises:
        MissingDependency: Ray is not installed.
        VistalkError: what a worker raised.
        GenerationFailed: a worker failed in another way, or died.
    """
    with cluster(workers) as (ray, folder):
        from ray.util import ActorPool

        own = ray.remote(num_cpus=1, runtime_env={"env_vars": {"TMPDIR": folder}})(Worker)
        actors = [own.remote() for _ in range(min(workers, len(batches)))]
        try:
            ray.get([actor.open.remote(settings, plan) for actor in actors])
            pool = ActorPool(actors)
            for records in pool.map_unordered(lambda actor, batch: actor.records.remote(batch), [*batches]):
                yield from records
            ray.get([actor.close.remote() for actor in actors])
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, VistalkError):
                raise cause from error
            raise GenerationFailed(f"A worker of Ray failed: {str(error).strip().splitlines()[-1]}") from error
        finally:
            for actor in actors:
                ray.kill(actor)


@contextmanager
def cluster(workers: int) -> Iterator[tuple[Any, str]]:
    """Ray, with a cluster, and a folder for what its workers keep while they run."""
    os.environ.update(QUIET)
    try:
        import ray
    except ImportError as error:
        raise MissingDependency(
            "The engine ray needs the package ray.", hint="Install it with `pip install 'vistalk[ray]'`."
        ) from error
    with TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:  # a socket's path must be short
        if ray.is_initialized():
            yield ray, folder
            return
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE,
            logging_level=logging.ERROR,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        try:
            yield ray, folder
        finally:
            ray.shutdown()
