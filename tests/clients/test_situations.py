"""Situations that users of such systems reported: files of other programs, and scripts. `tests/situations/README.md`
says where each comes from."""

import os
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import program, run_sql


@pytest.fixture
def warehouse(tmp_path):
    return tmp_path / "warehouse"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "foreign"
    folder.mkdir()
    return folder


def put(folder, below, columns, name="x.parquet", **options):
    """Writes a file in a sub-directory, by default of one column of INT32."""
    place = folder / below
    place.mkdir(parents=True, exist_ok=True)
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table, place / name, **options)


def external(warehouse, folder, columns, partitions=""):
    by = f"PARTITIONED BY ({partitions})" if partitions else ""
    run_sql(
        warehouse,
        f"CREATE EXTERNAL TABLE t ({columns}) {by} STORED AS PARQUET LOCATION '{folder}'",
    )
    if partitions:
        run_sql(warehouse, "MSCK REPAIR TABLE t")


def failure(warehouse, statement):
    """What a statement that must fail says."""
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), statement],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr


def ints(*values):
    return pa.array(values, pa.int32())


def test_null_and_empty_partition_values_are_null(warehouse, folder):
    for i, name in enumerate(["d=__HIVE_DEFAULT_PARTITION__", "d=", "d=x", "d=NULL"]):
        put(folder, name, {"a": ints(i)})
    external(warehouse, folder, "a INT", "d STRING")
    rows = run_sql(warehouse, "SELECT a, d FROM t ORDER BY a")
    assert rows == [{"a": 0}, {"a": 1}, {"a": 2, "d": "x"}, {"a": 3, "d": "NULL"}]
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t WHERE d IS NULL") == [{"n": 2}]


def test_a_null_partition_of_a_number_is_null(warehouse, folder):
    put(folder, "m=__HIVE_DEFAULT_PARTITION__", {"a": ints(1)})
    put(folder, "m=07", {"a": ints(2)})
    external(warehouse, folder, "a INT", "m INT")
    assert run_sql(warehouse, "SELECT a, m FROM t ORDER BY a") == [{"a": 1}, {"a": 2, "m": 7}]


def test_repair_says_which_directories_it_passes_over(warehouse, folder):
    put(folder, "m=x", {"a": ints(1)})
    put(folder, "n=5", {"a": ints(2)})
    external(warehouse, folder, "a INT", "m INT")
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), "MSCK REPAIR TABLE t"],
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert "'m=x': its value is no int" in said and "'n=5': it is not named m=<value>" in said


def test_partition_names_in_upper_case(warehouse, folder):
    put(folder, "Y=2024/M=5", {"a": ints(1)})
    put(folder, "y=2024/m=6", {"a": ints(2)})
    external(warehouse, folder, "a INT", "y INT, m INT")
    assert run_sql(warehouse, "SELECT a, m FROM t ORDER BY a") == [
        {"a": 1, "m": 5},
        {"a": 2, "m": 6},
    ]


def test_the_directory_is_believed_where_the_file_holds_the_partition_column(warehouse, folder):
    put(folder, "y=2024", {"a": ints(1), "y": ints(1999)})
    external(warehouse, folder, "a INT", "y INT")
    assert run_sql(warehouse, "SELECT a, y FROM t WHERE y = 2024 AND a = 1") == [{"a": 1, "y": 2024}]
    assert run_sql(warehouse, "SELECT a FROM t WHERE y = 1999") == []


