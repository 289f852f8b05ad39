"""One bad list must not stop detection: the last good contents stay in use, and SHOW says since when and why."""

import shutil
import subprocess
import time

import pytest
from conftest import SHARED, program, run_sql

BAD = "198.51.100.1"
SCORE = f"SELECT reputation_severity('{BAD}') AS s"


def spotql(warehouse, *arguments):
    command = [program(), *arguments, "--warehouse", str(warehouse)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def emptied(path):
    path.write_text("# nothing today\n")


def a_page(path):
    path.write_text("<!DOCTYPE html><html><body>503 Service Unavailable</body></html>\n")


def gone(path):
    path.unlink()


def zeros(path):
    path.write_bytes(bytes(4096))


def nothing(path):
    path.write_bytes(b"")


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [emptied, a_page, gone, zeros, nothing, a_folder])
@pytest.mark.parametrize("refresh", [False, True])
def test_a_list_that_has_gone_bad_says_what_it_said_before(tmp_path, spoil, refresh):
    warehouse, path = tmp_path / "warehouse", tmp_path / "feed.txt"
    path.write_text(f"{BAD}\n")
    run_sql(warehouse, f"CREATE INDICATOR LIST feed LOCATION '{path}'")
    time.sleep(0.01)
    spoil(path)
    if refresh:
        done = spotql(warehouse, "sql", "REFRESH INDICATOR LIST feed")
        assert done.returncode == 0 and "NOT refreshed" in done.stderr, done.stderr
    for process in range(3):
        done = spotql(warehouse, "sql", "--format", "csv", SCORE)
        assert (done.returncode, done.stdout) == (0, "s\n3\n"), (process, done.stderr)
        assert "feed" in done.stderr and "stay in use" in done.stderr, done.stderr
    (shown,) = run_sql(warehouse, "SHOW INDICATOR LISTS")
    assert shown["state"] == "last good contents in use" and shown["since"] and "feed" in shown["reason"], shown
    since = shown["since"]
    assert run_sql(warehouse, "SHOW INDICATOR LISTS")[0]["since"] == since
    # Good again: it is read without being told to, and nothing is left of the trouble.
    if path.is_dir():
        path.rmdir()
    path.write_text("203.0.113.5\n")
    assert run_sql(warehouse, SCORE) == [{"s": 0}]
    (shown,) = run_sql(warehouse, "SHOW INDICATOR LISTS")
    assert shown["state"] == "good" and "reason" not in shown, shown
    assert len(list((warehouse / "_spotql_sources").iterdir())) == 1
    run_sql(warehouse, "DROP INDICATOR LIST feed")
    assert list((warehouse / "_spotql_sources").iterdir()) == []


def test_a_date_of_expiry_is_no_time_bomb(tmp_path):
    warehouse, path = tmp_path / "warehouse", tmp_path / "soon.csv"
    path.write_text(f"indicator,expires\n{BAD},{int(time.time()) + 3}\n")
    run_sql(warehouse, f"CREATE INDICATOR LIST soon LOCATION '{path}'")
    time.sleep(4)
    assert run_sql(warehouse, SCORE) == [{"s": 0}]
    assert spotql(warehouse, "sql", "REFRESH INDICATOR LIST soon").returncode == 0
    assert run_sql(warehouse, SCORE) == [{"s": 0}]


def test_a_query_that_fails_leaves_the_rows_it_gave_before(tmp_path):
    warehouse = tmp_path / "warehouse"
    run_sql(
        warehouse,
        f"CREATE TABLE found AS SELECT '{BAD}' AS indicator; CREATE TABLE ours AS SELECT '192.0.2.0/24' AS network, 'lab' AS name;"
        "CREATE INDICATOR LIST own AS SELECT * FROM found; CREATE NETWORK LIST lab AS SELECT * FROM ours",
    )
    # What the table holds is seen by a new process, as before.
    run_sql(warehouse, "INSERT INTO found VALUES ('198.51.100.2')")
    assert run_sql(warehouse, "SELECT reputation_severity('198.51.100.2') AS s") == [{"s": 3}]
    run_sql(warehouse, "REFRESH INDICATOR LIST own; DROP TABLE found; DROP TABLE ours")
    rows = run_sql(
        warehouse,
        "SELECT reputation_severity('198.51.100.1') AS a, reputation_severity('198.51.100.2') AS b, network_context('192.0.2.9') AS n",
    )
    assert rows == [{"a": 3, "b": 3, "n": "lab"}]
    (shown,) = run_sql(warehouse, "SHOW NETWORK LISTS")
    assert shown["state"] == "last good contents in use" and "ours" in shown["reason"]
    run_sql(warehouse, "CREATE TABLE ours AS SELECT '192.0.2.0/24' AS network, 'office' AS name")
    assert run_sql(warehouse, "SELECT network_context('192.0.2.9') AS n") == [{"n": "office"}]


