"""The whole road over the wire, with the ADBC driver for Flight SQL: schema, flows, detection,
the 300 most suspicious; and what else a Python user does with a connection."""

import concurrent.futures
import subprocess

import adbc_driver_manager as adbc
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from adbc_driver_flightsql import DatabaseOptions
from conftest import SHARED, Server, program, run_sql, statements

REAL_FLOWS = SHARED / "data" / "flow" / "CTU-IoT-Malware-Capture-42-1.flows.parquet"
PARTITIONS = ["y", "m", "d", "h"]


def insert_real_flows(cursor, folder):
    """The labelled flows of a day, from a Parquet file that pyarrow wrote."""
    incoming = folder / "incoming"
    incoming.mkdir()
    (incoming / "flows.parquet").write_bytes(REAL_FLOWS.read_bytes())
    described = cursor.execute("DESCRIBE flow").fetchall()
    columns = {row[0]: row[1] for row in described if row[0] not in PARTITIONS}
    listed = ", ".join(f"{name} {data_type}" for name, data_type in columns.items())
    cursor.execute(
        f"CREATE EXTERNAL TABLE incoming ({listed}) STORED AS PARQUET LOCATION '{incoming}'"
    )
    cursor.execute(
        "INSERT INTO flow PARTITION (y=2019, m=01, d=10, h) "
        f"SELECT {', '.join(columns)}, trhour FROM incoming"
    )
    return "2019-01-10", 4426


def insert_synthetic_flows(cursor, _):
    cursor.execute(
        "INSERT INTO flow PARTITION (y, m, d, h) "
        "SELECT * FROM synthetic_flow(2000, 7, '2024-05-01')"
    )
    # The attacks come on top.
    return "2024-05-01", range(2001, 4000)


@pytest.fixture(scope="module", params=[insert_real_flows, insert_synthetic_flows])
def day(request, tmp_path_factory):
    """A connection to a server that has found the suspicious flows of a day; the day; its
    number of flows."""
    if request.param is insert_real_flows and not REAL_FLOWS.exists():
        pytest.skip("../shared is absent: no real flows; only the synthetic day is tested")
    folder = tmp_path_factory.mktemp("day")
    server = Server(folder / "warehouse")
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            for statement in statements("schema/flow.sql"):
                cursor.execute(statement)
            date, expected = request.param(cursor, folder)
            flows = cursor.rowcount
            assert flows in (expected if isinstance(expected, range) else [expected])
            (detection,) = statements("detect/flow.sql", date=date)
            cursor.execute(detection)
            assert cursor.rowcount == 300
            yield connection, date, flows
    finally:
        assert server.stop() == 0


def top_300(connection, date):
    y, m, d = (int(part) for part in date.split("-"))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM flow_scores WHERE y = {y} AND m = {m} AND d = {d} ORDER BY rank"
        )
        return cursor.fetch_arrow_table()


def test_the_flows_arrived(day):
    connection, date, flows = day
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM flow").fetchone() == (flows,)
        y, m, d = (int(part) for part in date.split("-"))
        days = cursor.execute("SELECT DISTINCT y, m, d FROM flow").fetchall()
        assert days == [(y, m, d)]


def test_the_300_most_suspicious_come_in_order(day):
    connection, date, _ = day
    table = top_300(connection, date)
    assert table.num_rows == 300
    assert table["rank"].to_pylist() == list(range(1, 301))
    scores = table["ml_score"].to_pylist()
    assert None not in scores
    assert scores == sorted(scores)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] < scores[-1]


def test_the_results_have_the_types_of_the_table(day):
    connection, date, _ = day
    schema = top_300(connection, date).schema
    types = {"tstart": pa.string(), "srcip": pa.string(), "sport": pa.int32(), "ipkt": pa.int64()}
    types |= {"ml_score": pa.float64(), "rank": pa.int32(), "src_geoloc": pa.string()}
    types |= {"y": pa.int16(), "m": pa.int8(), "d": pa.int8()}
    assert {name: schema.field(name).type for name in types} == types
    listed = connection.adbc_get_table_schema("flow_scores", db_schema_filter="default")
    assert listed.equals(schema)