def test_partition_values_with_characters_that_need_care(warehouse, folder):
    names = {
        "d=a b": "a b",
        "d=10%3A00": "10:00",
        "d=10:00": "10:00",
        "d=50%": "50%",
        "d=a%2Fb": "a/b",
        "d=a+b": "a+b",
        "d=x=y": "x=y",
        "d=\u00e9": "\u00e9",
        "d=e\u0301": "e\u0301",
    }
    for i, name in enumerate(names):
        put(folder, name, {"a": ints(i)})
    external(warehouse, folder, "a INT", "d STRING")
    rows = run_sql(warehouse, "SELECT d FROM t ORDER BY a")
    assert [row["d"] for row in rows] == list(names.values())
    assert run_sql(warehouse, "SELECT a FROM t WHERE d = '10:00' ORDER BY a") == [{"a": 1}, {"a": 2}]
    # Two spellings of one letter are two values, as they are two directories.
    assert run_sql(warehouse, "SELECT a FROM t WHERE d = '\u00e9'") == [{"a": 7}]


def test_of_two_columns_the_one_spelled_alike_is_read_and_its_bounds_believed(warehouse, folder):
    put(folder, ".", pa.table([ints(70, 80, 90), ints(1, 2, 3)], names=["A", "a"]))
    external(warehouse, folder, "a INT")
    assert run_sql(warehouse, "SELECT a FROM t WHERE a = 2") == [{"a": 2}]
    assert run_sql(warehouse, "SELECT a FROM t WHERE a = 80") == []
    assert run_sql(warehouse, "SELECT max(a) AS top, min(a) AS low FROM t") == [{"top": 3, "low": 1}]


@pytest.mark.parametrize("names", [["AB", "Ab"], ["ab", "ab"]])
def test_two_columns_that_may_both_be_meant_are_refused(warehouse, folder, names):
    put(folder, ".", pa.table([ints(70), ints(1)], names=names))
    external(warehouse, folder, "ab INT")
    assert "column 'ab' is in the file more than once" in failure(warehouse, "SELECT ab FROM t")
    assert "column 'ab' is in the file more than once" in failure(
        warehouse, "SELECT max(ab) FROM t"
    )


def test_files_whose_columns_differ(warehouse, folder):
    put(folder, ".", {"a": [1], "b": ["x"], "c": [1]}, "1.parquet")
    put(folder, ".", {"C": [2], "B": [2], "A": [2]}, "2.parquet")
    put(folder, ".", {"a": ["3"], "z": [1]}, "3.parquet")
    put(folder, ".", {"a": ["-"]}, "4.parquet")
    external(warehouse, folder, "a INT, b STRING, c BIGINT")
    assert run_sql(warehouse, "SELECT * FROM t ORDER BY a") == [
        {"a": 1, "b": "x", "c": 1},
        {"a": 2, "b": "2", "c": 2},
        {"a": 3},
        {},
    ]
    assert run_sql(warehouse, "SELECT a FROM t WHERE c = 2 AND b = '2'") == [{"a": 2}]
    assert run_sql(warehouse, "SELECT a FROM t WHERE a >= 3") == [{"a": 3}]


def test_unsigned_numbers_do_not_become_negative(warehouse, folder):
    columns = {
        "a": pa.array([2**32 - 1], pa.uint32()),
        "b": pa.array([2**32 - 1], pa.uint32()),
        "c": pa.array([2**64 - 1], pa.uint64()),
        "e": pa.array([65535], pa.uint16()),
    }
    put(folder, ".", columns)
    external(warehouse, folder, "a INT, b BIGINT, c BIGINT, e SMALLINT")
    assert run_sql(warehouse, "SELECT * FROM t") == [{"b": 4294967295}]
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t WHERE c < 0 OR a < 0") == [{"n": 0}]


def test_a_time_with_a_zone_is_read_in_utc(warehouse, folder):
    noon = pa.array(["2024-05-14T12:00:00Z"]).cast(pa.timestamp("us", "UTC"))
    put(folder, ".", {"c": noon.cast(pa.timestamp("us", "America/New_York"))})
    external(warehouse, folder, "c TIMESTAMP")
    assert run_sql(warehouse, "SELECT hour(c) AS h FROM t WHERE c = '2024-05-14 12:00:00'") == [
        {"h": 12}
    ]


