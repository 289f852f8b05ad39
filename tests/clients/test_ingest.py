"""Bulk ingestion by the libraries that people use: ADBC, pandas and polars."""

import datetime
import decimal

import adbc_driver_manager.dbapi as adbc
import pandas
import polars
import pyarrow as pa
import pytest


@pytest.fixture
def cursor(connection):
    with connection.cursor() as cursor:
        yield cursor


def rows(cursor, sql):
    return cursor.execute(sql).fetchall()


def test_adbc_ingest_creates_appends_replaces_and_says_how_many(cursor):
    table = pa.table({"n": [1, 2, 3], "s": ["a", None, "c"]})
    with pytest.raises(adbc.Error, match="default.logs does not exist"):
        cursor.adbc_ingest("logs", table, mode="append")
    assert cursor.adbc_ingest("logs", table, mode="create") == 3
    with pytest.raises(adbc.Error, match="exists"):
        cursor.adbc_ingest("logs", table, mode="create")
    assert cursor.adbc_ingest("logs", table, mode="append") == 3
    assert cursor.adbc_ingest("logs", table.select(["s"]), mode="create_append") == 3
    assert rows(cursor, "SELECT count(*), count(n), sum(n) FROM logs") == [(9, 6, 12)]
    assert cursor.adbc_ingest("logs", pa.table({"x": [0.5]}), mode="replace") == 1
    assert rows(cursor, "SELECT * FROM logs") == [(0.5,)]
    assert cursor.adbc_ingest("new", pa.table({"x": [0.5]}), mode="replace") == 1
    cursor.execute("CREATE DATABASE archive")
    assert cursor.adbc_ingest("logs", table, mode="create", db_schema_name="archive", catalog_name="spotql") == 3
    assert rows(cursor, "SELECT count(*) FROM archive.logs") == [(3,)]
    with pytest.raises(adbc.Error, match="no temporary tables"):
        cursor.adbc_ingest("scratch", table, mode="create", temporary=True)
    with pytest.raises(adbc.Error, match="has no column 'y'"):
        cursor.adbc_ingest("logs", pa.table({"y": [1]}), mode="append")


def test_values_of_all_types_come_back(cursor):
    table = pa.table(
        {
            "tiny": pa.array([1, None], pa.int8()),
            "unsigned": pa.array([2**32 - 1, None], pa.uint32()),
            "ok": pa.array([True, None]),
            "real": pa.array([0.5, None], pa.float32()),
            "price": pa.array([decimal.Decimal("1.23"), None], pa.decimal128(10, 2)),
            "day": pa.array([datetime.date(2016, 7, 8), None]),
            "at": pa.array([datetime.datetime(1901, 1, 1, 0, 0, 0, 1), None], pa.timestamp("us")),
            "raw": pa.array([b"\x00\xff", None]),
            "word": pa.array(["x", None]).dictionary_encode(),
            "large": pa.array(["long", None], pa.large_string()),
            "view": pa.array(["view", None], pa.string_view()),
            "list": pa.array([[1, None], None], pa.list_(pa.int64())),
        }
    )
    assert cursor.adbc_ingest("types", table, mode="create") == 2
    fetched = cursor.execute("SELECT * FROM types ORDER BY tiny").fetch_arrow_table()
    assert fetched.to_pylist() == table.to_pylist()
    with pytest.raises(adbc.Error, match="'later'.*[Dd]uration"):
        cursor.adbc_ingest("odd", pa.table({"later": [datetime.timedelta(1)]}), mode="create")


def test_a_stream_of_batches_is_one_write(cursor, tmp_path):
    batch = pa.record_batch({"n": list(range(1000)), "day": ["2016-07-08"] * 500 + ["2016-07-09"] * 500})
    reader = pa.RecordBatchReader.from_batches(batch.schema, (batch for _ in range(100)))
    cursor.execute("CREATE TABLE f (n BIGINT) PARTITIONED BY (day STRING)")
    assert cursor.adbc_ingest("f", reader, mode="append") == 100_000
    assert rows(cursor, "SELECT day, count(*) FROM f GROUP BY day ORDER BY day") == [
        ("2016-07-08", 50_000),
        ("2016-07-09", 50_000),
    ]
    files = [path.name for path in (tmp_path / "warehouse").rglob("part-*.parquet")]
    assert len({name.split("-")[1] for name in files}) == 1, files