def test_suspicious_flows_are_flows_of_the_day(day):
    connection, date, _ = day
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT s.rank) FROM flow_scores s JOIN flow f ON f.treceived = s.tstart"
            " AND f.sip = s.srcip AND f.dip = s.dstip AND f.sport = s.sport"
            " AND f.dport = s.dport AND f.ibyt = s.ibyt AND f.ipkt = s.ipkt"
        )
        assert cursor.fetchone() == (300,)


def test_detecting_again_gives_the_same_table(day):
    connection, date, _ = day
    before = top_300(connection, date)
    with connection.cursor() as cursor:
        for statement in statements("detect/flow.sql", date=date):
            cursor.execute(statement)
    assert top_300(connection, date).equals(before)


def test_a_score_can_be_asked_for_without_storing_it(day):
    connection, date, flows = day
    with connection.cursor() as cursor:
        cursor.execute("SELECT score FROM lda_score(flow, source => 'flow', seed => 1)")
        scores = cursor.fetch_arrow_table()["score"]
    assert len(scores) == flows
    assert scores.null_count == 0
    stored = top_300(connection, date)["ml_score"]
    ascending = pc.array_sort_indices(scores)[:300]
    assert scores.take(ascending).to_pylist() == stored.to_pylist()


def test_statements_take_effect_once_and_say_how_many_rows_they_wrote(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT, s STRING)")
        assert cursor.fetchall() == []
        # Nothing is fetched: what counts must not depend on that.
        cursor.execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
        assert cursor.rowcount == 2
        # The cursor does not prepare this again, since it is the same text.
        cursor.execute("INSERT INTO t VALUES (1, 'a'), (2, NULL)")
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (4,)
        cursor.executemany("INSERT INTO t VALUES (3, 'c')", None)
        assert cursor.rowcount == 1
        cursor.adbc_statement.set_sql_query("INSERT INTO t SELECT * FROM t")
        assert cursor.adbc_statement.execute_update() == 5
        assert cursor.execute("SELECT count(*), count(s) FROM t").fetchone() == (10, 6)


def test_preparing_runs_nothing(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT)")
        cursor.adbc_prepare("INSERT INTO t VALUES (1)")
        cursor.adbc_prepare("DROP TABLE t")
        assert cursor.adbc_execute_schema("SELECT * FROM t") == pa.schema([("n", pa.int32())])
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_script_runs_as_a_whole(connection):
    with connection.cursor() as cursor:
        cursor.executescript("CREATE TABLE t (n INT); -- and; then\nINSERT INTO t VALUES (1), (2);")
        assert cursor.execute("SELECT sum(n) FROM t").fetchone() == (3,)
        with pytest.raises(adbc.ProgrammingError, match="statement 2 of 2: .*nothing has been run"):
            cursor.executescript("DROP TABLE t; DORP TABLE t")
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_values_of_all_types_arrive(connection):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE t (b BOOLEAN, i TINYINT, l BIGINT, d DOUBLE, s STRING, c DECIMAL(10,2),"
            " day DATE, ts TIMESTAMP, a ARRAY<STRING>)"
        )
        cursor.execute(
            "INSERT INTO t SELECT true, 7, 9000000000, 0.5, 'ä', 12.34, '2024-02-29',"
            " '2024-02-29 12:00:00.5', make_array('x', NULL)"
        )
        cursor.execute("SELECT * FROM t")
        table = cursor.fetch_arrow_table()
    assert table.schema.types == [
        pa.bool_(),
        pa.int8(),
        pa.int64(),
        pa.float64(),
        pa.string(),
        pa.decimal128(10, 2),
        pa.date32(),
        pa.timestamp("us"),
        pa.list_(table.schema.field("a").type.value_field),
    ]
    assert table.schema.field("a").type.value_type == pa.string()
    row = {name: str(value) for name, value in table.to_pylist()[0].items()}
    assert row == {
        "b": "True",
        "i": "7",
        "l": "9000000000",
        "d": "0.5",
        "s": "ä",
        "c": "12.34",
        "day": "2024-02-29",
        "ts": "2024-02-29 12:00:00.500000",
        "a": "['x', None]",
    }


