"""The program under test, as these tests use it: a server, and single statements.

SPOTQL_BIN names the program; by default it is the debug build, `target/debug/spotql`.
"""

import json
import os
import pathlib
import re
import select
import subprocess

import adbc_driver_flightsql.dbapi as flightsql
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def program() -> str:
    path = ROOT / os.environ.get("SPOTQL_BIN", "target/debug/spotql")
    if not path.exists():
        pytest.exit(f"{path} is absent: run `cargo build`, or name the program in SPOTQL_BIN", 2)
    return str(path)


class Server:
    """`spotql serve` on a free port; its clients may use the folder that the warehouse lies in, and read ../shared."""

    def __init__(
        self,
        warehouse: pathlib.Path,
        allow: list[str] | None = None,
        options: list[str] | None = None,
    ):
        if allow is None:
            allow = [str(warehouse.parent), *([f"{SHARED}:ro"] if SHARED.exists() else [])]
        command = [program(), "serve", "--warehouse", str(warehouse), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            command + [f"--allow-path={path}" for path in allow] + (options or []),
            stdout=subprocess.PIPE,
            text=True,
        )
        readable, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if readable else ""
        match = re.fullmatch(r"listening on (grpc://\S+)\n", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"the server said {line!r} in place of its address")
        self.uri = match[1]

    def connect(self, **options):
        """A connection; options are those of the ADBC database."""
        return flightsql.connect(self.uri, db_kwargs=options, autocommit=True)

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "warehouse")
    yield server
    assert server.stop() == 0


@pytest.fixture
def connection(server):
    with server.connect() as connection:
        yield connection


def run_sql(warehouse: pathlib.Path, statement: str, *options: str, timeout: float = 120) -> list[dict]:
    """The rows of a statement (or of several), by `spotql sql`."""
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), "--format", "json", *options, statement],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{statement}\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def statements(script: str, **variables: str) -> list[str]:
    """The statements of one of the scripts in sql/scripts, with its variables replaced."""

    def value(match: re.Match) -> str:
        name, _, default = match[1].partition(":-")
        return variables.get(name, default)

    text = (ROOT / "sql" / "scripts" / script).read_text()
    text = re.sub(r"^\s*--.*$", "", text, flags=re.M)
    text = re.sub(r"\$\{([^}]*)\}", value, text)
    pieces = re.findall(r"(?:'(?:[^'\\]|\\.)*'|[^;'])+", text)
    return [piece.strip() for piece in pieces if piece.strip()]
