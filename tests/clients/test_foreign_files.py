"""Files that cross: Parquet that pyarrow and DuckDB wrote is read right through SpotQL, and they
read what SpotQL wrote."""

import datetime

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from conftest import run_sql

COLUMNS = "ts TIMESTAMP, sip STRING, sport INT, ibyt BIGINT, ml_score DOUBLE"
NOON = datetime.datetime(2016, 7, 8, 12, 0, 0, 250_000)


@pytest.fixture
def warehouse(tmp_path):
    return tmp_path / "warehouse"


@pytest.fixture
def foreign(tmp_path):
    """A folder for what another program writes."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    return folder


def external(warehouse, folder, columns=COLUMNS, partitions=""):
    """Registers a folder as table `t`."""
    partitioned = f"PARTITIONED BY ({partitions})" if partitions else ""
    run_sql(
        warehouse,
        f"CREATE EXTERNAL TABLE t ({columns}) {partitioned} STORED AS PARQUET LOCATION '{folder}'",
    )
    if partitions:
        run_sql(warehouse, "MSCK REPAIR TABLE t")


def test_int96_timestamps_of_pyarrow_are_read(warehouse, foreign):
    table = pa.table({"ts": pa.array([NOON, None], pa.timestamp("ns")), "sip": ["a", "b"]})
    pq.write_table(table, foreign / "x.parquet", use_deprecated_int96_timestamps=True)
    column = pq.ParquetFile(foreign / "x.parquet").schema.column(0)
    assert column.physical_type == "INT96"
    external(warehouse, foreign)
    rows = run_sql(
        warehouse,
        "SELECT sip, CAST(ts AS STRING) AS ts, ts = '2016-07-08 12:00:00.25' AS same FROM t ORDER BY sip",
    )
    assert rows[0]["same"] is True, rows
    assert rows[0]["ts"].startswith("2016-07-08T12:00:00.25"), rows
    assert rows[1] == {"sip": "b"}


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_timestamps_of_every_unit_are_read(warehouse, foreign, unit):
    table = pa.table({"ts": pa.array([NOON], pa.timestamp(unit))})
    pq.write_table(table, foreign / "x.parquet")
    external(warehouse, foreign)
    (row,) = run_sql(warehouse, "SELECT ts = '2016-07-08 12:00:00.25' AS same FROM t")
    assert row == {"same": True}


def test_dictionary_columns_of_pyarrow_are_read(warehouse, foreign):
    names = pa.array(["10.0.0.1", None, "10.0.0.2", "10.0.0.1"]).dictionary_encode()
    pq.write_table(pa.table({"sip": names, "sport": [1, 2, 3, 4]}), foreign / "x.parquet")
    external(warehouse, foreign)
    rows = run_sql(warehouse, "SELECT sip, count(*) AS n FROM t GROUP BY sip ORDER BY sip")
    assert rows == [{"sip": "10.0.0.1", "n": 2}, {"sip": "10.0.0.2", "n": 1}, {"n": 1}]
    assert run_sql(warehouse, "SELECT sport FROM t WHERE sip = '10.0.0.2'") == [{"sport": 3}]


def test_columns_are_matched_by_name(warehouse, foreign):
    reordered = pa.table({"IBYT": [5], "extra": ["ignored"], "Sport": [80], "sip": ["a"]})
    pq.write_table(reordered, foreign / "reordered.parquet")
    pq.write_table(pa.table({"sip": ["b"], "ibyt": [7]}), foreign / "missing.parquet")
    external(warehouse, foreign)
    rows = run_sql(warehouse, "SELECT sip, sport, ibyt, ml_score FROM t ORDER BY sip")
    assert rows == [{"sip": "a", "sport": 80, "ibyt": 5}, {"sip": "b", "ibyt": 7}]
    assert run_sql(warehouse, "SELECT sip FROM t WHERE sport IS NULL") == [{"sip": "b"}]


def test_narrower_and_wider_numbers_are_cast(warehouse, foreign):
    narrow = pa.table(
        {
            "sip": ["narrow"],
            "sport": pa.array([80], pa.int16()),
            "ibyt": pa.array([5], pa.uint8()),
            "ml_score": pa.array([0.5], pa.float32()),
        }
    )
    pq.write_table(narrow, foreign / "narrow.parquet")
    wide = pa.table({"sip": ["wide"], "sport": pa.array([443], pa.int64()), "ml_score": [2]})
    pq.write_table(wide, foreign / "wide.parquet")
    external(warehouse, foreign)
    assert run_sql(warehouse, "SELECT sip, sport, ibyt, ml_score FROM t ORDER BY sip") == [
        {"sip": "narrow", "sport": 80, "ibyt": 5, "ml_score": 0.5},
        {"sip": "wide", "sport": 443, "ml_score": 2.0},
    ]
    assert run_sql(warehouse, "SELECT sip FROM t WHERE sport > 100 AND ml_score > 1") == [
        {"sip": "wide"}
    ]


def test_a_number_that_does_not_fit_is_null(warehouse, foreign):
    table = pa.table({"sip": ["fits", "not"], "sport": pa.array([80, 1 << 40], pa.int64())})
    pq.write_table(table, foreign / "x.parquet")
    external(warehouse, foreign)
    rows = run_sql(warehouse, "SELECT sip, sport FROM t ORDER BY sip")
    assert rows == [{"sip": "fits", "sport": 80}, {"sip": "not"}]


def test_files_of_duckdb_are_read_with_their_hive_partitions(warehouse, foreign):
    duckdb.sql(
        "SELECT TIMESTAMP '2016-07-08 12:00:00.25' AS ts, 'h' || (i % 3) AS sip, i::INT AS sport,"
        " i * 1000 AS ibyt, i / 10.0 AS ml_score, 2016 AS y, '0' || (i % 2 + 7) AS m"
        " FROM range(10) r(i)"
    ).write_parquet(str(foreign), partition_by=["y", "m"], compression="zstd")
    assert (foreign / "y=2016" / "m=07").is_dir()
    external(warehouse, foreign, partitions="y SMALLINT, m TINYINT")
    rows = run_sql(
        warehouse,
        "SELECT y, m, count(*) AS n, sum(ibyt) AS bytes, max(ml_score) AS top FROM t"
        " GROUP BY y, m ORDER BY m",
    )
    assert rows == [
        {"y": 2016, "m": 7, "n": 5, "bytes": 20_000, "top": 0.8},
        {"y": 2016, "m": 8, "n": 5, "bytes": 25_000, "top": 0.9},
    ]
    for predicate in ["m=07 AND y=2016", "m=7", "m IN (7)"]:
        assert run_sql(warehouse, f"SELECT count(*) AS n FROM t WHERE {predicate}") == [{"n": 5}]


def test_padded_partition_values_stay_text_for_a_text_column(warehouse, foreign):
    pa.dataset.write_dataset(
        pa.table({"sip": ["a", "b"], "m": ["07", "12"]}),
        foreign,
        format="parquet",
        partitioning=pa.dataset.partitioning(pa.schema([("m", pa.string())]), flavor="hive"),
    )
    external(warehouse, foreign, partitions="m STRING")
    assert run_sql(warehouse, "SELECT m, sip FROM t ORDER BY m") == [
        {"m": "07", "sip": "a"},
        {"m": "12", "sip": "b"},
    ]
    assert run_sql(warehouse, "SELECT sip FROM t WHERE m = '07'") == [{"sip": "a"}]


def test_files_added_by_others_are_seen_after_a_refresh(warehouse, foreign):
    pq.write_table(pa.table({"sip": ["a"]}), foreign / "a.parquet")
    external(warehouse, foreign)
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t") == [{"n": 1}]
    pq.write_table(pa.table({"sip": ["b", "c"]}), foreign / "b.parquet")
    (foreign / "_SUCCESS").touch()
    (foreign / ".b.parquet.crc").write_bytes(b"junk")
    run_sql(warehouse, "REFRESH t")
    assert run_sql(warehouse, "SELECT count(*) AS n FROM t") == [{"n": 3}]


WRITE = """
CREATE TABLE w (ts TIMESTAMP, sip STRING, sport INT, ibyt BIGINT, ml_score DOUBLE)
  PARTITIONED BY (y SMALLINT, m STRING) STORED AS PARQUET LOCATION '{folder}';
