"""Finished runs as something to attach to a decision: one HTML file, Markdown, and the README's tables."""

from evals.report.contents import Report, build
from evals.report.markdown import as_markdown
from evals.report.page import as_html

__all__ = ["Report", "as_html", "as_markdown", "build"]
