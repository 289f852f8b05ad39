"""Sources of context from real tools and in several processes at once, and how scripts end."""

import subprocess

import pytest
import stix2
from conftest import SHARED, program, run_sql


def run_scripts(warehouse, *arguments):
    return subprocess.run(
        [program(), "run", "--warehouse", str(warehouse), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def told(cursor, sql):
    return cursor.execute(sql).fetchone()


def test_a_stix_bundle_of_the_official_library_is_read(connection, tmp_path):
    path = tmp_path / "bundle.json"
    indicators = [
        stix2.Indicator(name="C2", pattern_type="stix", pattern=pattern, confidence=confidence)
        for pattern, confidence in [
            ("[ipv4-addr:value = '198.51.100.7']", 90),
            ("[domain-name:value = 'c2.example.com' OR url:value = 'http://files.example.net/a']", 40),
            ("[file:name = 'x.exe' AND file:size = 3]", 90),
        ]
    ]
    path.write_text(stix2.Bundle(indicators).serialize(pretty=True))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDICATOR LIST shared LOCATION '{path}'")
        assert told(cursor, "SELECT reputation('198.51.100.7'), reputation('www.c2.example.com')") == (
            "shared:C2:3",
            "shared:C2:2",
        )
        assert told(cursor, "SELECT reputation_severity('files.example.net/a/b')") == (2,)
        rows = cursor.execute("SHOW INDICATOR LISTS").fetchall()
        assert rows[0][:2] == ("shared", "3 indicators, 1 unusable")


def test_what_another_process_changes_is_seen(server, tmp_path):
    warehouse = tmp_path / "warehouse"
    path = tmp_path / "list.txt"
    path.write_text("198.51.100.1\n")
    with server.connect() as connection, connection.cursor() as cursor:
        asked = "SELECT reputation_severity('198.51.100.1'), reputation_severity('198.51.100.2')"
        assert told(cursor, asked) == (None, None)
        run_sql(warehouse, f"CREATE INDICATOR LIST feed LOCATION '{path}'")
        assert told(cursor, asked) == (3, 0)
        # A file that changes is seen after REFRESH, whoever says it.
        path.write_text("198.51.100.2\n")
        assert told(cursor, asked) == (3, 0)
        run_sql(warehouse, "REFRESH INDICATOR LIST feed")
        assert told(cursor, asked) == (0, 3)
        # One that is gone or broken leaves what there was.
        path.write_text("no indicator\n")
        cursor.execute("REFRESH INDICATOR LIST feed").fetchall()
        assert told(cursor, asked) == (0, 3)
        name, *_, state, since, reason = cursor.execute("SHOW INDICATOR LISTS").fetchone()
        assert (name, state) == ("feed", "last good contents in use") and since and "no indicators" in reason
        cursor.execute("DROP INDICATOR LIST feed")
        assert told(cursor, asked) == (None, None)


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of real data is absent")
def test_countries_come_from_a_real_database(connection):
    path = SHARED / "data/context/geo-whois-asn-country.mmdb"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE GEO DATABASE whois LOCATION '{path}'")
        sql = "SELECT geo_country('8.8.8.8'), geo_country('2001:4860:4860::8888'), geo_country('10.0.0.1')"
        assert told(cursor, sql) == ("US", "US", None)
        assert cursor.execute("SHOW GEO DATABASES").fetchall()[0][0] == "whois"


def test_the_exit_status_tells_a_day_without_records_from_one_that_fails(tmp_path):
    warehouse = tmp_path / "warehouse"
    assert run_scripts(warehouse, "schema/flow.sql").returncode == 0
    day = ["day.sql", "--var", "source=flow"]
    empty = run_scripts(warehouse, *day, "--var", "date=2024-05-14")
    assert empty.returncode == 3
    assert "detect/flow.sql:" in empty.stderr and "0 records read" in empty.stderr
    assert run_scripts(warehouse, *day).returncode == 1
    assert run_scripts(warehouse, "no/such.sql").returncode == 2
    run_sql(
        warehouse,
        "INSERT INTO flow PARTITION (y, m, d, h) SELECT * FROM synthetic_flow(2000, 1, '2024-05-14')",
    )
    done = run_scripts(warehouse, *day, "--var", "date=2024-05-14")
    assert done.returncode == 0, done.stderr
    assert run_sql(warehouse, "SELECT count(*) AS n FROM flow_scores") == [{"n": 300}]
    assert run_sql(warehouse, "SELECT count(*) > 0 AS filled FROM flow_edge") == [{"filled": True}]


def test_a_script_that_runs_itself_ends_with_an_error(tmp_path):
    script = tmp_path / "circle.sql"
    script.write_text(f"RUN '{script}';")
    ended = run_scripts(tmp_path / "warehouse", str(script))
    assert ended.returncode == 1
    assert "would run itself without an end" in ended.stderr
    script.write_text("RUN nothing;")
    ended = run_scripts(tmp_path / "warehouse", str(script))
    assert ended.returncode == 1
    assert "the name of a script in quotes is expected" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_a_damaged_geo_database_is_refused(tmp_path):
    whole = (SHARED / "data" / "context" / "geo-whois-asn-country.mmdb").read_bytes()
    damaged = tmp_path / "damaged.mmdb"
    # Zeros where the tree is, zeros in the data, a piece that is missing.
    middle = len(whole) // 2
    end = len(whole) - 3000
    for content in [
        whole[:1000] + bytes(5000) + whole[6000:],
        whole[:middle] + whole[middle + 4096 :],
        whole[:end] + bytes(500) + whole[end + 500 :],
    ]:
        damaged.write_bytes(content)
        done = subprocess.run(
            [program(), "sql", "--warehouse", str(tmp_path / "w"), f"CREATE GEO DATABASE g LOCATION '{damaged}'"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1 and "damaged.mmdb" in done.stderr, done.stderr
