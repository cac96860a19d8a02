"""Every rule by its id: how bad, what it says, what a client suffers, and what `--write` does.

An error makes a client wrong or leaks something; a warning makes it worse; a note is advice. The ids
are stable. `docs/doctor-rules.md` is made from this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from sdkpress.diagnostics import Severity
from sdkpress.doctor.findings import Rule

__all__ = ["RULES"]

_NOTE, _WARNING, _ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR

RULES: Mapping[str, Rule] = {
    # Operations (operations.py)
    "missing-operation-id": Rule(
        _WARNING,
        "An operation has no operationId",
        "The method's name comes from path and HTTP method alone, and changes when the path does.",
        "Gives it the name that the generated method has.",
    ),
    "opaque-operation-id": Rule(
        _WARNING,
        "An operationId says nothing",
        "Generators that go by it make methods nobody can read; the name comes from the path.",
        "Replaces it by the name that the generated method has.",
    ),
    "duplicate-operation-id": Rule(
        _WARNING,
        "Two operations have the same operationId",
        "One of the two methods gets a number, and links cannot tell them apart.",
        "Gives the later one the name that the generated method has.",
    ),
    "inconsistent-operation-ids": Rule(
        _NOTE,
        "OperationIds are written in different styles",
        "Methods of one resource are named by different habits.",
    ),
    "undescribed-operation": Rule(
        _NOTE,
        "An operation has neither summary nor description",
        "The method has no docstring: editors and reference have nothing to show.",
    ),
    "deprecated-without-hint": Rule(
        _NOTE,
        "Something is deprecated, and nothing says what to use instead",
        "The warning that callers see leaves them without a next step.",
    ),
    "replay-unstated": Rule(
        _NOTE,
        "Operations that change something take no idempotency key",
        "A request whose connection broke is not sent again: the caller has to find out what happened.",
    ),
    "computing-post": Rule(
        _NOTE,
        "A POST that seems to compute something does not say that it can be repeated",
        "A request whose connection broke is not sent again, though that would do no harm.",
        "Adds `x-sdkpress-replay: safe`.",
    ),
    "body-of-read": Rule(
        _NOTE,
        "A GET or HEAD has a request body",
        "HTTP gives such a body no meaning; proxies and servers may drop it.",
    ),
    "ambiguous-paths": Rule(
        _WARNING,
        "Two paths are the same but for the names of their parameters",
        "Both methods send the same request; which operation answers is up to the server.",
    ),
    # Parameters (parameters.py)
    "optional-path-parameter": Rule(
        _WARNING,
        "A path parameter is not required",
        "Without it there is no URL; other tools refuse the document.",
        "Sets `required: true`.",
    ),
    "parameter-without-schema": Rule(
        _WARNING,
        "A parameter or header has neither schema nor content",
        "The argument takes anything, and nothing says how it is written.",
    ),
    "credential-as-parameter": Rule(
        _WARNING,
        "A parameter is a credential",
        "Every call takes the key as an argument, and it may end up in logs; a security scheme is "
        "given once, to the client.",
    ),
    "parameter-name-clash": Rule(
        _NOTE,
        "Two parameters of an operation have the same name in different places",
        "One of the two arguments gets a longer name.",
    ),
    # Answers (errors.py)
    "undocumented-errors": Rule(
        _WARNING,
        "An operation documents no errors",
        "An exception has no typed body: callers have to guess what an error looks like.",
        "Adds the error that other operations have, or that of the chat completions protocol.",
    ),
    "error-without-schema": Rule(
        _NOTE,
        "An error has no body",
        "The exception of this status has no typed body.",
        "Adds the error schema that the other errors share.",
    ),
    "differing-errors": Rule(
        _NOTE,
        "Errors have different shapes",
        "Code that handles errors in one place has to know all of them.",
    ),
    "undocumented-unauthorized": Rule(
        _NOTE,
        "Operations need a credential and do not document 401",
        "What a caller with a wrong key is told is not typed.",
    ),
    "no-successful-answer": Rule(
        _WARNING,
        "An operation has no successful answer",
        "The method returns nothing of use, whatever the server sends.",
    ),
    "untyped-answer": Rule(
        _WARNING,
        "A successful JSON answer has no schema",
        "The method returns `Any`: no completion, no checks.",
    ),
    "answer-without-content": Rule(
        _NOTE,
        "A GET answers 200 without content",
        "The method returns None, though a read usually has something to say.",
    ),
    "retry-after-undeclared": Rule(
        _NOTE,
        "An answer 429 or 503 does not declare `Retry-After`",
        "Readers of the document do not learn that waiting is told by the server.",
        "Declares the header of RFC 9110.",
    ),
    # Streams (streams.py)
    "chunk-as-answer": Rule(
        _ERROR,
        "The schema of an answer is that of a piece of a stream",
        "The plain call returns the type of a chunk: what a caller wants to read is not in it.",
        "Makes one schema of the piece and one of the whole, and describes the stream.",
    ),
    "undeclared-stream": Rule(
        _ERROR,
        "A request can ask for a stream that no answer describes",
        "With `stream` the server sends events where the client expects one JSON value.",
    ),
    "untyped-stream": Rule(
        _WARNING,
        "A stream does not say what its items are",
        "The items are plain text or `Any`.",
    ),
    "stream-without-item-schema": Rule(
        _NOTE,
        "A stream has a `schema` and no `itemSchema`",
        "The `schema` of a stream is that of the whole; OpenAPI 3.2 describes the items by `itemSchema`.",
    ),
    "stream-without-end": Rule(
        _NOTE,
        "Nothing says how an event stream ends",
        "A connection that breaks looks the same as a stream that is complete.",
    ),
    # Schemas (schemas.py)
    "untyped-schema": Rule(
        _NOTE,
        "A schema says nothing of its type",
        "The field is `Any`: no completion, no checks.",
        "Where an example or a default shows the type, adds it.",
    ),
    "open-object": Rule(
        _NOTE,
        "An object has no properties, and its example has",
        "The field is a plain dict: its members have no types.",
        "Adds the members of the example.",
    ),
    "untyped-array": Rule(
        _WARNING,
        "An array does not say what it holds",
        "The items are `Any`.",
    ),
    "null-in-enum": Rule(
        _WARNING,
        "An enum lists null, and its type does not allow it",
        "By the letter null is refused; validators and other clients fail on it.",
        "Lets the type be null.",
    ),
    "nullable-ignored": Rule(
        _WARNING,
        "`nullable` in OpenAPI 3.1 or later, which has no such keyword",
        "Null is not allowed, though the document wants it to be.",
        "Adds null to the type.",
    ),
    "nullable-without-type": Rule(
        _NOTE,
        "`nullable` without a `type` beside it",
        "By OpenAPI 3.0.3 it has no effect there; tools disagree.",
    ),
    "inconsistent-null": Rule(
        _NOTE,
        "Of two properties of the same type one may be null",
        "Where the server sends null for the other too, the value does not fit its type.",
        "Lets the other be null, too.",
    ),
    "required-undefined": Rule(
        _WARNING,
        "A required property is not described",
        "The model has no such attribute, and no request can be valid without a look at the document.",
    ),
    "impossible-limits": Rule(
        _ERROR,
        "Limits that no value fits",
        "Every request is refused by whoever checks it.",
    ),
    "endless-schema": Rule(
        _ERROR,
        "A schema requires itself",
        "No finite value fits: no test data can be made, no request be valid.",
    ),
    "title-clash": Rule(
        _NOTE,
        "Different schemas have the same title",
        "Classes that are named by titles get a number.",
        "Removes the title where the schema has a name.",
    ),
    "title-differs": Rule(
        _NOTE,
        "The title of a schema is another name than its own",
        "Readers of the reference look for a class that is not there.",
        "Removes the title.",
    ),
    "inline-schema": Rule(
        _NOTE,
        "A schema that callers need by name is written inline",
        "Its class is named by its place, and changes its name when it moves.",
        "Moves it to the components, under the name that its class has now.",
    ),
    # Enums (enums.py)
    "growing-enum": Rule(
        _NOTE,
        "An enum that will grow",
        "A value that the server adds is not in the generated `Literal`: code that goes through all "
        "of them misses it. `x-extensible-enum` says that there will be more.",
    ),
    "narrower-enum": Rule(
        _NOTE,
        "A property takes fewer values than the same one of answers has",
        "What the server answered cannot be sent back.",
        "Adds the missing values.",
    ),
    # Formats (formats.py)
    "missing-format": Rule(
        _NOTE,
        "A string is a date, a UUID or the like and does not say so",
        "The field is `str` where it could be a `datetime`, a `date` or a `UUID`.",
        "Where examples or the description show it, adds the format.",
    ),
    "large-number": Rule(
        _WARNING,
        "A number beyond 2^53 without a format",
        "Readers of JSON that have floating-point numbers alone round it.",
        "Adds `int64`.",
    ),
    "imprecise-money": Rule(
        _NOTE,
        "An amount of money is a number of unknown precision",
        "The field is a float, which cannot hold 0.1 exactly; a string or an integer of cents can.",
    ),
    "binary-as-json": Rule(
        _WARNING,
        "Bytes are declared in JSON",
        "JSON holds no bytes: the client reads text where a file comes.",
    ),
    "any-media-type": Rule(
        _NOTE,
        "A body has the media type `*/*`",
        "The client cannot know how to write or read it.",
    ),
    # Unions (unions.py)
    "ambiguous-union": Rule(
        _NOTE,
        "Nothing tells two alternatives of an answer apart",
        "The client takes the first that fits, which may be the wrong one.",
    ),
    "missing-discriminator-property": Rule(
        _WARNING,
        "An alternative does not have the property of its discriminator",
        "The value that chooses the alternative may not be there.",
    ),
    # Examples (examples.py, secrets.py)
    "example-does-not-fit": Rule(
        _WARNING,
        "An example does not fit its schema",
        "One of the two is wrong: the fake server and the docs show what the API does not do, or "
        "the client refuses what it does.",
    ),
    "default-does-not-fit": Rule(
        _WARNING,
        "A default does not fit its own schema",
        "The default that callers read is not a value that they could send.",
    ),
    "required-not-shown": Rule(
        _WARNING,
        "Examples of an answer lack a required property",
        "The attribute is typed as always there; where the server leaves it out, code fails.",
        "Makes it optional.",
    ),
    "placeholder-example": Rule(
        _NOTE,
        "An example says nothing",
        "Docs and tests show a call that nobody would make.",
        "Removes the example.",
    ),
    "secret-in-example": Rule(
        _ERROR,
        "A credential that looks real stands in the document",
        "It is copied into docs, tests and the package. If it is real, revoke it.",
        "Puts REDACTED in its place.",
    ),
    # Lists (paging.py)
    "list-without-pages": Rule(
        _NOTE,
        "A list has neither pages nor a limit",
        "When it grows, one answer has to hold all of it.",
    ),
    "cursor-without-parameter": Rule(
        _WARNING,
        "An answer speaks of more pages, and no parameter asks for them",
        "Callers see the first page only.",
    ),
    # Servers and security (servers.py)
    "server-missing": Rule(
        _WARNING, "The document names no server", "Every caller has to give a `base_url`."
    ),
    "server-relative": Rule(
        _WARNING, "The only server has no host", "Every caller has to give a `base_url`."
    ),
    "server-local": Rule(
        _WARNING,
        "The first server is a local one",
        "A client without a `base_url` calls the caller's own machine.",
    ),
    "server-sample": Rule(
        _NOTE, "A server is a sample", "A client without a `base_url` reaches nobody."
    ),
    "server-invalid": Rule(_WARNING, "The URL of a server is no URL", "No request can be sent."),
    "server-plain-http": Rule(
        _WARNING,
        "A server is not encrypted",
        "Credentials are sent in the clear.",
    ),
    "security-undeclared": Rule(
        _WARNING,
        "Answers 401 are documented, and no credential is",
        "The client takes no key: callers have to set headers by hand.",
    ),
    "security-unstated": Rule(
        _NOTE,
        "The document names no credential",
        "If the API needs one, the client does not take it. `security: []` says that it needs none.",
    ),
    "security-unused": Rule(
        _WARNING,
        "A security scheme is declared, and nothing requires it",
        "The client does not send the credential.",
    ),
    # Components (components.py)
    "unused-component": Rule(
        _NOTE,
        "Nothing refers to a component",
        "It is generated, or left out, though no call has to do with it; often a reference is missing.",
    ),
}
