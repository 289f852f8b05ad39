"""What disks refuse, met by an unprivileged user: to root nothing is denied."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

import pytest
from conftest import Server, program, run_sql

NOBODY = 65534

needs_root = pytest.mark.skipif(
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


@needs_root
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


@needs_root
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


@needs_root
def test_a_table_whose_files_cannot_be_moved_any_more_is_usable_says_so_once_and_can_be_dropped(unprivileged):
    sql = unprivileged
    assert sql("CREATE TABLE t (a INT) PARTITIONED BY (p INT); INSERT INTO t PARTITION (p) VALUES (1, 1), (2, 2)").returncode == 0
    # Committed by a process that was killed before it could move its files, and then the rights were taken away.
    partition = sql.warehouse / "t" / "p=1"
    (final,) = partition.glob("part-*.parquet")
    stage_again(sql.warehouse, final)
    os.chown(partition, 0, 0)
    partition.chmod(0o755)
    first, second = sql("SELECT a FROM t ORDER BY a"), sql("SELECT a FROM t ORDER BY a")
    assert first.stdout == second.stdout == "a\n1\n2\n", first.stderr
    assert first.stderr.count("WARN") == 1 and "SHOW WRITES" in first.stderr, first.stderr
    assert second.stderr == ""
    (line,) = sql("SHOW WRITES").stdout.splitlines()[1:]
    assert "default.t,committed" in line and "denied" in line, line
    for statement, rows in [
        ("INSERT OVERWRITE t PARTITION (p = 2) VALUES (3)", "1\n3\n"),
        ("REFRESH t", "1\n3\n"),
        ("MSCK REPAIR TABLE t", "1\n3\n"),
        ("INSERT INTO t PARTITION (p = 4) VALUES (4)", "1\n3\n4\n"),
        ("ALTER TABLE t DROP PARTITION (p = 4)", "1\n3\n"),
        ("ALTER TABLE t ADD PARTITION (p = 5)", "1\n3\n"),
        ("ALTER TABLE t DROP PARTITION (p = 1)", "3\n"),
    ]:
        done = sql(statement)
        assert done.returncode == 0, (statement, done.stderr)
        assert sql("SELECT a FROM t ORDER BY a").stdout == "a\n" + rows, statement
    assert sql("DROP TABLE t").returncode == 0
    assert sql("CREATE TABLE t (a INT) PARTITIONED BY (p INT); SELECT count(*) AS n FROM t").stdout == "n\n0\n"
    assert sql("SHOW WRITES").stdout.splitlines()[1:] == []


def stage_again(warehouse, final):
    """Puts a warehouse back to where it was between a write's commit and the first move of its files."""
    write, number = final.stem.removeprefix("part-").rsplit("-", 1)
    staging = warehouse / "t" / "_spotql_staging" / write
    staging.mkdir(parents=True)
    for folder in [staging, staging.parent]:
        os.chown(folder, NOBODY, NOBODY)
    final.rename(staging / f"{number}.staged")
    with contextlib.closing(sqlite3.connect(warehouse / "spotql.sqlite3")) as metastore, metastore:
        (table,) = metastore.execute("SELECT id FROM tables WHERE name = 't'").fetchone()
        metastore.execute("INSERT INTO writes (id, table_id, state, owner, started) VALUES (?, ?, 'committed', 'test', 0)", (write, table))
        root = "t"
        metastore.execute("INSERT INTO write_roots VALUES (?, ?)", (write, root))
        metastore.execute("UPDATE files SET staged = ? WHERE path = ?", (f"t/_spotql_staging/{write}/{number}.staged", final.name))


@needs_root
def test_a_warehouse_that_may_only_be_read_can_be_read(unprivileged, tmp_path):
    sql = unprivileged
    assert sql("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)").returncode == 0
    for path in [sql.warehouse, *sql.warehouse.rglob("*")]:
        os.chown(path, 0, 0)
    for statement, rows in [("SELECT a FROM t", "a\n1\n"), ("SHOW TABLES", "tab_name\nt\n")]:
        done = sql(statement)
        assert (done.returncode, done.stdout, done.stderr) == (0, rows, ""), done.stderr
    for statement in ["INSERT INTO t VALUES (2)", "DROP TABLE t", "CREATE TABLE u (a INT)", "CREATE DATABASE d"]:
        done = sql(statement)
        assert done.returncode == 1 and "can only be read" in done.stderr, (statement, done.stderr)
    # Beside a process that has it open and writes, what is written can be seen.
    server = Server(sql.warehouse)
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES (3)").fetchall()
            assert sql("SELECT a FROM t ORDER BY a").stdout == "a\n1\n3\n"
    finally:
        assert server.stop() == 0


@needs_root
def test_a_read_only_file_system_is_served(tmp_path):
    warehouse, mounted = tmp_path / "warehouse", tmp_path / "mounted"
    run_sql(warehouse, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    mounted.mkdir()
    if subprocess.run(["mount", "--bind", str(warehouse), str(mounted)], capture_output=True).returncode:
        pytest.skip("mounting is refused here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(mounted)], check=True)
        assert run_sql(mounted, "SELECT a FROM t") == [{"a": 1}]
        server = Server(mounted)
        try:
            with server.connect() as connection, connection.cursor() as cursor:
                assert cursor.execute("SELECT a FROM t").fetchall() == [(1,)]
        finally:
            assert server.stop() == 0
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def test_whatever_stands_where_a_directory_should_go_fails_the_statement_and_nothing_else(tmp_path):
    warehouse = tmp_path / "warehouse"

    def sql(statement):
        command = [program(), "sql", "--warehouse", str(warehouse), "--format", "csv", statement]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert sql("CREATE TABLE t (a INT) PARTITIONED BY (p STRING); INSERT INTO t PARTITION (p) VALUES (1, 'x')").returncode == 0
    (tmp_path / "elsewhere").mkdir()
    (warehouse / "t" / "p=file").write_text("x")
    (warehouse / "t" / "p=dangling").symlink_to("/no/such/place")
    (warehouse / "t" / "p=link").symlink_to(tmp_path / "elsewhere")
    (warehouse / "u").write_text("x")
    (warehouse / "d.db").write_text("x")
    names = ["file", "dangling", "link"]
    statements = [f"INSERT INTO t PARTITION (p) VALUES (2, '{name}'), (1, 'x')" for name in names]
    statements += [f"INSERT OVERWRITE t PARTITION (p = '{name}') VALUES (2)" for name in names]
    statements += ["ALTER TABLE t ADD PARTITION (p = 'file')", "CREATE TABLE u (a INT)", "CREATE TABLE u AS SELECT 1 AS a", "CREATE DATABASE d"]
    for statement in statements:
        done = sql(statement)
        assert done.returncode == 1 and str(warehouse) in done.stderr, (statement, done.stderr)
        assert sql("SELECT a, p FROM t").stdout == "a,p\n1,x\n", statement
        assert sql("SHOW WRITES").stdout.count("\n") == 1, statement
    assert sql("SHOW TABLES").stdout == "tab_name\nt\n"
    assert sql("SHOW DATABASES").stdout == "database_name\ndefault\n"
    assert sql("SHOW PARTITIONS t").stdout.count("\n") == 2
    # What another program put there stays.
    assert sql("DROP TABLE t").returncode == 0
    assert (warehouse / "t" / "p=file").read_text() == "x" and (tmp_path / "elsewhere").is_dir()
