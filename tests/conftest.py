"""Fixtures that more than one test file uses: places, interpreters, environments, a project, the command."""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest

# How long something takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

REPOSITORY = Path(__file__).resolve().parent.parent
GENERATED = REPOSITORY / "generated" / "siray-chat"
VERSIONS = ("3.11", "3.12", "3.13")

SMALL_DOCUMENT = """\
openapi: 3.1.0
info: {title: Pets, version: 1.0.0}
servers: [{url: https://pets.example.com}]
paths:
  /pets:
    get:
      operationId: listPets
      tags: [pets]
      parameters:
        - {name: limit, in: query, schema: {type: integer}}
      responses:
        "200":
          description: Every pet.
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Pet"}}
    post:
      operationId: createPet
      tags: [pets]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Pet"}
      responses:
        "201":
          description: The pet.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Pet"}
components:
  schemas:
    Pet:
      type: object
      description: An animal.
      required: [name]
      properties:
        name: {type: string}
        tag: {type: [string, "null"]}
"""

PROJECT = """\
[[tool.sdkpress.client]]
name = "pets-client"
package = "pets_client"
client = "Pets"
spec = "pets.yaml"
out = "generated/pets-client"
env_prefix = "PETS"
"""

# Prints its port, serves until its standard input closes.
FAKE_SERVER = """\
import sys, threading, uvicorn
from siray_chat.testing import fake_app

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

server = Server(uvicorn.Config(fake_app(), port=0, log_level="warning", lifespan="off"))

def stop():
    sys.stdin.read()
    server.should_exit = True

threading.Thread(target=stop, daemon=True).start()
server.run()
"""