def test_a_day_is_searched_and_the_run_says_which_list_is_bad(tmp_path):
    warehouse, path = tmp_path / "warehouse", tmp_path / "feed.txt"
    path.write_text(f"{BAD}\n")
    assert spotql(warehouse, "run", "schema/flow.sql").returncode == 0
    run_sql(
        warehouse,
        f"CREATE INDICATOR LIST feed LOCATION '{path}';"
        "INSERT INTO flow PARTITION (y, m, d, h) SELECT * FROM synthetic_flow(2000, 1, '2024-05-14')",
    )
    path.unlink()
    done = spotql(warehouse, "run", "day.sql", "--var", "source=flow", "--var", "date=2024-05-14")
    assert done.returncode == 0, done.stderr
    assert "day.sql: warning: indicator list 'feed'" in done.stderr.splitlines()[-1], done.stderr
    assert run_sql(warehouse, "SELECT count(*) AS n FROM flow_scores") == [{"n": 300}]


def test_what_is_no_list_is_refused_when_it_is_made(tmp_path):
    warehouse, path = tmp_path / "warehouse", tmp_path / "feed.txt"
    for spoil in [a_page, zeros]:
        spoil(path)
        done = spotql(warehouse, "sql", f"CREATE INDICATOR LIST feed LOCATION '{path}'")
        assert done.returncode == 1 and "feed" in done.stderr, (spoil, done.stderr)
    assert "no such file" in spotql(warehouse, "sql", f"CREATE INDICATOR LIST feed LOCATION '{tmp_path}/none'").stderr.lower()
    assert run_sql(warehouse, "SHOW INDICATOR LISTS") == []
    assert run_sql(warehouse, SCORE) == [{}]


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of real data is absent")
def test_a_geo_database_that_was_damaged_is_used_as_it_was(tmp_path):
    warehouse, path = tmp_path / "warehouse", tmp_path / "geo.mmdb"
    shutil.copy(SHARED / "data/context/geo-whois-asn-country.mmdb", path)
    run_sql(warehouse, f"CREATE GEO DATABASE whois LOCATION '{path}'")
    path.write_bytes(path.read_bytes()[:100_000])
    assert run_sql(warehouse, "SELECT geo_country('8.8.8.8') AS c") == [{"c": "US"}]
    path.unlink()
    assert run_sql(warehouse, "SELECT geo_country('8.8.8.8') AS c") == [{"c": "US"}]
    (shown,) = run_sql(warehouse, "SHOW GEO DATABASES")
    assert shown["state"] == "last good contents in use", shown


def test_an_older_warehouse_whose_list_is_gone_goes_on_without_it(tmp_path):
    import contextlib
    import json
    import sqlite3

    warehouse, path = tmp_path / "warehouse", tmp_path / "feed.txt"
    path.write_text(f"{BAD}\n")
    run_sql(warehouse, f"CREATE INDICATOR LIST feed LOCATION '{path}'")
    # As programs wrote it that kept no contents.
    with contextlib.closing(sqlite3.connect(warehouse / "spotql.sqlite3")) as metastore, metastore:
        (text,) = metastore.execute("SELECT definition FROM sources").fetchone()
        old = {key: value for key, value in json.loads(text).items() if key not in ("kept", "version", "problem")}
        metastore.execute("UPDATE sources SET definition = ?", (json.dumps(old),))
    path.unlink()
    assert run_sql(warehouse, SCORE) == [{}]
    (shown,) = run_sql(warehouse, "SHOW INDICATOR LISTS")
    assert shown["state"] == "no contents", shown
    path.write_text(f"{BAD}\n")
    assert run_sql(warehouse, SCORE) == [{"s": 3}]
