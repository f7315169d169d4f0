"""The tasks: how each asks, reads the answer, scores one sample, and what it is compared with."""

from evals.tasks.base import Findings, Mark, Task
from evals.tasks.conversation import CONVERSATION
from evals.tasks.documents import DOCUMENTS
from evals.tasks.guessing import majority, question_only
from evals.tasks.injection import INJECTION
from evals.tasks.planning import PLANNING
from evals.tasks.questions import ANNOTATORS, QUESTIONS
from evals.tasks.recall import RECALL
from evals.tasks.retrieval import RETRIEVAL

TASKS = {task.name: task for task in (*QUESTIONS, PLANNING, CONVERSATION, INJECTION, RETRIEVAL, DOCUMENTS, RECALL)}

__all__ = ["ANNOTATORS", "TASKS", "Findings", "Mark", "Task", "majority", "question_only"]
