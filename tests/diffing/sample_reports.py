"""A report made by hand, with one change of every kind, that the tests of all formats share."""

from __future__ import annotations

from dataclasses import replace

from sdkpress.diffing.changes import (
    Axis,
    BrokenCall,
    Change,
    Place,
    Report,
    Verdict,
    sorted_changes,
    worst,
)

OLD = """\
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - name: limit
          in: query
          schema: {type: integer}
        - name: tag
          in: query
          schema: {type: string, maxLength: 100}
      responses:
        "200": {description: Every pet.}
    delete:
      operationId: purgePets
      responses:
        "204": {description: Gone.}
components:
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string}
"""

NEW = """\
openapi: 3.1.0
info: {title: Pets, version: 1.1.0}
paths:
  /pets:
    get:
      operationId: listPets
      parameters:
        - name: tag
          in: query
          schema: {type: string, maxLength: 50}
        - name: cursor
          in: query
          schema: {type: string}
      responses:
        "200": {description: Every pet.}
components:
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: [string, "null"]}
"""

LIST = "/paths/~1pets/get"


def place(file: str, text: str, line: str, pointer: str) -> Place:
    """The place of the first line of `text` that contains `line`."""
    number = next(n for n, shown in enumerate(text.split("\n"), 1) if line in shown)
    return Place(file, number, pointer)


def report(changes: tuple[Change, ...] | None = None, **settings: object) -> Report:
    """The report of `changes`, by default of the sample's; other fields by name."""
    changes = sorted_changes(sample_changes() if changes is None else changes)

    def on(axis: Axis) -> tuple[Change, ...]:
        return tuple(change for change in changes if change.axis == axis)

    made = Report(
        old="old.yaml",
        new="new.yaml",
        client="Pets",
        package="pets_client",
        verdict=Verdict(worst(on("wire")), worst(on("runtime")), worst(on("typing")), "minor"),
        changes=changes,
        callers=None,
        old_version="0.1.0",
        new_version="0.2.0",
    )
    return replace(made, **settings)  # type: ignore[arg-type]


def old_place(line: str, pointer: str) -> Place:
    return place("old.yaml", OLD, line, pointer)


def new_place(line: str, pointer: str) -> Place:
    return place("new.yaml", NEW, line, pointer)


def twins(change: Change) -> tuple[Change, Change]:
    """The change on both axes of Python."""
    return replace(change, axis="runtime"), replace(change, axis="typing")


def sample_changes() -> tuple[Change, ...]:
    limit = old_place("name: limit", f"{LIST}/parameters/0")
    name = "/components/schemas/Pet/properties/name"
    names = {"old": old_place("name: {type: string}", name)}
    names["new"] = new_place("name: {type: [string", name)
    return (
        Change(
            "request-parameter-removed",
            "wire",
            "risky",
            "the query parameter `limit` was removed",
            "GET /pets",
            old=limit,
            operations=("GET /pets",),
        ),
        *twins(
            Change(
                "python-parameter-removed",
                "runtime",
                "breaking",
                "`limit` was removed",
                "client.pets.list(limit)",
                old=limit,
                before="int | Unset",
            )
        ),
        *twins(
            Change(
                "python-operation-removed",
                "runtime",
                "breaking",
                "was removed",
                "client.pets.purge",
                old=old_place("delete:", "/paths/~1pets/delete"),
            )
        ),
        Change(
            "api-removed-without-deprecation",
            "wire",
            "breaking",
            "the operation was removed without a deprecation",
            "DELETE /pets",
            old=old_place("delete:", "/paths/~1pets/delete"),
            operations=("DELETE /pets",),
        ),
        Change(
            "request-parameter-max-length-decreased",
            "wire",
            "breaking",
            "the `maxLength` of the query parameter `tag` went from `100` to `50`",
            "GET /pets and 2 other operations",
            old=old_place("maxLength: 100", f"{LIST}/parameters/1/schema/maxLength"),
            new=new_place("maxLength: 50", f"{LIST}/parameters/0/schema/maxLength"),
            before="100",
            after="50",
            operations=("GET /owners", "GET /pets", "GET /shops"),
        ),
        Change(
            "python-field-type-changed",
            "typing",
            "breaking",
            "the type of `name` changed",
            "models.Pet.name",
            before="str",
            after="str | None",
            **names,
        ),
        *twins(
            Change(
                "python-parameter-added",
                "runtime",
                "compatible",
                "`cursor` was added",
                "client.pets.list(cursor)",
                cause="overlay",
                new=new_place("name: cursor", f"{LIST}/parameters/1"),
                after="str | Unset",
            )
        ),
        Change(
            "python-docstring-changed",
            "runtime",
            "compatible",
            "the description changed",
            "client.pets.list",
            cause="template",
        ),
    )


def with_callers() -> Report:
    """The sample, and three broken calls, one of which a type checker alone knows."""
    made = report()
    limit = next(change for change in made.changes if change.subject == "client.pets.list(limit)")
    name = next(change for change in made.changes if change.subject == "models.Pet.name")
    calls = (
        BrokenCall(
            "app/jobs.py",
            41,
            9,
            "`limit` was removed",
            "        pets = client.pets.list(limit=3)",
            limit,
        ),
        BrokenCall(
            "app/jobs.py", 57, 5, "`name` may be `None`", "    print(pet.name.upper())", name
        ),
        BrokenCall(
            "app/other.py", 3, 1, "Argument 1 has an incompatible type", "show(pet.name)", None
        ),
    )
    return replace(made, callers=calls, callers_folder="../app")
