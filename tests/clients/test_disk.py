"""What disks refuse, met by an unprivileged user: to root nothing is denied."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import program

NOBODY = 65534

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv to become another user"
)


@pytest.fixture
def unprivileged():
    """Runs statements as nobody, on a warehouse of nobody's."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        # Where the program lies, nobody may not look.
        binary = folder / "spotql"
        shutil.copy(program(), binary)
        binary.chmod(0o755)
        warehouse = folder / "warehouse"
        warehouse.mkdir()
        os.chown(warehouse, NOBODY, NOBODY)

        def sql(statement):
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(binary), "sql"]
            command += ["--warehouse", str(warehouse), "--format", "csv", statement]
            return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)

        sql.warehouse = warehouse
        yield sql


def test_a_directory_of_another_user_fails_the_write_and_wedges_nothing(unprivileged):
    sql = unprivileged
    assert sql("CREATE TABLE t (a INT) PARTITIONED BY (p INT)").returncode == 0
    theirs = sql.warehouse / "t" / "p=2"
    theirs.mkdir()
    for statement in [
        "INSERT INTO t PARTITION (p) VALUES (1, 1), (2, 2)",
        "INSERT OVERWRITE t PARTITION (p = 2) VALUES (5)",
    ]:
        done = sql(statement)
        assert done.returncode == 1 and "p=2" in done.stderr and "denied" in done.stderr, done.stderr
        assert sorted(path.name for path in (sql.warehouse / "t").iterdir()) == ["p=2"]
    for statement in [
        "INSERT INTO t PARTITION (p = 3) VALUES (5)",
        "REFRESH t",
        "INSERT OVERWRITE t PARTITION (p = 3) VALUES (6)",
    ]:
        done = sql(statement)
        assert done.returncode == 0, done.stderr
    assert sql("SELECT a, p FROM t").stdout == "a,p\n6,3\n"
    assert sql("ALTER TABLE t DROP PARTITION (p = 3)").returncode == 0
    assert sql("DROP TABLE t").returncode == 0