def test_empty_unfinished_and_hidden_files_are_passed_over(warehouse, folder):
    put(folder, ".", {"a": ints(1)})
    put(folder, ".", {"a": ints()}, "no-rows.parquet")
    pq.ParquetWriter(folder / "no-row-groups.parquet", pa.schema([("a", pa.int32())])).close()
    (folder / "empty.parquet").touch()
    for name in [
        "_SUCCESS",
        "_metadata",
        "_common_metadata",
        ".x.parquet.crc",
        ".DS_Store",
        "y.parquet.tmp",
        "y.parquet._COPYING_",
        "y.copying",
    ]:
        (folder / name).write_bytes(b"PAR1")
    put(folder, "_temporary/0", {"a": ints(9)})
    put(folder, ".hive-staging_1", {"a": ints(9)})
    external(warehouse, folder, "a INT")
    assert run_sql(warehouse, "SELECT a FROM t") == [{"a": 1}]


def test_a_file_that_is_no_parquet_is_named(warehouse, folder):
    put(folder, ".", {"a": ints(1)})
    (folder / "README.txt").write_text("what lies here")
    external(warehouse, folder, "a INT")
    assert "README.txt' cannot be read" in failure(warehouse, "SELECT a FROM t")


def test_columns_named_as_zeek_and_spark_name_them(warehouse, folder):
    put(folder, ".", {"id.orig_h": ["h"], "date": ["d"], "from": ints(1), "bytes sent": ints(2)})
    external(warehouse, folder, "`id.orig_h` STRING, `date` STRING, `from` INT, `bytes sent` INT")
    rows = run_sql(
        warehouse,
        "SELECT `id.orig_h` AS h, max(`from` + `bytes sent`) AS n FROM t WHERE `date` = 'd' GROUP BY `id.orig_h`",
    )
    assert rows == [{"h": "h", "n": 3}]


def test_a_port_that_is_text_is_compared_with_a_number(warehouse, folder):
    put(folder, ".", {"port": ["443", "0443", "-", "", None, "80"]})
    external(warehouse, folder, "port STRING")
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t WHERE port = 443") == [{"n": 2}]
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t WHERE port < 1024") == [{"n": 3}]
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t WHERE port IN (80, 443)") == [{"n": 3}]


def test_a_partition_that_is_text_is_compared_with_a_number(warehouse, folder):
    for i, name in enumerate(["m=07", "m=7", "m=x", "m=12"]):
        put(folder, name, {"a": ints(i)})
    external(warehouse, folder, "a INT", "m STRING")
    assert run_sql(warehouse, "SELECT a FROM t WHERE m = 7 ORDER BY a") == [{"a": 0}, {"a": 1}]
    assert run_sql(warehouse, "SELECT a FROM t WHERE m > 7") == [{"a": 3}]


def script(tmp_path, content: bytes):
    """Runs a script of these bytes."""
    path = tmp_path / "s.sql"
    path.write_bytes(content)
    return subprocess.run(
        [program(), "run", str(path), "--warehouse", str(tmp_path / "w"), "--format", "csv"],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=60,
    )


def test_scripts_of_windows_editors(tmp_path):
    done = script(tmp_path, b"\xef\xbb\xbfSELECT 1 AS a;\r\n-- a comment; with one\r\nSELECT ';' AS b;\r\n")
    assert (done.returncode, done.stdout) == (0, "a\n1\nb\n;\n"), done.stderr
    done = script(tmp_path, "SELECT 1 AS a;".encode("utf-16"))
    assert done.returncode == 2 and "it is UTF-16; save it as UTF-8" in done.stderr
    done = script(tmp_path, b"SELECT '\xe9' AS a;")
    assert done.returncode == 2 and "save it as UTF-8" in done.stderr


def test_a_long_list_of_values(tmp_path):
    values = ",".join(str(i) for i in range(50_000))
    done = script(tmp_path, f"SELECT a FROM (SELECT 7 AS a) WHERE a IN ({values})".encode())
    assert (done.returncode, done.stdout) == (0, "a\n7\n"), done.stderr


