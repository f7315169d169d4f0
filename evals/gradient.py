"""The gradient attack as a condition: pictures changed a little so that this model's right answer becomes unlikely."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from evals.formats import Sample
from evals.subjects import BareModel, Subject
from evals.tasks import Task
from runtime.errors import BadSetting

STEPS = {"fgsm": 1, "pgd": 10}
"""The attacks, by how many steps they take."""


@dataclass(frozen=True)
class Attempt:
    """A sample that is about to be asked about: by which task, of whom, with what pictures and words."""

    task: Task
    sample: Sample
    subject: Subject
    pictures: Sequence[bytes]
    prompt: str


def weakened(attempt: Attempt, images: Sequence[Image.Image], kind: str, epsilon: int) -> list[bytes]:
    """The images' files, no value of which moved by more than `epsilon` of 255, after the attack on the clean answer.

    Who attacks knows what is right: where the clean answer is wrong already, or the attack would mend it, as it may
    where several answers count in part, the images are left as they are. So no score rises under attack.

    Raises:
        BadSetting: the subject is not a bare model on this machine.
        GenerationFailed, OutOfMemory
    """
    from runtime.vlm.chat import LocalVisionChatModel
    from runtime.vlm.gradient import attacked

    subject = attempt.subject
    if not isinstance(subject, BareModel) or not isinstance(subject.model, LocalVisionChatModel):
        raise no_weights()
    before = [png(image) for image in images]
    answer, score = _answered(attempt, before)
    if not answer or score == 0:
        return before
    with subject.model.pool.lease(subject.model.spec) as engine:
        changed = attacked(engine, images, attempt.prompt, answer, epsilon=epsilon, steps=STEPS[kind])
    after = [png(image) for image in changed]
    _, left = _answered(attempt, after)
    return before if score is not None and left is not None and left > score else after


def _answered(attempt: Attempt, pictures: Sequence[bytes]) -> tuple[str, float | None]:
    """What the subject says of the pictures, and its score: None where one answer has none of its own."""
    answer = attempt.subject.answer(pictures, attempt.prompt).text
    parsed = attempt.task.parse(answer, attempt.sample)
    return answer, 0.0 if parsed is None else attempt.task.score(parsed, attempt.sample)


def png(image: Image.Image) -> bytes:
    """The picture as a file that loses nothing."""
    stored = io.BytesIO()
    image.save(stored, "PNG", compress_level=1)
    return stored.getvalue()


def no_weights() -> BadSetting:
    """Why a subject cannot be attacked so."""
    return BadSetting(
        "A gradient attack needs the model's weights: it runs on a bare model on this machine.",
        hint="Leave the attacks out, or choose `--subject model` and a preset such as pocket.",
    )