INSERT INTO w PARTITION (y=2016, m='07') VALUES
  ('2016-07-08 12:00:00.25', '10.0.0.1', 80, 5000000000, 1e-60), (NULL, NULL, NULL, NULL, NULL);
INSERT INTO w PARTITION (y, m) SELECT ts, 'ä', sport + 1, ibyt, ml_score, 2017, '12' FROM w;
INSERT OVERWRITE TABLE w PARTITION (y=2017, m='12')
  SELECT ts, sip, sport, ibyt, ml_score FROM w WHERE y = 2017 AND sport IS NOT NULL
"""
WRITTEN = [
    (NOON, "10.0.0.1", 80, 5_000_000_000, 1e-60, 2016, "07"),
    (None, None, None, None, None, 2016, "07"),
    (NOON, "ä", 81, 5_000_000_000, 1e-60, 2017, "12"),
]


def write(warehouse, folder):
    run_sql(warehouse, WRITE.format(folder=folder), f"--allow-path={folder}")
    assert run_sql(warehouse, "SELECT count(*) AS n FROM w") == [{"n": 3}]
    assert (folder / "y=2016" / "m=07").is_dir()


def test_duckdb_reads_what_spotql_wrote(warehouse, foreign):
    write(warehouse, foreign)
    rows = duckdb.sql(
        f"SELECT ts, sip, sport, ibyt, ml_score, y, m FROM read_parquet('{foreign}/*/*/*.parquet',"
        " hive_partitioning = true, hive_types = {'y': SMALLINT, 'm': VARCHAR})"
        " ORDER BY y, sport"
    ).fetchall()
    assert rows == WRITTEN


def test_pyarrow_reads_what_spotql_wrote(warehouse, foreign):
    write(warehouse, foreign)
    partitions = pa.dataset.partitioning(
        pa.schema([("y", pa.int16()), ("m", pa.string())]), flavor="hive"
    )
    table = pa.dataset.dataset(foreign, format="parquet", partitioning=partitions).to_table()
    names = ["ts", "sip", "sport", "ibyt", "ml_score", "y", "m"]
    table = table.select(names).sort_by([("y", "ascending"), ("sport", "ascending")])
    assert [tuple(row[name] for name in names) for row in table.to_pylist()] == WRITTEN
    assert table.schema.field("ts").type == pa.timestamp("us")
    assert table.schema.field("sip").type == pa.string()
