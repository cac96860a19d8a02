"""A report of changes as text, JSON, Markdown, HTML and annotations."""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diffing.changes import Report
from sdkpress.diffing.reports.as_json import as_json
from sdkpress.diffing.reports.changelog import changelog_entry
from sdkpress.diffing.reports.github import github
from sdkpress.diffing.reports.markdown import markdown
from sdkpress.diffing.reports.text import text

__all__ = ["as_json", "changelog_entry", "github", "html", "markdown", "text"]


def html(report: Report, old_texts: Mapping[str, str], new_texts: Mapping[str, str]) -> str:
    """See `page.html`; templates are loaded by those alone who ask for a page."""
    from sdkpress.diffing.reports.page import html as page

    return page(report, old_texts, new_texts)
