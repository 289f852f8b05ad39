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


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is refused here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_on_a_full_disk_rows_can_be_read_and_tables_dropped(small_disk):
    def sql(statement):
        command = [program(), "sql", "--warehouse", str(small_disk / "warehouse"), "--format", "csv", statement]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    rows = "SELECT value FROM generate_series(1, 200000)"
    assert sql(f"CREATE TABLE t (a BIGINT); INSERT INTO t {rows}; CREATE TABLE u AS SELECT 1 AS a").returncode == 0
    with open(small_disk / "fill", "wb", buffering=0) as fill:
        with pytest.raises(OSError):
            while True:
                fill.write(bytes(4096))
    for _ in range(3):
        assert sql("SELECT count(*) AS n FROM t").stdout == "n\n200000\n"
    failed = sql(f"INSERT INTO t {rows}")
    assert failed.returncode == 1, failed.stderr
    # Whoever met it first: the file of rows, or the metastore.
    assert "No space left" in failed.stderr or "disk is full" in failed.stderr, failed.stderr
    assert sql("SELECT count(*) AS n FROM t").stdout == "n\n200000\n"
    dropped = sql("DROP TABLE t")
    assert dropped.returncode == 0, dropped.stderr
    assert sql("SELECT a FROM u").stdout == "a\n1\n"
    # With space again, everything works, and the next time, too.
    (small_disk / "fill").unlink()
    assert sql(f"CREATE TABLE t AS {rows}").returncode == 0
    assert (small_disk / "warehouse" / "_spotql_reserve").stat().st_size == 512 << 10
