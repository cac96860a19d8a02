"""The rows of the comparison: what each probe tries, and the test that holds the same of sdkpress in this repository."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ROWS", "Row", "cell"]


class Row(NamedTuple):
    """`test` is `file::function`, below `tests/`."""

    probe: str
    what: str
    test: str


ROWS = (
    Row(
        "operations",
        "Operations of the document in the client; one has a body of plain text, one a list in a header",
        "test_corpus.py::test_real_documents_are_usable",
    ),
    Row(
        "openapi_3_2",
        "The same document as OpenAPI 3.2",
        "test_supported.py::test_row",
    ),
    Row(
        "server",
        "Knows the server of the document",
        "unit/test_request_building.py::test_where_the_base_url_comes_from",
    ),
    Row(
        "key",
        "Takes the key from the environment",
        "behaviour/test_retrying.py::test_environment",
    ),
    Row(
        "both",
        "Sync and async in one package",
        "behaviour/test_life.py::test_many_at_once",
    ),
    Row(
        "streams",
        "`stream=True` gives typed events as they come",
        "behaviour/test_streams.py::test_items_arrive_as_they_are_sent",
    ),
    Row(
        "pages",
        "`for pet in list()` goes on past the first page",
        "behaviour/test_pagination.py::test_all_items_in_order",
    ),
    Row(
        "unknown_value",
        "An answer with an enum value that the document lacks",
        "behaviour/test_answers.py::test_unknown_enum_values_survive",
    ),
    Row(
        "unknown_field",
        "A field that the document lacks is kept, and sent back",
        "behaviour/test_answers.py::test_unknown_fields_at_three_depths_survive_quietly",
    ),
    Row(
        "null_object",
        "An answer with null where the document promises an object",
        "behaviour/test_answers.py::test_tool_calls_null_survives",
    ),
    Row(
        "union",
        "A union goes by its discriminator",
        "unit/test_unions.py::test_the_discriminator_decides",
    ),
    Row(
        "documented_error",
        "A documented 404 raises, with its typed body",
        "behaviour/test_answer_kinds.py::test_errors_have_the_body_of_their_status",
    ),
    Row(
        "other_error",
        "Status 529, which no document and no registry has, is an error with that status",
        "behaviour/test_answers.py::test_status_errors",
    ),
    Row(
        "retries",
        "A 503 is tried again",
        "behaviour/test_retrying.py::test_statuses_are_retried",
    ),
    Row(
        "defaults",
        "What the caller did not give is not sent",
        "test_comparison.py::test_the_page_tells_what_ours_does",
    ),
    Row(
        "deep_object",
        "A query parameter with `style: deepObject`",
        "unit/test_parameters.py::test_deep_object",
    ),
)


def cell(result: object) -> str:
    """What a probe returned, as the table has it: an exception is there by its name."""
    if result is True:
        return "yes"
    if result is False:
        return "no"
    text = str(result)
    is_error = text.isidentifier() and not text.islower()
    return f"no: `{text}`" if is_error else text
