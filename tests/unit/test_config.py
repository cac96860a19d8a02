"""config.py: the options, their defaults, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkpress.client_names import distribution_name
from sdkpress.config import (
    ClientConfig,
    config_digest,
    config_from_options,
    find_project,
    load_config,
)
from sdkpress.diagnostics import Diagnostic, SdkpressError

MINIMAL = """\
[project]
name = "shop"

[[tool.sdkpress.client]]
name = "siray-chat"
spec = "openapi-spec/chat.yaml"
"""


def write(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(SdkpressError) as caught:
        load_config(folder)
    return caught.value.diagnostics


def problem(folder: Path) -> tuple[str, int, str]:
    (found,) = problems(folder)
    assert found.location is not None
    return found.id, found.location.line, found.message


def test_defaults_follow_from_the_name(tmp_path: Path) -> None:
    (client,) = load_config(write(tmp_path, MINIMAL)).clients
    assert (client.package, client.client, client.async_client) == (
        "siray_chat",
        "SirayChat",
        "AsyncSirayChat",
    )
    assert (client.env_prefix, client.version, client.license) == ("SIRAY_CHAT", "0.1.0", "MIT")
    assert client.spec == tmp_path / "openapi-spec/chat.yaml"
    assert client.out == tmp_path / "generated/siray-chat"
    assert client.overlays == () and client.black is None


def test_everything_given(tmp_path: Path) -> None:
    text = """\