def test_the_catalog_can_be_browsed(connection):
    with connection.cursor() as cursor:
        cursor.executescript(
            "CREATE DATABASE logs; CREATE TABLE logs.flow (sip STRING, n BIGINT)"
            " PARTITIONED BY (y SMALLINT); CREATE TABLE other (n INT)"
        )
    (catalog,) = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    assert catalog["catalog_name"] == "spotql"
    databases = {
        database["db_schema_name"]: {
            table["table_name"]: [column["column_name"] for column in table["table_columns"]]
            for table in database["db_schema_tables"]
        }
        for database in catalog["catalog_db_schemas"]
    }
    assert databases == {"default": {"other": ["n"]}, "logs": {"flow": ["sip", "n", "y"]}}

    schema = connection.adbc_get_table_schema("flow", db_schema_filter="logs")
    assert schema == pa.schema([("sip", pa.string()), ("n", pa.int64()), ("y", pa.int16())])
    assert connection.adbc_get_table_types() == ["TABLE"]
    assert connection.adbc_get_info()["vendor_name"] == "SpotQL"


def test_a_misspelt_table_is_named_in_the_error(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE flow (n INT)")
        with pytest.raises(adbc.ProgrammingError, match="NOT_FOUND.*flwo"):
            cursor.execute("SELECT * FROM flwo")
        with pytest.raises(adbc.ProgrammingError, match="NOT_FOUND.*flwo"):
            cursor.execute("INSERT INTO flwo VALUES (1)")
        # An error in between hurts nobody.
        assert cursor.execute("SELECT count(*) FROM flow").fetchone() == (0,)


def test_two_connections_work_at_once(server):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (who STRING, n INT)")

    def work(who):
        with server.connect() as connection, connection.cursor() as cursor:
            for n in range(5):
                cursor.execute(f"INSERT INTO t VALUES ('{who}', {n})")
            return cursor.execute(f"SELECT sum(n) FROM t WHERE who = '{who}'").fetchone()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert list(pool.map(work, ["a", "b"])) == [(10,), (10,)]
    with server.connect() as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (10,)


def test_use_holds_for_a_connection_that_keeps_cookies(server):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.executescript("CREATE DATABASE logs; CREATE TABLE logs.flow (n INT)")
    cookies = {DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
    with server.connect(**cookies) as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW TABLES").fetchall() == []
        cursor.execute("USE logs")
        assert cursor.execute("SHOW TABLES").fetchall() == [("flow",)]
    header = {f"{DatabaseOptions.RPC_CALL_HEADER_PREFIX.value}database": "logs"}
    with server.connect(**header) as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW TABLES").fetchall() == [("flow",)]


def test_the_longest_expression_is_planned_and_a_longer_one_refused(server, tmp_path):
    longest, longer = ("SELECT 1" + "+1" * count + " AS n" for count in (1999, 40_000))
    # A debug program plans it for more than a minute, for longer beside other tests.
    assert run_sql(tmp_path, longest, timeout=600) == [{"n": 2000}]
    done = subprocess.run([program(), "sql", "--warehouse", str(tmp_path), longer], capture_output=True, text=True)
    assert done.returncode == 1 and "more than 2000 operators" in done.stderr
    with server.connect() as connection, connection.cursor() as cursor:
        assert cursor.execute(longest).fetchone() == (2000,)
        with pytest.raises(Exception, match="more than 2000 operators"):
            cursor.execute(longer)
        assert cursor.execute("SELECT 1").fetchone() == (1,)