def test_a_frame_larger_than_the_drivers_messages_is_sent_when_it_may_be(server):
    frame = pandas.DataFrame({"n": range(3_000_000)})
    with server.connect() as connection, pytest.raises(pandas.errors.DatabaseError) as caught:
        frame.to_sql("large", connection, index=False)
    assert "larger than max" in str(caught.value.__cause__)
    size = {"adbc.flight.sql.client_option.with_max_msg_size": str(128 << 20)}
    with server.connect(**size) as connection, connection.cursor() as cursor:
        assert frame.to_sql("large", connection, index=False) == len(frame)
        assert rows(cursor, "SELECT count(*), sum(n) FROM large") == [(len(frame), sum(range(len(frame))))]
        chunks = pa.Table.from_pandas(frame).to_reader(max_chunksize=100_000)
        assert cursor.adbc_ingest("large", chunks, mode="append") == len(frame)


def test_a_stream_that_fails_in_the_middle_leaves_nothing(cursor):
    batch = pa.record_batch({"n": list(range(1000))})

    def failing():
        yield from [batch] * 10
        raise OSError("the client's disk failed")

    cursor.execute("CREATE TABLE f (n BIGINT)")
    for table, mode in [("f", "append"), ("f", "replace"), ("g", "create")]:
        with pytest.raises(Exception, match="disk failed"):
            cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(batch.schema, failing()), mode=mode)
    assert rows(cursor, "SELECT count(*) FROM f") == [(0,)]
    assert rows(cursor, "SHOW TABLES") == [("f",)]


def test_pandas_writes_its_frames_and_reads_them_back(server):
    frame = pandas.DataFrame(
        {
            "srcip": ["10.0.0.1", "10.0.0.2", None],
            "bytes": [1, 2, 3],
            "share": [0.5, None, 1.0],
            "seen": pandas.to_datetime(["2016-07-08 01:02:03.000004", None, "2016-07-08 00:00:00.0"]),
        }
    )
    with server.connect() as connection:
        assert frame.to_sql("flows", connection, index=False) == 3
        back = pandas.read_sql("SELECT * FROM flows ORDER BY bytes", connection)
        pandas.testing.assert_frame_equal(back, frame, check_dtype=False)
        with pytest.raises(ValueError, match="already exists"):
            frame.to_sql("flows", connection, index=False)
        assert frame.to_sql("flows", connection, index=False, if_exists="append") == 3
        found = pandas.read_sql("SELECT count(*) AS n FROM flows WHERE bytes > 1", connection)
        assert found["n"].tolist() == [4]
        assert frame[["bytes"]].to_sql("flows", connection, index=False, if_exists="replace") == 3
        assert list(pandas.read_sql("SELECT * FROM flows", connection).columns) == ["bytes"]
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE logs")
        assert frame.rename_axis("row").to_sql("flows", connection, schema="logs") == 3
        assert "row" in pandas.read_sql("SELECT * FROM logs.flows", connection).columns


def test_pandas_writes_without_autocommit_too(server):
    import adbc_driver_flightsql.dbapi as flightsql

    with flightsql.connect(server.uri) as connection:
        assert pandas.DataFrame({"n": [1, 2]}).to_sql("t", connection, index=False) == 2
        connection.commit()
    with server.connect() as connection:
        assert pandas.read_sql("SELECT sum(n) AS n FROM t", connection)["n"].tolist() == [3]


def test_polars_writes_its_frames_and_reads_them_back(server):
    frame = polars.DataFrame(
        {
            "srcip": ["10.0.0.1", None],
            "bytes": [1, 2],
            "seen": [datetime.datetime(2016, 7, 8, 1, 2, 3), None],
            "day": [datetime.date(2016, 7, 8), None],
        }
    )
    with server.connect() as connection:
        assert frame.write_database("flows", connection, engine="adbc") == 2
        back = polars.read_database("SELECT * FROM flows ORDER BY bytes", connection)
        assert back.rows() == frame.rows()
        assert frame.write_database("flows", connection, engine="adbc", if_table_exists="append") == 2
        found = polars.read_database(
            "SELECT count(*) AS n FROM flows WHERE bytes > ?", connection, execute_options={"parameters": (1,)}
        )
        assert found["n"].to_list() == [2]
        assert frame.select("day").write_database("flows", connection, engine="adbc", if_table_exists="replace") == 2
        assert polars.read_database("SELECT * FROM flows", connection).columns == ["day"]
        with pytest.raises(adbc.Error, match="exists"):
            frame.write_database("flows", connection, engine="adbc")
