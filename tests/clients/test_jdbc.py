"""The JDBC driver of the Arrow project, which DBeaver and many BI tools stand on."""

import pathlib
import shutil
import subprocess

import pytest
from conftest import Server

HERE = pathlib.Path(__file__).resolve().parent
DRIVER = HERE.parent / ".venv" / "jdbc" / "flight-sql-jdbc-driver-18.3.0.jar"


@pytest.mark.skipif(shutil.which("java") is None or not DRIVER.exists(), reason="Java or the JDBC driver is absent")
def test_a_tool_over_jdbc_connects_writes_reads_and_finds_its_metadata(tmp_path):
    server = Server(tmp_path / "warehouse")
    try:
        done = subprocess.run(
            [
                "java",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                str(DRIVER),
                str(HERE / "jdbc" / "Check.java"),
                server.uri.removeprefix("grpc://"),
            ],
            capture_output=True,
            text=True,
            timeout=240,
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "written 2",
        "row a 1",
        "row b 2",
        "empty true",
        "batch of 2",
        "bound 4",
        "getters 142, failed 0",
        "table t",
        "column srcip 1",
        "column n 2",
        "column seen 3",
        "product SpotQL",
    ]
