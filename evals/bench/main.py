"""`vistalk models bench`: run benches, print their numbers beside their limits."""

from __future__ import annotations

import json
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from evals.bench import context, crowd, drawing, endurance, erasing, harness, house, kills, library, serving, threads
from evals.bench.report import Measure
from runtime.errors import BadSetting
from runtime.settings import Settings

BENCHES: dict[str, Callable[[Settings], list[Measure]]] = {
    "decode": serving.decode,
    "prefix": serving.prefix,
    "agent": house.agent,
    "growth": threads.growth,
    "threads": threads.threads,
    "context": context.context,
    "start": house.start,
    "memory": house.memory,
    "harness": harness.harness,
    "library": library.library,
    "drawing": drawing.drawing,
    "erasing": erasing.erasing,
    "kills": kills.kills,
    "endurance": endurance.endurance,
    "crowd": crowd.crowd,
}


def run_bench(settings: Settings, names: list[str], as_json: bool) -> int:
    """Run the named benches, all where none is named; returns 1 where a limit was missed, else 0.

    Raises:
        BadSetting: there is no bench of that name.
    """
    if unknown := [name for name in names if name not in BENCHES]:
        raise BadSetting(f"There is no bench {unknown[0]!r}.", hint=f"Choose from: {', '.join(BENCHES)}.")
    console = Console(stderr=as_json)
    results: dict[str, list[Measure]] = {}
    for name in names or BENCHES:
        with console.status(f"measuring {name} …"):
            results[name] = BENCHES[name](settings)
    if as_json:
        print(json.dumps({name: [m.to_json() for m in measures] for name, measures in results.items()}))  # noqa: T201
    else:
        console.print(table(results))
    return 0 if all(measure.passed for measures in results.values() for measure in measures) else 1


def table(results: dict[str, list[Measure]]) -> Table:
    """The measures beside their limits, for a terminal."""
    shown = Table("bench", "measure", "value", "limit", "", "note")
    for name, measures in results.items():
        for m in measures:
            limit = f"{'≥' if m.sense == 'least' else '≤'} {m.limit:g}" if m.limit is not None else ""
            verdict = "" if m.limit is None else "met" if m.passed else "MISSED"
            shown.add_row(name, m.name, f"{m.value:.3g} {m.unit}", limit, verdict, m.note)
    return shown