MENDED = {
    "least and greatest of a group with NaN": (
        "SELECT max(a) = 'NaN' AND min(a) = 1 AS ok FROM"
        " (SELECT CAST('NaN' AS DOUBLE) AS a, 1 AS g UNION ALL SELECT 1.0, 1) GROUP BY g"
    ),
    "window partitions of zeros": (
        "SELECT max(r) = 2 AS ok FROM (SELECT row_number() OVER (PARTITION BY z) AS r FROM"
        " (SELECT CAST('-0' AS DOUBLE) AS z UNION ALL SELECT 0.0))"
    ),
    "distinct zeros beside a count": (
        "SELECT n = 2 AND d = 1 AS ok FROM (SELECT count(*) AS n, count(DISTINCT z) AS d FROM"
        " (SELECT CAST('-0' AS DOUBLE) AS z UNION ALL SELECT 0.0))"
    ),
    "groups of NaN": (
        "SELECT count(*) = 1 AS ok FROM (SELECT z FROM"
        " (SELECT CAST('NaN' AS DOUBLE) AS z UNION ALL SELECT CAST('-NaN' AS DOUBLE)) GROUP BY z)"
    ),
    "the name of the default partition": (
        "CREATE TABLE p (a INT) PARTITIONED BY (d STRING);"
        " INSERT INTO p PARTITION (d = '__HIVE_DEFAULT_PARTITION__') SELECT 1;"
        " SELECT d IS NULL AS ok FROM p"
    ),
    "LIMIT in a correlated subquery": (
        "CREATE TABLE v (a INT); INSERT INTO v VALUES (1);"
        " SELECT (SELECT y.a FROM v y WHERE y.a = x.a LIMIT 1) = 1 AS ok FROM v x"
    ),
    "the first of a correlated subquery's rows": (
        "CREATE TABLE o (a INT, b INT, c STRING); INSERT INTO o VALUES (1, 2, 'late'), (1, 1, 'early'), (1, NULL, 'never');"
        " SELECT (SELECT y.c FROM o y WHERE y.a = x.n ORDER BY y.b LIMIT 1) = 'early'"
        " AND (SELECT y.c FROM o y WHERE y.a = x.n + 1 ORDER BY y.b LIMIT 1) IS NULL"
        " AND (SELECT y.b FROM o y WHERE y.a = x.n ORDER BY y.b DESC NULLS FIRST LIMIT 1) IS NULL"
        " AND (SELECT count(*) FROM o y WHERE y.a = x.n + 1 LIMIT 1) = 0 AS ok FROM (SELECT 1 AS n) x"
    ),
    "the greatest of nothing but infinities": (
        "SELECT max(z) = CAST('-Infinity' AS DOUBLE) AND min(-z) = CAST('Infinity' AS DOUBLE) AS ok"
        " FROM (SELECT CAST('-Infinity' AS DOUBLE) AS z, 1 AS g) GROUP BY g"
    ),
    "least and greatest with NaN of either sign": (
        "SELECT max(z) = 'NaN' AND min(z) = 1 AS ok FROM"
        " (SELECT CAST('-NaN' AS DOUBLE) AS z UNION ALL SELECT 1.0 UNION ALL SELECT 2.0)"
    ),
    "least of a sliding window with NaN": (
        "SELECT min(m) = 1 AND max(m) = 'NaN' AS ok FROM (SELECT min(z) OVER (ORDER BY i ROWS 1 PRECEDING) AS m FROM"
        " (SELECT CAST('-NaN' AS DOUBLE) AS z, 1 AS i UNION ALL SELECT 1.0, 2 UNION ALL SELECT 2.0, 3))"
    ),
    "distinct zeros and NaN": (
        "SELECT count(*) = 2 AS ok FROM (SELECT DISTINCT z FROM (SELECT CAST('-NaN' AS DOUBLE) AS z"
        " UNION ALL SELECT CAST('NaN' AS DOUBLE) UNION ALL SELECT CAST('-0' AS DOUBLE) UNION ALL SELECT 0.0))"
    ),
    "zeros in grouping sets": (
        "SELECT count(*) = 4 AS ok FROM (SELECT z, g, count(*) FROM (SELECT CAST('-0' AS DOUBLE) AS z, 1 AS g"
        " UNION ALL SELECT 0.0, 1) GROUP BY CUBE (z, g))"
    ),
    "groups of real numbers": (
        "SELECT count(DISTINCT z) = 1 AND min(n) = 2 AS ok FROM (SELECT z, count(*) AS n FROM"
        " (SELECT CAST('-0' AS REAL) AS z UNION ALL SELECT CAST(0 AS REAL)) GROUP BY z HAVING z = 0)"
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_one_statement(warehouse, name):
    assert run_sql(warehouse, MENDED[name]) == [{"ok": True}]


@pytest.mark.xfail(strict=True, reason="open; see tests/situations/README.md")
def test_open_a_decimal_text_cast_to_an_integer(warehouse):
    statement = "SELECT coalesce(CAST('12.7' AS INT), 12) = 12 AS ok"
    assert run_sql(warehouse, statement) == [{"ok": True}]


def test_nan_beside_the_bounds_of_a_file(warehouse, folder):
    put(folder, ".", {"z": pa.array([1.0, float("nan"), -0.0, 0.0])})
    external(warehouse, folder, "z DOUBLE")
    rows = run_sql(warehouse, "SELECT max(z) = 'NaN' AS nan, min(z) AS low, count(DISTINCT z) AS n FROM t")
    assert rows == [{"nan": True, "low": -0.0, "n": 3}]


@pytest.mark.parametrize(
    "column, declared",
    [
        (pa.array([1715644800], pa.int64()), "TIMESTAMP"),
        (pa.array([20240514], pa.int32()), "DATE"),
        (pa.array([0], pa.timestamp("us")), "BIGINT"),
    ],
)
def test_a_number_is_no_time_without_its_unit(warehouse, folder, column, declared):
    put(folder, ".", {"a": column})
    external(warehouse, folder, f"a {declared}")
    said = failure(warehouse, "SELECT a FROM t")
    assert "x.parquet" in said and "unit is not known" in said
    run_sql(warehouse, f"CREATE TABLE w (a {declared})")
    source = "to_timestamp_seconds(1)" if declared == "BIGINT" else "1715644800"
    assert "nothing tells the number's unit" in failure(warehouse, f"INSERT INTO w SELECT {source}")


def test_a_time_is_not_compared_with_a_number(warehouse):
    said = failure(warehouse, "SELECT 1 FROM (SELECT DATE '2024-05-14' AS d) WHERE d = 20240514")
    assert "d is a DATE, and is compared with a number; write a date" in said
    said = failure(warehouse, "SELECT 1 FROM (SELECT TIMESTAMP '2024-05-14 10:00:00' AS t) WHERE t > 1715644800")
    assert "t is a TIMESTAMP, and is compared with a number" in said


def test_a_limit_that_cannot_be_had_is_named(warehouse):
    run_sql(warehouse, "CREATE TABLE v (a INT)")
    rows = "(SELECT y.a FROM v y WHERE y.a = x.a LIMIT {})"
    said = failure(warehouse, "SELECT * FROM v x WHERE x.a IN " + rows.format(1))
    assert "its only LIMIT can be LIMIT 1 in place of a value" in said
    said = failure(warehouse, "SELECT * FROM v x WHERE 1 = " + rows.format(2))
    assert "may give several rows: write an aggregate, or LIMIT 1" in said


def test_files_above_the_partitions_are_named(warehouse, folder):
    put(folder, ".", {"a": ints(1)}, "above.parquet")
    put(folder, "m=6", {"a": ints(2)})
    external(warehouse, folder, "a INT", "m INT")
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), "MSCK REPAIR TABLE t"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "skipped 'above.parquet': it lies above the directories of m" in done.stdout + done.stderr