[[tool.sdkpress.client]]
name = "siray-chat"
package = "chat"
client = "Siray"
spec = "a/../b/x.yaml"
overlays = ["b/o.yaml"]
out = "../elsewhere"
env_prefix = "ACME_2"
version = "2.0.0rc1"
description = "Chat"
license = "Apache-2.0 OR MIT"
black = false
[tool.sdkpress.client.names]
"POST /v1/chat" = "chat.create"
Message = "Note"
"""
    (client,) = load_config(write(tmp_path, text)).clients
    assert client.spec == tmp_path / "b/x.yaml"
    assert client.out == tmp_path.parent / "elsewhere"
    assert client.overlays == (tmp_path / "b/o.yaml",)
    assert dict(client.names) == {"POST /v1/chat": "chat.create", "Message": "Note"}
    assert (client.version, client.license, client.black) == (
        "2.0.0rc1",
        "Apache-2.0 OR MIT",
        False,
    )


def test_the_class_given_gives_the_environment(tmp_path: Path) -> None:
    (client,) = load_config(write(tmp_path, MINIMAL + 'client = "OpenAI"\n')).clients
    assert client.env_prefix == "OPENAI"


@pytest.mark.parametrize("header", ["[[client]]", "[[tool.sdkpress.client]]"])
def test_a_repository_without_pyproject(tmp_path: Path, header: str) -> None:
    write(tmp_path, f'{header}\nname = "x-y"\nspec = "s.yaml"\n', "sdkpress.toml")
    config = load_config(tmp_path)
    assert config.clients[0].package == "x_y"
    assert config.file.name == "sdkpress.toml"


def test_two_configurations_are_one_too_many(tmp_path: Path) -> None:
    write(tmp_path, MINIMAL)
    write(tmp_path, '[[client]]\nname = "a"\nspec = "b"\n', "sdkpress.toml")
    assert problem(tmp_path)[0] == "invalid-config"


def test_the_project_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, MINIMAL)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    write(below, '[project]\nname = "other"\n')
    monkeypatch.chdir(below)
    found = find_project(Path())
    assert not found.is_absolute()
    assert load_config(found).clients[0].name == "siray-chat"


@pytest.mark.parametrize(
    ("line", "expected", "words"),
    [
        ('overlay = ["x"]', 7, "unknown key `overlay`; did you mean `overlays`?"),
        ('env-prefix = "X"', 7, "did you mean `env_prefix`?"),
        ('package = "class"', 7, "keyword"),
        ('package = "my-pkg"', 7, "perhaps 'my_pkg'"),
        ('package = "json"', 7, "would hide"),
        ('package = "a.b"', 7, "identifier"),
        ('client = "siray"', 7, "'Siray'"),
        ('client = "Exception"', 7, "builtin"),
        ('client = "a b"', 7, "class name"),
        ('env_prefix = "lower"', 7, "environment variable"),
        ('version = "one"', 7, "PEP 440"),
        ("version = 1", 7, "must be a string, not an integer"),
        ('license = "a\\nb"', 7, "SPDX"),
        ('overlays = "x.yaml"', 7, "array"),
        ('black = "yes"', 7, "true or false"),
        ("names = []", 7, "table"),
        ('out = ""', 7, "empty"),
        ('[tool.sdkpress.client.names]\nPet = "not ok"', 8, "not a Python name"),
    ],
)
def test_a_wrong_value_is_found_in_its_line(
    tmp_path: Path, line: str, expected: int, words: str
) -> None:
    id, number, message = problem(write(tmp_path, MINIMAL + line + "\n"))
    assert (id, number) == ("invalid-config", expected)
    assert words in message


def test_every_problem_is_reported_at_its_own_client(tmp_path: Path) -> None:
    text = MINIMAL + 'package = "x y"\n\n[[tool.sdkpress.client]]\nname = "b"\nspce = "q"\n'
    found = [
        (item.location and item.location.line, item.message)
        for item in problems(write(tmp_path, text))
    ]
    assert [line for line, _ in found] == [7, 9, 11]
    assert "needs `spec`" in found[1][1] and "did you mean `spec`?" in found[2][1]


def test_text_that_looks_like_a_table_is_not_one(tmp_path: Path) -> None:
    text = MINIMAL + 'description = """\n[[tool.sdkpress.client]]\n"""\nversion = "x"\n'
    assert problem(write(tmp_path, text))[1] == 10


def test_clients_keep_apart(tmp_path: Path) -> None:
    second = '[[tool.sdkpress.client]]\nname = "Siray_Chat"\nspec = "x"\nout = "generated"\n'
    messages = [item.message for item in problems(write(tmp_path, MINIMAL + second))]
    assert any("two clients" in message for message in messages)
    assert any("inside the other" in message for message in messages)


def test_broken_toml_has_a_place(tmp_path: Path) -> None:
    assert problem(write(tmp_path, "[a]\nb = \n"))[:2] == ("invalid-toml", 2)


@pytest.mark.parametrize("text", ["", "[tool.sdkpress]\n", "[tool.black]\n"])
def test_no_client(tmp_path: Path, text: str) -> None:
    assert problem(write(tmp_path, text))[0] == "no-configuration"


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert problem(tmp_path)[0] == "invalid-encoding"


def test_options_make_a_client() -> None:
    client = config_from_options(spec=Path("s.yaml"), out=Path("o"), title="Redocly Museum API")
    assert (client.name, client.package, client.client, client.env_prefix) == (
        "redocly-museum-api",
        "redocly_museum_api",
        "RedoclyMuseum",
        "REDOCLY_MUSEUM",
    )


@pytest.mark.parametrize(
    ("title", "name"),
    [("", "api-client"), ("№ ☃", "api-client"), ("3D API", "api-3d-api"), ("A/../B", "a-b")],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert distribution_name(title) == name
    config_from_options(spec=Path("s"), out=Path("o"), title=title)


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(SdkpressError, match="--package: 'not-one'"):
        config_from_options(spec=Path("s"), out=Path("o"), name="x", package="not-one")
    with pytest.raises(SdkpressError, match="--name"):
        config_from_options(spec=Path("s"), out=Path("o"), name="a b")


def test_paths_do_not_count_in_the_digest() -> None:
    one = ClientConfig("a", "a", "A", Path("x"), Path("y"), env_prefix="A")
    same = ClientConfig("a", "a", "A", Path("/p/x"), Path("/q"), env_prefix="A", black=True)
    other = ClientConfig("a", "a", "A", Path("x"), Path("y"), env_prefix="B")
    assert config_digest(one) == config_digest(same) != config_digest(other)
