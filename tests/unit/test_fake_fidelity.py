"""What the fake server takes and refuses: formats, XML, forms, keys, methods, preferences, deletions."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sdkpress.runtime.testing.app import FakeApp
from sdkpress.runtime.testing.bodies import NotReadable, read_body, write_body
from sdkpress.runtime.testing.exchanges import ReceivedRequest, Reply
from sdkpress.runtime.testing.formats import is_checked, is_format, sample_format
from sdkpress.runtime.testing.json_schema import SchemaRules
from sdkpress.runtime.testing.references import References
from sdkpress.runtime.testing.samples import Sampler

TAG = {"type": "object", "xml": {"name": "tag", "prefix": "t"}, "properties": {"n": {"type": "number"}}}  # fmt: skip
PET: dict[str, Any] = {
    "type": "object",
    "required": ["name", "photos"],
    "xml": {"name": "pet"},
    "properties": {
        "id": {"type": "integer", "format": "int32", "xml": {"attribute": True}},
        "name": {"type": "string"},
        "tags": {"type": "array", "xml": {"wrapped": True}, "items": {"$ref": "#/components/schemas/Tag"}},
        "photos": {"type": "array", "items": {"type": "string", "xml": {"name": "photo"}}},
        "tame": {"type": "boolean"},
        "owner": {"type": "object"},
    },
}  # fmt: skip
BODY = {"schema": {"$ref": "#/components/schemas/Pet"}}
OK = {"200": {"description": "", "content": {"application/json": {"examples": {"a": {"value": 1}, "b": {"value": 2}}}}}}  # fmt: skip
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/pets": {"post": {
            "requestBody": {"required": True, "content": {
                "application/json": BODY, "application/xml": BODY, "application/x-www-form-urlencoded": BODY,
            }},
            "responses": {"201": {"description": ""}, "400": {"description": ""}, "422": {"description": ""}},
        }},
        "/pets/best": {"get": {"responses": OK}},
        "/pets/{id}": {
            "parameters": [ID],
            "get": {"responses": OK}, "put": {"responses": OK}, "delete": {"responses": {"204": {"description": ""}}},
        },
        "/pets/{id}/photo": {"parameters": [ID], "get": {"responses": OK}},
        "/files": {"post": {
            "requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
            "responses": OK,
        }},
        "/basic": {"get": {"security": [{"login": []}], "responses": OK}},
        "/key": {"get": {"security": [{"key": []}], "responses": OK}},
    },
    "components": {
        "schemas": {"Pet": PET, "Tag": TAG},
        "securitySchemes": {
            "login": {"type": "http", "scheme": "basic"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        },
    },
}  # fmt: skip
REFERENCES = References(DOCUMENT)
JSON, XML, FORM = "application/json", "application/xml", "application/x-www-form-urlencoded"


@pytest.fixture
def app() -> FakeApp:
    return FakeApp(DOCUMENT)


def ask(
    app: FakeApp, method: str, target: str, body: bytes = b"", /, **headers: str
) -> tuple[int, str, Reply]:
    path, _, query = target.partition("?")
    head = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
    reply = app.respond(ReceivedRequest(method, path, query, head, body))
    text = b"".join(step for step in reply.steps if isinstance(step, bytes)).decode()
    return reply.status, text, reply


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("uri", ["https://a.b/c?d#e", "urn:x:y", "http://[::1]:80/"], ["", "a b", "/a", "http://a b"]),
        ("uri-reference", ["", "/a", "../b?c"], ["a b", "\\"]),
        ("email", ["a@b", '"a b"@c.d'], ["ab", "a@b@c", "@b", ""]),
        ("hostname", ["a", "a-b.c"], ["-a", "a..b", "", "a b"]),
        ("time", ["09:00:00Z", "23:59:60.5+01:00"], ["09:00", "25:00:00Z", ""]),
        ("duration", ["P1DT2H", "PT5M", "P3W"], ["P", "PT", "1D", ""]),
        ("date-time", ["2024-02-29T00:00:00Z"], ["2023-02-29T00:00:00Z", "", "2024-01-01"]),
        ("json-pointer", ["", "/a~1b"], ["a", "/~2"]),
        ("relative-json-pointer", ["0#", "1/a"], ["/a", "01/a"]),
        ("ipv4", ["192.0.2.1"], ["192.0.2", ""]),
        ("nobody-knows", ["", "anything"], []),
    ],
)  # fmt: skip
def test_formats_are_told_apart(name: str, right: list[str], wrong: list[str]) -> None:
    assert [text for text in right if not is_format(name, text)] == []
    assert [text for text in wrong if is_format(name, text)] == []
    for variant in (0, 1, 40, 400):
        sample = sample_format(name, variant)
        assert not is_checked(name) or (sample is not None and is_format(name, sample))


def test_integers_fit_their_format_in_requests_only() -> None:
    small: dict[str, Any] = {"type": "integer", "format": "int32"}
    asked, answered = (SchemaRules(REFERENCES, "request"), SchemaRules(REFERENCES, "response"))
    assert asked.accepts(2**31 - 1, small)
    assert [one.message for one in asked.violations(2**31, small)] == [
        "is 2147483648, out of the range of int32"
    ]
    assert answered.accepts(2**31, small)  # a moment in milliseconds, mostly


def test_xml_is_written_and_read_by_the_hints() -> None:
    pet = {"id": 3, "name": "a<b", "tags": [{"n": 1.5}, {"n": 2}], "photos": ["u", "v"], "tame": True}  # fmt: skip
    written = write_body(pet, XML, BODY["schema"], REFERENCES)
    assert b'<pet id="3"><name>a&lt;b</name><tags><tag>' in written
    assert read_body(written, XML, BODY["schema"], REFERENCES) == pet
    named = b'<p:pet xmlns:p="urn:p" id="3"><p:name>x</p:name></p:pet>'
    assert read_body(named, XML, BODY["schema"], REFERENCES) == {"id": 3, "name": "x", "photos": []}
    plain = b"<a><b>1</b></a>"
    assert read_body(plain, XML, {"type": "string"}, REFERENCES) == "<a><b>1</b></a>"


@pytest.mark.parametrize(
    "body",
    [
        b"<a",
        b"",
        b"<a/><b/>",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<pet>" + b"<owner>" * 2 + b"<tags>" * 5000 + b"</tags>" * 5000 + b"</owner>" * 2 + b"</pet>",
    ],
)  # fmt: skip
def test_xml_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(NotReadable):
        read_body(body, XML, BODY["schema"], REFERENCES)


@pytest.mark.parametrize(
    ("media_type", "body", "explanation"),
    [
        (XML, "<pet><name>x</name></pet>", ""),
        (XML, "<pet><name>x</name><tame>perhaps</tame></pet>", "body/tame: is a string"),
        (XML, '<pet id="4000000000"><name>x</name></pet>', "body/id: is 4000000000"),
        (XML, "<pet>true</pet>", "body: is a string, not of type object"),
        (XML, "<pet><photo>a</photo></pet>", "body/name: is required"),
        (XML, "<pet", "body: is not XML"),
        (FORM, "name=x&owner=", ""),  # an array without items is nothing on the wire
        (FORM, "name=x&photos=a&photos=b", ""),
        (FORM, "name=x&id=y", "body/id: is a string"),
        (JSON, '{"name": "x", "photos": []}', ""),
        (JSON, '{"name": "x"}', "body/photos: is required"),
        (JSON, "", "body: is required"),
        ("text/csv", "a,b", "the document has application/json, application/xml"),
    ],
)
def test_bodies_are_checked_whatever_they_are_written_in(
    app: FakeApp, media_type: str, body: str, explanation: str
) -> None:
    status, text, _ = ask(app, "POST", "/pets", body.encode(), Content_Type=media_type)
    expected = 201 if not explanation else 415 if media_type == "text/csv" else (400, 422)
    assert status in (expected if isinstance(expected, tuple) else (expected,))
    assert explanation in text


@pytest.mark.parametrize("media_type", [JSON, "multipart/form-data; boundary=b", "image/png", FORM])
def test_any_file_is_taken_where_the_document_says_so(app: FakeApp, media_type: str) -> None:
    assert ask(app, "POST", "/files", b"\x00{", Content_Type=media_type)[0] == 200


def test_a_key_that_calls_itself_wrong_is_refused(app: FakeApp) -> None:
    for key, status in (("anything", 200), ("badger", 200), ("wrong-key", 401), ("INVALID", 401), ("", 401)):  # fmt: skip
        assert ask(app, "GET", "/key", X_Key=key)[0] == status, key
    for password, status in (("secret", 200), ("expired", 401)):
        given = base64.b64encode(f"me:{password}".encode()).decode()
        assert ask(app, "GET", "/basic", Authorization=f"Basic {given}")[0] == status
    known = FakeApp(DOCUMENT, credentials={"key": "invalid"})  # it is right if the test says so
    assert ask(known, "GET", "/key", X_Key="invalid")[0] == 200
    assert ask(known, "GET", "/key", X_Key="anything")[0] == 401


def test_methods_are_those_of_the_path_that_fits_best(app: FakeApp) -> None:
    status, _, reply = ask(app, "PUT", "/pets/best")
    assert (status, dict(reply.headers)["allow"]) == (405, "GET")
    assert dict(ask(app, "PATCH", "/pets/1")[2].headers)["allow"] == "DELETE, GET, PUT"
    assert ask(app, "HEAD", "/pets/1")[0] == 200
    assert ask(app, "HEAD", "/pets")[0] == 405


@pytest.mark.parametrize(
    ("target", "prefer", "status", "body"),
    [
        ("/pets/best", "example=b", 200, "2"),
        ("/pets/best?__example=b", "", 200, "2"),
        ("/pets/best?__example=b", "example=a", 200, "2"),
        ("/pets/best", "code=503", 503, ""),
        ("/pets/best?__code=404", "", 404, ""),
        ("/pets/best", "example=c", 404, "there are: a, b"),
        ("/pets/best?__dynamic=true", "", 200, "{}"),
        ("/pets/best", "code=9", 200, "1"),
    ],
)
def test_preferences_in_header_and_query(
    app: FakeApp, target: str, prefer: str, status: int, body: str
) -> None:
    found, text, _ = ask(app, "GET", target, **({"Prefer": prefer} if prefer else {}))
    assert (found, body in text) == (status, True)


def test_what_was_deleted_is_not_found_until_it_is_made_again() -> None:
    app = FakeApp(DOCUMENT, remembers_deletions=True)
    assert ask(app, "DELETE", "/pets/1")[0] == 204
    status, text, _ = ask(app, "GET", "/pets/1")
    assert (status, "/pets/1 was deleted" in text) == (404, True)
    assert [ask(app, "GET", path)[0] for path in ("/pets/1/photo", "/pets/2", "/pets/best")] == [404, 200, 200]  # fmt: skip
    assert ask(app, "DELETE", "/pets/1")[0] == 204
    assert ask(app, "PUT", "/pets/1")[0] == 200
    assert ask(app, "GET", "/pets/1")[0] == 200
    ask(app, "DELETE", "/pets/2")
    pet = json.dumps({"name": "x", "photos": []}).encode()
    assert ask(app, "POST", "/pets", pet, Content_Type=JSON)[0] == 201
    assert ask(app, "GET", "/pets/2")[0] == 200
    ask(app, "DELETE", "/pets/3")
    app.reset()
    assert ask(app, "GET", "/pets/3")[0] == 200
    forgetful = FakeApp(DOCUMENT)
    ask(forgetful, "DELETE", "/pets/1")
    assert ask(forgetful, "GET", "/pets/1")[0] == 200


@pytest.mark.parametrize(
    "schema",
    [
        {"minProperties": 1},
        {"type": "integer", "multipleOf": 0.123456789},
        {"allOf": [{"multipleOf": 2}], "anyOf": [{"multipleOf": 3}], "oneOf": [{"multipleOf": 5}]},
        {"items": {"multipleOf": 2}, "contains": {"multipleOf": 3}},
        {"not": {"type": "object"}},
        {"type": "array", "unevaluatedItems": {"type": "string"}},
        {"type": "array", "prefixItems": [{"type": "integer"}], "minItems": 1, "unevaluatedItems": False},
        {"oneOf": [{"required": ["a"], "properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "integer"}}, "minProperties": 1}]},
    ],
)  # fmt: skip
def test_made_values_are_valid(schema: dict[str, Any]) -> None:
    sampler = Sampler(REFERENCES)
    for extent in ("minimal", "usual", "full"):
        for variant in (0, 1, 2):
            made = sampler.sample(schema, variant=variant, extent=extent)
            assert sampler.rules.violations(made, schema) == []


def test_items_that_no_keyword_speaks_of() -> None:
    rules = SchemaRules(REFERENCES, "response")
    pair = {"prefixItems": [{"type": "integer"}], "unevaluatedItems": False}
    assert rules.accepts([1], pair)
    assert [one.pointer for one in rules.violations([1, 2, 3], pair)] == ["/1", "/2"]
    wide = {**pair, "anyOf": [{"prefixItems": [True, {"const": 2}]}, {"minItems": 9}]}
    assert rules.accepts([1, 2], wide)
    assert not rules.accepts([1, 2, 3], wide)
    assert rules.accepts([1, "x"], {**pair, "contains": {"type": "string"}})
    assert rules.accepts([1, 2], {"allOf": [{"items": True}], "unevaluatedItems": False})


def test_an_answer_of_any_kind_of_picture_is_one() -> None:
    document = json.loads(json.dumps(DOCUMENT))
    document["paths"]["/pets/best"]["get"]["responses"]["200"]["content"] = {
        "image/*": {"schema": {"type": "string", "format": "binary"}}
    }
    for accept, media_type in (("*/*", "image/png"), ("image/webp, */*;q=0.1", "image/webp")):
        reply = ask(FakeApp(document), "GET", "/pets/best", Accept=accept)[2]
        assert dict(reply.headers)["content-type"] == media_type


SHAPES: dict[str, Any] = {
    "list": {"type": "object", "properties": {"errors": {"type": "array", "items": {"type": "string"}}}},
    "cased": {"type": "object", "properties": {"Error": {"type": "object", "properties": {"Error-Message": {"type": "string"}}}}},
    "text": {"type": "string"},
    "open": {"type": "object", "properties": {"number": {"type": "integer"}}},
    "closed": {"type": "object", "properties": {"number": {"type": "integer"}}, "additionalProperties": False},
}  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "places"),
    [
        ("list", ["errors", 0]),
        ("cased", ["Error", "Error-Message"]),
        ("text", []),
        ("open", ["message"]),
        ("closed", None),
    ],
)
def test_every_error_says_what_is_wrong(shape: str, places: list[Any] | None) -> None:
    media = {"application/json": {"schema": SHAPES[shape]}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    responses = {"200": {"description": ""}, "400": {"description": "", "content": media}}
    operation = {"parameters": [limit], "responses": responses}
    app = FakeApp({"openapi": "3.1.0", "paths": {"/things": {"get": operation}}})
    status, text, reply = ask(app, "GET", "/things?limit=many")
    told: Any = json.loads(text)
    assert (status, list(SchemaRules(References({}), "response").violations(told, SHAPES[shape]))) == (400, [])  # fmt: skip
    if places is None:
        told = dict(reply.headers)["x-fake-explanation"]
    for place in places or ():
        told = told[place]
    assert str(told).startswith("query parameter 'limit': is a string, not of type integer")
    # Of an operation without an error of its own, the error of another is one with a place.
    status, text, _ = ask(app, "GET", "/nothing")
    assert (status, "no path for GET /nothing" in text) == (404, True)


def test_one_value_is_not_two() -> None:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    operation = {"parameters": [limit], "responses": {"200": {"description": ""}}}
    app = FakeApp({"openapi": "3.1.0", "paths": {"/things": {"get": operation}}})
    assert ask(app, "GET", "/things?limit=1")[0] == 200
    status, text, _ = ask(app, "GET", "/things?limit=1&limit=2")
    assert (status, "'limit': is an array, not of type integer" in text) == (400, True)


def test_parts_of_a_form_have_names() -> None:
    content = (
        b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n'
    )
    schema = {"type": "object"}
    with pytest.raises(NotReadable, match="without a name"):
        read_body(content, "multipart/form-data; boundary=b", schema, References({}))
    assert read_body(content, "multipart/mixed; boundary=b", schema, References({})) == {"n": "1"}


def test_what_is_preferred_but_not_described_is_told() -> None:
    responses = {"200": {"description": ""}, "403": {"description": ""}}
    thing = {"get": {"responses": responses}, "delete": {"responses": {"204": {"description": ""}}}}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    document = {"openapi": "3.1.0", "paths": {"/things/{id}": {"parameters": parameters, **thing}}}
    app = FakeApp(document, remembers_deletions=True)
    for code, status in ((201, 404), (418, 418)):
        found, text, _ = ask(app, "GET", "/things/1", Prefer=f"code={code}")
        assert (found, f"no answer {code} for GET /things/{{id}}; there are: 200, 403" in text) == (status, True)  # fmt: skip
    ask(app, "DELETE", "/things/1")
    assert [ask(app, "GET", "/things/1", **more)[0] for more in ({}, {"Prefer": "code=403"})] == [404, 403]  # fmt: skip


def test_a_concrete_type_goes_before_a_wildcard() -> None:
    contents = {"*/*": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "integer"}}}  # fmt: skip
    operation = {"responses": {"200": {"description": "", "content": contents}}}
    app = FakeApp({"openapi": "3.1.0", "paths": {"/things": {"get": operation}}})
    assert ask(app, "GET", "/things")[1] == "1"


def test_an_odd_cookie_hides_no_other() -> None:
    where = {"name": "session", "in": "cookie", "required": True, "schema": {"type": "integer"}}
    operation: dict[str, Any] = {"parameters": [where], "security": [{"key": []}], "responses": {"200": {"description": ""}}}  # fmt: skip
    scheme = {"type": "apiKey", "in": "cookie", "name": "key"}
    document = {"openapi": "3.1.0", "paths": {"/things": {"get": operation}}, "components": {"securitySchemes": {"key": scheme}}}  # fmt: skip
    app = FakeApp(document, credentials={"key": "right"})
    for cookie, status in (
        ('{"odd": [1, 2]}=x; y; session=1; key="right"', 200),
        ("session=1; key=left", 401),
        ("session=one; key=right", 400),
        ("key=right", 400),
    ):
        assert ask(app, "GET", "/things", Cookie=cookie)[0] == status
