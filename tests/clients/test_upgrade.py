"""Warehouses of earlier programs, as the program meets them: what it says, on a full disk, without the right to write.

And backups of a warehouse while clients of a server write it.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading

import pytest
from conftest import ROOT, Server, program, run_sql
from test_disk import needs_root, small_disk, unprivileged  # noqa: F401

KEPT = ROOT / "catalog/tests/data/warehouse-6"
BACKUP = "spotql.sqlite3.backup-v5"


def older(warehouse):
    """Puts a warehouse of format 5 into a folder: of format 6 without what was new in it."""
    shutil.copytree(KEPT, warehouse, dirs_exist_ok=True)
    change(warehouse, "DROP TABLE loaded_files", "PRAGMA user_version = 5")


def change(warehouse, *statements):
    with contextlib.closing(sqlite3.connect(warehouse / "spotql.sqlite3")) as metastore, metastore:
        for statement in statements:
            metastore.execute(statement)


def ask(warehouse, pragma):
    """Asks a metastore without changing anything beside it."""
    with contextlib.closing(sqlite3.connect(f"file:{warehouse}?mode=ro", uri=True)) as metastore:
        return metastore.execute(f"PRAGMA {pragma}").fetchone()[0]


def spotql(*arguments, **options):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60, **options)


ROWS = "SELECT n, p FROM counters ORDER BY n"
EXPECTED = "n,p\n2,b\n3,\n4,a b/c\n10,a\n11,a\n"


def select(warehouse):
    return spotql("sql", "--warehouse", str(warehouse), "--format", "csv", ROWS)


def test_an_older_warehouse_is_migrated_and_the_log_says_where_its_backup_is(tmp_path):
    warehouse = tmp_path / "warehouse"
    older(warehouse)
    first, second = select(warehouse), select(warehouse)
    assert first.stdout == second.stdout == EXPECTED, first.stderr
    assert "was brought from format 5 to " in first.stderr, first.stderr
    assert str(warehouse / BACKUP) in first.stderr, first.stderr
    assert second.stderr == "", second.stderr
    # What is kept with the warehouse is understood.
    for statement, name in [("SHOW SCHEDULES", "nightly"), ("SHOW NETWORK LISTS", "lab"), ("SHOW REPUTATION SERVICES", "verdicts")]:
        (row,) = run_sql(warehouse, statement)
        assert row["name"] == name, row
    assert run_sql(warehouse, "SELECT network_context('192.0.2.7') AS n") == [{"n": "the lab"}]
    # The backup in the metastore's place is the older warehouse again.
    shutil.copy(warehouse / BACKUP, warehouse / "spotql.sqlite3")
    assert ask(warehouse / "spotql.sqlite3", "user_version") == 5


def test_a_newer_warehouse_is_refused_and_a_server_whose_warehouse_is_migrated_says_so(tmp_path):
    warehouse = tmp_path / "warehouse"
    run_sql(warehouse, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
    known = ask(warehouse / "spotql.sqlite3", "user_version")
    sentence = f"was written by a newer SpotQL (format {known + 1}; this program knows formats 1 to {known}): use that program"
    server = Server(warehouse)
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            assert cursor.execute("SELECT a FROM t").fetchall() == [(1,)]
            change(warehouse, f"PRAGMA user_version = {known + 1}")
            for statement in ["SELECT a FROM t", "INSERT INTO t VALUES (2)", "DROP TABLE t", "SHOW TABLES", "CREATE TABLE u (a INT)"]:
                with pytest.raises(Exception, match="newer SpotQL") as refused:
                    cursor.execute(statement).fetchall()
                assert sentence in str(refused.value), (statement, refused.value)
    finally:
        assert server.stop() == 0
    done = spotql("sql", "--warehouse", str(warehouse), "SELECT a FROM t")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and sentence in done.stderr, done.stderr
    change(warehouse, f"PRAGMA user_version = {known}")
    assert run_sql(warehouse, "SELECT a FROM t") == [{"a": 1}]


@needs_root
def test_on_a_full_disk_an_older_warehouse_stays_as_it_is_and_is_migrated_once_there_is_room(small_disk):  # noqa: F811
    warehouse = small_disk / "warehouse"
    older(warehouse)
    # More than what is kept for a full disk.
    change(warehouse, "INSERT INTO runs SELECT NULL, hex(zeroblob(1000)), value, 0, 0, '', '', 0, 0, 'done', 0, '' FROM json_each('[" + ",".join(map(str, range(500))) + "]')")
    (warehouse / "_spotql_reserve").write_bytes(bytes(512 << 10))
    with open(small_disk / "fill", "wb", buffering=0) as fill:
        with pytest.raises(OSError):
            while True:
                fill.write(bytes(4096))
    for _ in range(3):
        failed = select(warehouse)
        assert failed.returncode == 1, failed.stdout
        assert f"the warehouse '{warehouse}' stays in format 5: " in failed.stderr, failed.stderr
        assert "full" in failed.stderr and "Nothing in it was changed" in failed.stderr, failed.stderr
        assert [path.name for path in warehouse.glob("*backup*")] == []
    (small_disk / "fill").unlink()
    done = select(warehouse)
    assert (done.returncode, done.stdout) == (0, EXPECTED), done.stderr
    assert ask(warehouse / BACKUP, "user_version") == 5
    assert run_sql(warehouse, "SELECT count(*) AS n FROM system.schedule_runs") == [{"n": 501}]


@needs_root
def test_an_older_warehouse_that_may_only_be_read_is_read_and_stays_as_it_is(unprivileged):  # noqa: F811
    sql = unprivileged
    older(sql.warehouse)
    os.chown(sql.warehouse, 0, 0)
    before = (sql.warehouse / "spotql.sqlite3").read_bytes()
    done = sql(ROWS)
    assert (done.returncode, done.stdout, done.stderr) == (0, EXPECTED, ""), done.stderr
    refused = sql("DROP TABLE counters")
    assert refused.returncode == 1 and "can only be read" in refused.stderr, refused.stderr
    assert (sql.warehouse / "spotql.sqlite3").read_bytes() == before
    assert list(sql.warehouse.glob("*backup*")) == []


def test_a_warehouse_is_copied_while_clients_write_it(tmp_path):
    warehouse, backups = tmp_path / "warehouse", tmp_path / "backups"
    run_sql(warehouse, "CREATE TABLE t (a BIGINT); CREATE TABLE u (a BIGINT); CREATE NETWORK LIST lab AS SELECT '192.0.2.0/24' AS network, 'the lab' AS name")
    server, stop, failures = Server(warehouse), threading.Event(), []

    def write():
        try:
            with server.connect() as connection, connection.cursor() as cursor:
                n = 0
                while not stop.is_set():
                    n += 1
                    cursor.execute(f"INSERT OVERWRITE t SELECT {n} FROM generate_series(1, 50)").fetchall()
                    cursor.execute(f"INSERT INTO u SELECT {n} FROM generate_series(1, 50)").fetchall()
        except Exception as error:
            failures.append(error)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        last = -1
        for number in range(5):
            copy = backups / str(number)
            done = spotql("backup", "--warehouse", str(warehouse), "--to", str(copy))
            assert done.returncode == 0 and f"are copied to {copy}" in done.stderr, done.stderr
            # The copy is served as any warehouse.
            other = Server(copy)
            try:
                with other.connect() as connection, connection.cursor() as cursor:
                    replaced = cursor.execute("SELECT a, count(*) FROM t GROUP BY a").fetchall()
                    added = cursor.execute("SELECT count(*), count(DISTINCT a), max(a) FROM u").fetchone()
                    assert cursor.execute("SELECT network_context('192.0.2.7')").fetchone() == ("the lab",)
            finally:
                assert other.stop() == 0
            (n, rows), = replaced or [(0, 50)]
            assert rows == 50 and added[0] == 50 * added[1] and added[1] == (added[2] or 0)
            assert n - added[1] in (0, 1) and n >= last, (replaced, added)
            last = n
        assert last > 0
    finally:
        stop.set()
        writer.join()
        assert server.stop() == 0
    assert failures == []
    assert sorted(path.name for path in backups.iterdir()) == list("01234")


def test_a_backup_says_what_is_not_in_it_and_why_there_is_none(tmp_path):
    warehouse, outside = tmp_path / "warehouse", tmp_path / "outside"
    allow = f"--allow-path={tmp_path}"
    done = spotql("backup", "--warehouse", str(warehouse), "--to", str(tmp_path / "b"))
    assert done.returncode == 2 and "there is no warehouse in" in done.stderr and not warehouse.exists(), done.stderr
    outside.mkdir()
    run_sql(warehouse, f"CREATE EXTERNAL TABLE e (a INT) LOCATION '{outside}'; INSERT INTO e VALUES (1)", allow)
    done = spotql("backup", "--warehouse", str(warehouse), "--to", "b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"in {outside}, of table default.e" in done.stderr, done.stderr
    done = spotql("backup", "--warehouse", str(warehouse), "--to", "b", "--quiet", cwd=tmp_path)
    assert done.returncode == 1 and "there is something of that name" in done.stderr, done.stderr
    # It is no statement: clients of a server cannot make one.
    done = spotql("sql", "--warehouse", str(warehouse), f"BACKUP TO '{tmp_path / 'c'}'")
    assert done.returncode == 1 and "syntax error" in done.stderr, done.stderr
    assert json.dumps(run_sql(tmp_path / "b", "SELECT a FROM e", allow)) == '[{"a": 1}]'
