"""Which paths statements may use: of a local user, of a server's clients and schedules."""

import json
import subprocess
import time

import adbc_driver_manager
import pyarrow
import pyarrow.parquet
import pytest
from conftest import Server, program, run_sql


def local(warehouse, statement, *allow):
    command = [program(), "sql", "--warehouse", str(warehouse), "--format", "csv", statement]
    command += [f"--allow-path={path}" for path in allow]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def places(tmp_path):
    """A warehouse, and beside it a folder with Parquet, notes, a list, domains and a script."""
    outside = tmp_path / "outside"
    outside.mkdir()
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array([1, 2], pyarrow.int32())}), outside / "rows.parquet")
    (outside / "notes").mkdir()
    (outside / "notes" / "todo.txt").write_text("203.0.113.9\n")
    (outside / "domains.txt").write_text("example.com\n")
    (outside / "networks.csv").write_text("10.0.0.0/8,lab\n")
    (outside / "script.sql").write_text("CREATE TABLE IF NOT EXISTS seen (a INT); INSERT INTO seen VALUES (1);")
    return tmp_path / "warehouse", outside


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_local_user_reads_anything_and_writes_where_it_is_allowed(places):
    warehouse, outside = places
    before = tree(outside)
    done = local(warehouse, f"CREATE EXTERNAL TABLE e (a INT) STORED AS PARQUET LOCATION '{outside}'; SELECT max(a) AS a FROM e")
    # Besides the rows there are files that are none.
    assert done.returncode == 1 and "domains.txt" in done.stderr
    for statement in [
        "INSERT INTO e VALUES (3)",
        "INSERT OVERWRITE e SELECT 4 AS a",
        f"CREATE TABLE m (a INT) LOCATION '{outside}/m'",
        f"CREATE TABLE m LOCATION '{outside}/m' AS SELECT 1 AS a",
        f"CREATE EXTERNAL TABLE m LOCATION '{outside}/m' AS SELECT 1 AS a",
        f"CREATE DATABASE d LOCATION '{outside}/d'",
    ]:
        refused = local(warehouse, statement)
        assert refused.returncode == 1 and "--allow-path" in refused.stderr, (statement, refused.stderr)
        read_only = local(warehouse, statement, f"{outside}:ro")
        assert read_only.returncode == 1 and "for reading only" in read_only.stderr, (statement, read_only.stderr)
    assert tree(outside) == before and not (outside / "m").exists() and not (outside / "d").exists()
    for statement in ["INSERT OVERWRITE e SELECT 4 AS a", f"CREATE TABLE m (a INT) LOCATION '{outside}/m'", "INSERT INTO m VALUES (5)"]:
        done = local(warehouse, statement, outside)
        assert done.returncode == 0, done.stderr
    # A managed table that lies there can be dropped only by who may delete its files.
    assert "--allow-path" in local(warehouse, "DROP TABLE m").stderr
    assert local(warehouse, "DROP TABLE m", f"{outside}:rw").returncode == 0
    assert local(warehouse, "DROP TABLE e").returncode == 0
    assert (outside / "notes" / "todo.txt").exists()


def test_a_link_in_the_warehouse_is_where_it_leads(places):
    warehouse, outside = places
    run_sql(warehouse, "CREATE TABLE t (a INT) PARTITIONED BY (p INT); INSERT INTO t PARTITION (p = 1) VALUES (1)")
    (outside / "p2").mkdir()
    (warehouse / "t" / "p=2").symlink_to(outside / "p2")
    refused = local(warehouse, "INSERT INTO t PARTITION (p) VALUES (2, 2), (1, 1)")
    assert refused.returncode == 1 and "p=2" in refused.stderr and "--allow-path" in refused.stderr, refused.stderr
    assert local(warehouse, "SELECT count(*) AS n FROM t").stdout == "n\n1\n"
    assert local(warehouse, "INSERT INTO t PARTITION (p) VALUES (2, 2), (1, 1)", outside).returncode == 0
    assert local(warehouse, "SELECT count(*) AS n FROM t").stdout == "n\n3\n"


