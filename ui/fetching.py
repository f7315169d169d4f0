"""Bringing a preset's models to this machine in a thread of its own, while the chat goes on with another."""

from __future__ import annotations

import threading
from collections.abc import Callable

import streamlit as st

from runtime.errors import Cancelled, VistalkError
from runtime.models import Part, Progress, parts, present, pull
from runtime.presets import Preset, preset_of
from runtime.settings import Settings
from ui.background import Background

Pull = Callable[[Settings, Preset, Progress, Part], object]


class Fetch(Background):
    """One download, under way or over; where it is stopped, whole files that came are kept for the next time.

    Attributes:
        preset: whose models they are.
        doing: what is being done, in English: it names files and sizes.
        done: the fraction of all models that is here.
        stopped: whether a person ended it.
    """

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.preset = preset
        self.doing = ""
        self.done = 0.0
        self.stopped = False

    @property
    def came(self) -> bool:
        """Whether all of the preset's models are here."""
        return self.over and self.failure is None and not self.stopped

    def carry_out(self, settings: Settings, pull: Pull) -> None:
        """Fetch on this thread what is not here; whatever goes wrong becomes `failure`."""
        with self.failures_kept():
            try:
                wanted = parts(self.preset)
                total = sum(self._weight(part) for part in wanted)
                for part in wanted:
                    self._bring(settings, part, total, pull)
            except Cancelled:
                self.stopped = True
        self.finish()

    def _bring(self, settings: Settings, part: Part, total: float, pull: Pull) -> None:
        before, share = self.done, self._weight(part) / total

        def report(doing: str, done: float) -> None:
            if self._cancel.is_set():
                raise Cancelled
            self.doing, self.done = doing, before + share * done

        report("", 0.0)
        try:
            present(settings, self.preset, part)
        except VistalkError:
            pull(settings, self.preset, report, part)
            present(settings, self.preset, part)
        self.done = before + share

    def _weight(self, part: Part) -> float:
        """About how much of the whole a model is; a model of unknown size counts as one gigabyte."""
        return self.preset.download_gb.get(part, 1.0)


class Fetcher:
    """Fetches for this process, one preset at a time.

    Attributes:
        run: the last download, until it is dismissed.
    """

    def __init__(self, pull: Pull = pull) -> None:
        self._pull = pull
        self._guard = threading.Lock()
        self.run: Fetch | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being fetched."""
        run = self.run
        return run is not None and not run.over

    def start(self, settings: Settings, name: str) -> bool:
        """Begin to fetch a preset's models, and return at once; False where something is being fetched already."""
        with self._guard:
            if self.busy:
                return False
            chosen = settings if settings.preset == name else settings.model_copy(update={"preset": name})
            self.run = run = Fetch(preset_of(chosen))
        threading.Thread(target=run.carry_out, args=(chosen, self._pull), name="fetching", daemon=True).start()
        return True

    def dismiss(self) -> None:
        """Forget a download that is over."""
        with self._guard:
            if not self.busy:
                self.run = None

    def end(self) -> None:
        """Stop what is under way. Nobody waits for it: a file that is half here is taken up again the next time."""
        if run := self.run:
            run.stop()


@st.cache_resource(show_spinner=False, on_release=Fetcher.end)
def fetcher() -> Fetcher:
    """The one of this server process; it outlives the desk, which is opened anew when the settings change."""
    return Fetcher()