def plain_environment(**extra: str) -> dict[str, str]:
    """The environment for a child process: ours, less what would change its output or its imports."""
    dropped = ("PYTHON", "SDKPRESS_SHARED", "SIRAY_", "COVERAGE", "FORCE_COLOR", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # These plugins take a second of every pytest that starts, and no test of a client wants them.
    kept["PYTEST_ADDOPTS"] = "-p no:schemathesis -p no:respx"
    # Hypothesis keeps its table of characters, three seconds of work, in the folder it runs in.
    kept["HYPOTHESIS_STORAGE_DIRECTORY"] = str(REPOSITORY / ".hypothesis")
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200", "TERM": "dumb", **extra}


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    timeout: float = 600,
    check: bool = True,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a child process; with `check`, a failure shows what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=plain_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    if check and done.returncode != 0:
        shown = " ".join(str(part) for part in command)
        pytest.fail(
            f"exit code {done.returncode} from: {shown}\n{done.stdout}\n{done.stderr}",
            pytrace=False,
        )
    return done


def free_port() -> int:
    """A port of loopback for a child process that cannot be given port 0, or a socket.

    It is below those that a kernel hands out, so that no socket of another test is bound to it, or
    connects from it, before the child listens.
    """
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no free port")


def pytest_configure() -> None:
    """Shells start what runs in the background with Ctrl-C ignored, and children inherit that."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Who gets which test, where there are several workers."""
    from tests.scheduling import InLots

    return InLots(config, log)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector of cycles, which many tests call to see
    what is left behind, need not look through it each time (a tenth of a second)."""
    gc.collect()
    gc.freeze()


_ended = itertools.count(1)


def pytest_runtest_logfinish() -> None:
    """The same between tests now and then, for what they have imported and pytest has noted."""
    if next(_ended) % 64 == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def fresh_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of this run alone, so that no earlier run can hide a fault."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDKPRESS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout these tests run in."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of documents and pages beside the checkout, which a clone alone does not have."""
    folder = Path(os.environ.get("SDKPRESS_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "pages").is_dir():
        pytest.skip("no ../shared with pages and specs beside the checkout")
    return folder


@pytest.fixture(scope="session")
def generated() -> Path:
    """The committed client, generated/siray-chat."""
    if not (GENERATED / "pyproject.toml").is_file():
        pytest.fail("generated/siray-chat is missing; `make generate` writes it", pytrace=False)
    return GENERATED


@pytest.fixture(scope="session")
def fake_server(generated: Path) -> Iterator[str]:
    """The base URL of siray-chat's fake server, in a process of its own on loopback."""
    with subprocess.Popen(
        [sys.executable, "-c", FAKE_SERVER],
        env=plain_environment(PYTHONPATH=str(generated / "src")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdin and process.stdout
        port = process.stdout.readline().strip()
        if not port:
            pytest.fail("the fake server of siray-chat did not start", pytrace=False)
        yield f"http://127.0.0.1:{port}"
        process.stdin.close()  # it stops when its input ends, so nothing is left behind


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a small document and a pyproject.toml that names one client of it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pets.yaml").write_text(SMALL_DOCUMENT, encoding="utf-8", newline="\n")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8", newline="\n")
    return folder


@pytest.fixture(scope="session")
def sdkpress() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`sdkpress("generate", cwd=folder)` as a process of its own; `check=False` to look at failures."""

    def command(
        *arguments: str | Path, cwd: Path, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        environment.setdefault("PYTHONPATH", str(REPOSITORY / "generator"))
        return run(
            [sys.executable, "-m", "sdkpress", *arguments], cwd=cwd, check=check, **environment
        )

    return command


@functools.cache
def find_interpreter(version: str) -> Path | None:
    """A Python of that minor version: this one, one on PATH that starts, or one that pyenv installed."""
    candidates = []
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        candidates.append(sys.executable)
    candidates.append(shutil.which(f"python{version}") or "")
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(path) for path in sorted(home.glob(f"versions/{version}.*/bin/python"))]
    question = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", question], capture_output=True, encoding="utf-8")
        if done.returncode == 0 and done.stdout.strip() == version:
            return Path(candidate)
    return None


@pytest.fixture(scope="session")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """requirements.lock as a pip constraints file: the same versions, without hashes."""
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    pins = [line.removesuffix(" \\") for line in lock.splitlines() if line[:1].isalnum()]
    path = tmp_path_factory.mktemp("constraints") / "constraints.txt"
    path.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return path


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Wait until no other process of these tests is in a block of the same lock file."""
    with lock.open("w") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips, and says so, where pip can reach no package index."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--retries", "0", "--timeout", "20", "--disable-pip-version-check", "--no-input"]
    folder = tmp_path_factory.mktemp("index")
    done = subprocess.run(
        [*command, "--dest", str(folder), "iniconfig"], capture_output=True, encoding="utf-8"
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        pytest.skip(f"no package index can be reached: {last}")


def make_environment(python: Path | str, folder: Path, requirements: Sequence[str | Path]) -> Path:
    """A new virtual environment in `folder` with `requirements` installed; returns its interpreter.

    Our pip installs into it: an own pip, and bytecode of what is never imported, would take four
    times as long.
    """
    if Path(python) == Path(sys.executable):
        venv.create(folder, with_pip=False, clear=True)
    else:
        run([python, "-m", "venv", "--without-pip", "--clear", folder], cwd=folder.parent)
    inside = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--no-compile"]
    install += ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([*install, *requirements], cwd=folder)
    return inside


@pytest.fixture(scope="session", params=VERSIONS)
def environment(request: pytest.FixtureRequest, constraints: Path) -> Path:
    """An interpreter of each supported version with the dependencies of sdkpress and its client, pytest and hypothesis, but not us.

    Kept in .venv, under a name made of what is in it, so that only the first run installs.
    """
    version: str = request.param
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    interpreter = find_interpreter(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on PATH or in pyenv")
    projects = [REPOSITORY / "pyproject.toml", GENERATED / "pyproject.toml"]
    tables = [tomllib.loads(path.read_text(encoding="utf-8"))["project"] for path in projects]
    wanted = [*(each for table in tables for each in table["dependencies"])]
    wanted += ["pytest", "hypothesis"]
    text = "\n".join([str(interpreter), *wanted, constraints.read_text(encoding="utf-8")])
    name = f"{version}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    folder = REPOSITORY / ".venv" / "versions" / name
    ready = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.parent / f"{name}.lock"):
        if not ready.exists():
            request.getfixturevalue("package_index")
            make_environment(interpreter, folder, ["--constraint", constraints, *wanted])
            ready.touch()
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"