STATEMENTS = [
    "SELECT * FROM read_lines('{outside}/domains.txt')",
    "SELECT * FROM read_lines('{outside}')",
    "SELECT * FROM read_lines('{outside}/*.txt')",
    "SELECT * FROM read_lines('{warehouse}/../outside/domains.txt')",
    "SELECT * FROM read_lines('{warehouse}/link/domains.txt')",
    "SELECT * FROM read_lines('{warehouse}/l*/domains.txt')",
    "SELECT * FROM read_lines('{warehouse}/*/../../outside/domains.txt')",
    "SELECT * FROM read_lines('/proc/self/environ')",
    "SELECT * FROM read_lines('{warehouse}/spotql.sqlite3')",
    "LOAD FILES '{outside}/rows.parquet' INTO u",
    "LOAD FILES '{outside}' INTO u",
    "LOAD FILES '{outside}/*.parquet' INTO u",
    "LOAD FILES 'file://{outside}/rows.parquet' INTO u",
    "LOAD FILES '{warehouse}/../outside' INTO u",
    "LOAD FILES '{warehouse}/link' INTO u",
    "LOAD FILES '{warehouse}/l*/rows.parquet' INTO u",
    "LOAD FILES '{warehouse}/l*' INTO u",
    "LOAD FILES '{warehouse}/*/../../outside/rows.parquet' INTO u",
    "LOAD FILES '/proc/self/environ' INTO u",
    "SET spotql.user_domains = file {outside}/domains.txt",
    "CREATE INDICATOR LIST l LOCATION '{outside}/notes/todo.txt'",
    "CREATE NETWORK LIST n LOCATION '{outside}/networks.csv'",
    "CREATE GEO DATABASE g LOCATION '{outside}/domains.txt'",
    "CREATE EXTERNAL TABLE x (a INT) STORED AS PARQUET LOCATION '{outside}/notes'",
    "CREATE EXTERNAL TABLE x (a INT) STORED AS PARQUET LOCATION '{warehouse}/link'",
    "CREATE TABLE x (a INT) LOCATION '{outside}/x'",
    "CREATE DATABASE x LOCATION '{outside}/x'",
    "ALTER TABLE t ADD PARTITION (p = 7) LOCATION '{outside}/notes'",
    "SELECT * FROM before",
    "CREATE SCHEDULE s EVERY '1 min' AS RUN '{outside}/script.sql'",
]


def test_clients_of_a_server_see_the_warehouse_and_what_is_allowed(places):
    warehouse, outside = places
    # Made before the server was told what it may read.
    run_sql(warehouse, f"CREATE EXTERNAL TABLE before (a INT) STORED AS PARQUET LOCATION '{outside}'")
    run_sql(warehouse, "CREATE TABLE t (a INT) PARTITIONED BY (p INT); INSERT INTO t PARTITION (p = 1) VALUES (1); CREATE TABLE u (a INT)")
    (warehouse / "link").symlink_to(outside)
    texts = [statement.format(outside=outside, warehouse=warehouse) for statement in STATEMENTS]
    server = Server(warehouse, allow=[])
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            assert cursor.execute("SELECT a FROM t").fetchall() == [(1,)]
            for text in texts:
                with pytest.raises(adbc_driver_manager.Error) as error:
                    cursor.execute(text).fetchall()
                said = str(error.value)
                assert "may not be read" in said or "may not be written" in said or "is no pattern" in said, (text, said)
                assert "203.0.113.9" not in said
            # What is there cannot be told from what is not.
            said = []
            for path in ["/etc/passwd", "/etc/no-such-file"]:
                with pytest.raises(adbc_driver_manager.Error) as error:
                    cursor.execute(f"SELECT * FROM read_lines('{path}')").fetchall()
                said.append(str(error.value).replace(path, "PATH"))
            assert said[0] == said[1]
    finally:
        assert server.stop() == 0
    assert not (outside / "x").exists()

    server = Server(warehouse, allow=[f"{outside}:ro"])
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            for text in texts:
                if "/proc/" in text or "sqlite3" in text or "*/.." in text or text.startswith("CREATE GEO"):
                    continue
                if text.startswith(("CREATE TABLE", "CREATE DATABASE")):
                    with pytest.raises(adbc_driver_manager.Error, match="for reading only"):
                        cursor.execute(text).fetchall()
                elif "FROM before" not in text:
                    cursor.execute(text.replace(" x (", f" x{texts.index(text)} (")).fetchall()
    finally:
        assert server.stop() == 0


def test_a_schedule_reads_what_the_servers_clients_may(places):
    warehouse, outside = places
    run_sql(warehouse, f"CREATE SCHEDULE s EVERY '1 min' AS RUN '{outside}/script.sql'")
    server = Server(warehouse, allow=[])
    try:
        until = time.monotonic() + 90
        runs = []
        while not runs and time.monotonic() < until:
            runs = run_sql(warehouse, "SELECT state, error FROM system.schedule_runs WHERE state <> 'running'")
            time.sleep(0.3)
        assert runs[0]["state"] == "failed" and "may not be read" in runs[0]["error"], json.dumps(runs)
    finally:
        assert server.stop() == 0


def test_an_allowed_folder_must_be_there(tmp_path):
    done = local(tmp_path / "warehouse", "SELECT 1", tmp_path / "missing")
    assert done.returncode == 1 and "missing" in done.stderr, done.stderr
    done = local(tmp_path / "warehouse", "SELECT 1", ":ro")
    assert done.returncode == 2 and "write a folder" in done.stderr, done.stderr
