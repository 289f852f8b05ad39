"""Values for the parameters of statements, as Python's clients send them."""

import datetime
import decimal

import adbc_driver_manager.dbapi as adbc
import pyarrow as pa
import pytest

UTC = datetime.timezone.utc


@pytest.fixture
def cursor(connection):
    with connection.cursor() as cursor:
        cursor.executescript(
            "CREATE TABLE t (n INT, s STRING, d DATE, at TIMESTAMP, price DECIMAL(10, 2), raw BINARY, ok BOOLEAN, x DOUBLE);"
            "INSERT INTO t (n, s) VALUES (1, 'a'), (2, 'b'), (3, NULL)"
        )
        yield cursor


def test_values_of_pythons_types_come_back_as_they_were_sent(cursor):
    moment = datetime.datetime(2016, 7, 8, 12, 30, 1, 234567)
    values = {
        "whole": -5,
        "double": 0.1,
        "text": "it's ? :x $1 \\ ` \" \n; DROP TABLE t",
        "bytes": b"\x00\xff",
        "true": True,
        "nothing": None,
        "day": datetime.date(1969, 12, 31),
        "moment": moment,
        "price": decimal.Decimal("-123.45"),
        "time": datetime.time(1, 2, 3, 4),
    }
    for name, value in values.items():
        assert cursor.execute("SELECT ?", (value,)).fetchone() == (value,), name
    row = cursor.execute(f"SELECT {', '.join('?' * len(values))}", tuple(values.values())).fetchone()
    assert row == tuple(values.values())
    aware = moment.replace(tzinfo=UTC)
    assert cursor.execute("SELECT ? = TIMESTAMP '2016-07-08 12:30:01.234567'", (aware,)).fetchone() == (True,)


def test_values_stand_wherever_literals_can(cursor):
    for sql, values, expected in [
        ("SELECT n FROM t WHERE n = ?", (2,), [(2,)]),
        ("SELECT n FROM t WHERE s IN (?, ?) ORDER BY n", ("a", "b"), [(1,), (2,)]),
        ("SELECT n FROM t WHERE n BETWEEN ? AND ? ORDER BY n LIMIT ?", (1, 3, 2), [(1,), (2,)]),
        ("SELECT n FROM t WHERE s LIKE ?", ("%b%",), [(2,)]),
        ("SELECT n FROM t WHERE s LIKE concat('%', ?, '%')", ("b",), [(2,)]),
        ("SELECT CAST(? AS INT) + ?", ("1", 2), [(3,)]),
        ("SELECT count(*) FROM t WHERE CAST('2016-07-08' AS DATE) = ?", (datetime.date(2016, 7, 8),), [(3,)]),
        ("SELECT n FROM t WHERE s IS NULL AND n > $2 AND n < $1", (10, 2), [(3,)]),
        ("SELECT sum(n) FROM t HAVING sum(n) > ?", (5,), [(6,)]),
        ("SELECT n, CASE WHEN n > ? THEN ? ELSE ? END AS size FROM t WHERE n < ? ORDER BY n", (1, "big", "small", 3),
         [(1, "small"), (2, "big")]),
    ]:
        assert cursor.execute(sql, values).fetchall() == expected, sql


def test_names_are_bound_by_name(cursor):
    sql = "SELECT :low AS a, :high AS b, :low + :high AS c"
    # A dictionary is not taken by this driver; a table is, whose columns have names.
    assert cursor.execute(sql, pa.table({"high": [3], "low": [1]})).fetchone() == (1, 3, 4)
    assert cursor.execute(sql, (1, 3)).fetchone() == (1, 3, 4)


def test_a_query_runs_once_for_each_row_of_values(cursor):
    asked = pa.table({"0": [3, 1, 2]})
    rows = cursor.execute("SELECT n, s FROM t WHERE n = ?", asked).fetchall()
    assert rows == [(3, None), (1, "a"), (2, "b")]


def test_executemany_writes_all_rows_at_once(cursor):
    rows = [(n, f"row {n}", datetime.date(2016, 7, 8), b"x" * n, decimal.Decimal(n), n % 2 == 0) for n in range(10, 1010)]
    cursor.executemany("INSERT INTO t (n, s, d, raw, price, ok) VALUES (?, ?, ?, ?, ?, ?)", rows)
    assert cursor.rowcount == 1000
    cursor.execute("SELECT count(*), min(n), max(d), sum(price), count(DISTINCT s) FROM t WHERE n >= 10")
    assert cursor.fetchone() == (1000, 10, datetime.date(2016, 7, 8), sum(range(10, 1010)), 1000)
    # A row that fails takes all of them along.
    with pytest.raises(adbc.Error, match="division"):
        cursor.executemany("INSERT INTO t (n) VALUES (100000 / ?)", [(1,), (0,)])
    assert cursor.execute("SELECT count(*) FROM t WHERE n = 100000").fetchone() == (0,)


def test_an_insert_through_a_cursor_says_how_many_rows_it_wrote(cursor):
    cursor.execute("INSERT INTO t (n, s, at) VALUES (?, ?, ?)", (9, "x", datetime.datetime(2016, 7, 8)))
    assert cursor.rowcount == 1
    assert cursor.execute("SELECT at FROM t WHERE n = ?", (9,)).fetchone() == (datetime.datetime(2016, 7, 8),)
    cursor.execute("INSERT INTO t (n, s) SELECT n + ?, s FROM t WHERE n < ?", (100, 3))
    assert cursor.rowcount == 2
    cursor.executemany("INSERT INTO t (n, s) VALUES (?, NULL)", [])
    assert cursor.execute("SELECT count(*) FROM t").fetchone() == (6,)


def test_what_is_wrong_with_values_is_said(cursor):
    for sql, values, said in [
        ("SELECT n FROM t WHERE n = ?", (1, 2), "1 parameter.* and 2 value"),
        ("SELECT n FROM t WHERE n = ?", ("many",), "parameter 1: .*Int32.*'many'"),
        ("SELECT n FROM t LIMIT ?", (b"x",), "parameter 1: .*Int64.*Binary"),
        ("SELECT n FROM t WHERE n = ? AND s = :s", (1,), "in one way"),
        ("SELECT n FROM t WHERE n = ?", None, "no values are bound"),
        ("DROP TABLE ?", ("t",), "takes no parameters"),
    ]:
        with pytest.raises(adbc.Error, match=said):
            cursor.execute(sql, values)
    # A cursor whose statement failed goes on.
    assert cursor.execute("SELECT count(*) FROM t WHERE n > ?", (0,)).fetchone() == (3,)


def test_a_rollback_after_a_write_is_an_error_and_never_silence(server):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT)")
    # DB-API's default: no autocommit.
    connection = adbc_connect(server)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (0,)
        connection.rollback()
        for count in (1, 2):
            cursor.execute("INSERT INTO t VALUES (?)", (count,))
            connection.commit()
        cursor.execute("INSERT INTO t VALUES (?)", (3,))
        with pytest.raises(adbc.Error, match="rollback is not possible: 1 statement"):
            connection.rollback()
    # The driver has no transaction now, and a connection that ends says nothing.
    connection.close()
    with server.connect() as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM t").fetchone() == (3,)


def adbc_connect(server):
    import adbc_driver_flightsql.dbapi as flightsql

    return flightsql.connect(server.uri)
