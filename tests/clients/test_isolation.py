"""One client cannot take the server from the others: statements that compute for ever, that want all the memory, that are
too large, that panic, and clients that keep places. Each attack is bounded, and the server answers others meanwhile."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import adbc_driver_flightsql.dbapi as flightsql
import pytest
from conftest import Server

# A join whose rows a hundred machines would not live to see.
ENDLESS = (
    "SELECT count(*) FROM (SELECT value % 3 AS k, value AS v FROM generate_series(1, 2000000)) a "
    "JOIN (SELECT value % 3 AS k, value AS w FROM generate_series(1, 2000000)) b ON a.k = b.k"
)
# The same, and its filter lets nothing through.
FRUITLESS = ENDLESS + " AND a.v + b.w < 0"
NESTED_LOOP = (
    "SELECT count(*) FROM generate_series(1, 3000000) a JOIN generate_series(1, 3000000) b "
    "ON a.value * 3000000 < b.value - 5000000"
)
COMPARING = (
    "SELECT sum(levenshtein(repeat('a', 1500 + value % 7), repeat('b', 1500))) "
    "FROM generate_series(1, 1000000)"
)
GROUPS = "SELECT count(*) FROM (SELECT DISTINCT value % 1000000007 FROM generate_series(1, 100000000000))"


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "warehouse", options=["--memory=1GiB"])
    yield server
    if server.process.poll() is None:
        server.stop()


def ask(server, statement, **options):
    with server.connect(**options) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def failure(server, statement, **options):
    with pytest.raises(flightsql.Error) as caught:
        ask(server, statement, **options)
    return str(caught.value)


def threads_at_work(server):
    """Ticks of processor time that the server has used."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def comes_to_work(server, before):
    """Waits until the server has computed for half a second since it had used `before`."""
    until = time.monotonic() + 60
    while threads_at_work(server) - before < 50:
        assert time.monotonic() < until, "the statement does not compute"
        time.sleep(0.1)


def falls_silent(server):
    """Whether the server comes to rest: what was stopped computes no further."""
    for _ in range(100):
        before = threads_at_work(server)
        time.sleep(0.2)
        if threads_at_work(server) - before <= 2:
            return True
    return False


@pytest.mark.parametrize("statement", [ENDLESS, FRUITLESS, NESTED_LOOP, COMPARING, GROUPS])
def test_a_statement_ends_with_its_clients_deadline(server, statement):
    timeout = {
        "adbc.flight.sql.rpc.timeout_seconds.fetch": "1",
        "adbc.flight.sql.rpc.timeout_seconds.query": "1",
    }
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**timeout)
        with pytest.raises(flightsql.Error):
            cursor.execute(statement)
            cursor.fetchall()
    assert falls_silent(server)
    assert ask(server, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("statement", [ENDLESS, FRUITLESS, NESTED_LOOP, COMPARING, GROUPS])
def test_a_statement_ends_with_its_time(server, statement):
    with server.connect(**{"adbc.flight.sql.rpc.with_cookie_middleware": "true"}) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET spotql.statement_timeout = 1")
            with pytest.raises(flightsql.Error, match="stopped after 1 s; spotql.statement_timeout"):
                cursor.execute(statement)
                cursor.fetchall()
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]
    assert falls_silent(server)


def test_a_session_cannot_lift_the_servers_limits(tmp_path):
    server = Server(tmp_path / "warehouse", options=["--set=spotql.statement_timeout=1", "--set=spotql.max_statement_bytes=1000"])
    try:
        for value in ["5", "0"]:
            assert "allows 1 at most" in failure(server, f"SET spotql.statement_timeout = {value}")
        assert "stopped after 1 s" in failure(server, ENDLESS)
        assert "more than 1000 bytes" in failure(server, "SELECT '" + "x" * 1000 + "'")
    finally:
        server.stop()


CHAIN = 30_000
TOO_LARGE = {
    "a chain of +": "SELECT " + "+".join(["1"] * CHAIN),
    "a chain of OR": "SELECT 1 WHERE " + " OR ".join(["1 = 1"] * CHAIN),
    "columns": "SELECT " + ", ".join(["1"] * 100_000),
    "UNION ALL": " UNION ALL ".join(["SELECT 1"] * 100_000),
    "parentheses": "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
    "NOT": "SELECT " + "NOT " * 50_000 + "true",
    "subqueries": "SELECT * FROM " * 2_000 + "t",
    "CASE": "SELECT " + "CASE WHEN true THEN " * 5_000 + "1" + " END" * 5_000,
    "WITH queries": "WITH c0 AS (SELECT 1 AS x), "
    + ", ".join(f"c{i} AS (SELECT a.* FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 30))
    + " SELECT count(*) FROM c29",
    "WITH queries in unions": "WITH c0 AS (SELECT 1 AS x), "
    + ", ".join(f"c{i} AS (SELECT * FROM c{i - 1} UNION ALL SELECT * FROM c{i - 1})" for i in range(1, 30))
    + " SELECT count(*) FROM c29",
    "wide WITH queries": "WITH c0 AS (SELECT 1 AS x), "
    + ", ".join(f"c{i} AS (SELECT * FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 30))
    + " SELECT * FROM c29",
    "tokens": "SELECT 1 IN (" + ",".join(["1"] * 3_000_000) + ")",
    "a chain of ||": "SELECT " + "||".join(["'x'"] * CHAIN),
    "casts": "SELECT 1" + "::INT" * CHAIN,
    "indices": "SELECT a" + "[1]" * CHAIN,
    "joins": "SELECT 1 FROM t" + " CROSS JOIN t" * 5_000,
    "minus signs": "SELECT " + "- " * 50_000 + "1",
}


@pytest.mark.parametrize("statement", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_statement_too_large_is_refused_at_once(server, statement):
    began = time.monotonic()
    error = failure(server, statement)
    assert "INTERNAL" not in error.upper(), error[:500]
    # A debug build plans for minutes what is not refused.
    assert time.monotonic() - began < 60
    assert ask(server, "SELECT 1") == [(1,)]


HUNGRY = {
    "lpad": "SELECT length(lpad('x', 2000000000, 'y'))",
    "repeat": "SELECT length(repeat('x', 2000000000))",
    "range": "SELECT cardinality(range(0, 2000000000))",
    "levenshtein": "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))",
    "regexp_replace": "SELECT length(regexp_replace(repeat('x', 100000000), 'x', 'yyyy', 'g'))",
    "nested concat": "SELECT length(concat(x, x, x, x)) FROM (SELECT repeat('x', value * 100000000) x FROM "
    "generate_series(1, 8))",
    "a window": "SELECT max(s) FROM (SELECT sum(value) OVER () AS s FROM generate_series(1, 300000000))",
    "groups": "SELECT count(*) FROM (SELECT array_agg(value) FROM generate_series(1, 3000000000))",
    "a join": "SELECT count(*) FROM generate_series(1, 400000000) a JOIN generate_series(1, 400000000) b "
    "ON a.value = b.value",
    "unnest": "SELECT max(u) FROM (SELECT unnest(range(0, 1000000)) u FROM generate_series(1, 1000))",
    "cross join": "SELECT max(length(a.x)) FROM (SELECT repeat('x', 1000000) x FROM generate_series(1, 10000)) a "
    "CROSS JOIN generate_series(1, 10) b",
}


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) >> 10


@pytest.mark.parametrize("statement", HUNGRY.values(), ids=HUNGRY.keys())
def test_a_hungry_statement_fails_and_the_server_stays_small(server, statement):
    with contextlib.suppress(flightsql.Error):
        ask(server, statement, **{"adbc.flight.sql.rpc.timeout_seconds.fetch": "10"})
    assert ask(server, "SELECT 1") == [(1,)]
    assert resident(server) < 2200, "MiB, with --memory 1GiB"


def test_variables_of_a_session_are_capped(server):
    error = failure(server, "SET x = '" + "y" * 5_000_000 + "'")
    assert "1048576 bytes together" in error


def test_small_queries_are_answered_beside_a_large_one(server):
    """Not how fast: that is measured in benchmarks/. The endless join never ends, and everything else does."""
    with server.connect() as busy, busy.cursor() as cursor:
        cursor.execute(ENDLESS)
        reading = threading.Thread(target=fetch, args=(cursor,), daemon=True)
        reading.start()
        for i in range(50):
            assert ask(server, f"SELECT {i}") == [(i,)]
        assert reading.is_alive()
        cursor.adbc_cancel()
        reading.join(20)
        assert not reading.is_alive()
    assert falls_silent(server)


def fetch(cursor):
    with contextlib.suppress(flightsql.Error):
        cursor.fetchall()


def test_statements_beyond_the_queue_are_refused(tmp_path):
    server = Server(
        tmp_path / "warehouse",
        options=["--statements=1", "--statements-by-user=1", "--queue=1"],
    )
    try:
        assert ask(server, "SELECT 0") == [(0,)]
        with server.connect() as busy, busy.cursor() as cursor:
            before = threads_at_work(server)
            cursor.execute(ENDLESS)
            reading = threading.Thread(target=fetch, args=(cursor,), daemon=True)
            reading.start()
            # Only when it computes does it have the turn: the next one then waits in the queue.
            comes_to_work(server, before)
            answers = []

            def attempt():
                try:
                    answers.append(ask(server, "SELECT 1"))
                except flightsql.Error as error:
                    answers.append(str(error))

            # Two contend for the one place in the queue: it matters not which of them comes first.
            attempts = [threading.Thread(target=attempt, daemon=True) for _ in range(2)]
            for each in attempts:
                each.start()
            until = time.monotonic() + 60
            while not answers:
                assert time.monotonic() < until, "neither is refused"
                time.sleep(0.1)
            [refused] = answers
            assert "wait already" in refused
            assert "RESOURCE_EXHAUSTED" in refused.upper() or "ResourceExhausted" in refused
            cursor.adbc_cancel()
            for each in [reading, *attempts]:
                each.join(20)
            assert answers == [refused, [(1,)]]
    finally:
        server.stop()


def test_a_client_that_takes_no_rows_keeps_no_turn(tmp_path):
    server = Server(tmp_path / "warehouse", options=["--statements=1"])
    try:
        with server.connect() as lazy, lazy.cursor() as cursor:
            cursor.execute("SELECT value, repeat('x', 1000) FROM generate_series(1, 300000)")
            reader = cursor.fetch_record_batch()
            first = reader.read_next_batch().num_rows
            assert ask(server, "SELECT 1") == [(1,)]
            assert first + sum(batch.num_rows for batch in reader) == 300_000
    finally:
        server.stop()


def test_silent_connections_are_closed_and_cannot_take_all_places(tmp_path):
    server = Server(tmp_path / "warehouse", options=["--connections-by-address=20"])
    host, port = server.uri.removeprefix("grpc://").split(":")
    sockets = []
    try:
        for _ in range(40):
            sockets.append(socket.create_connection((host, int(port))))
        # Those beyond the twentieth are closed at once, the others when their time is over.
        for silent in sockets:
            silent.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                # The server greets first.
                while silent.recv(100):
                    pass
        assert ask(server, "SELECT 1") == [(1,)]
    finally:
        for silent in sockets:
            silent.close()
        server.stop()


def test_overwrites_of_one_table_wait_for_each_other(server):
    ask_update(server, "CREATE TABLE t (n BIGINT)")
    failures = []

    def overwrite(i):
        try:
            for _ in range(3):
                ask_update(server, f"INSERT OVERWRITE TABLE t SELECT {i} FROM generate_series(1, 1000)")
        except flightsql.Error as error:
            failures.append(str(error))

    writers = [threading.Thread(target=overwrite, args=(i,), daemon=True) for i in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert failures == []
    [(rows, writers_seen)] = ask(server, "SELECT count(*), count(DISTINCT n) FROM t")
    assert (rows, writers_seen) == (1000, 1)


def ask_update(server, statement):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_killed_client_stops_its_statement(server, tmp_path):
    script = tmp_path / "client.py"
    script.write_text(
        "import sys, adbc_driver_flightsql.dbapi as flightsql\n"
        "cursor = flightsql.connect(sys.argv[1], autocommit=True).cursor()\n"
        "cursor.execute(sys.argv[2])\n"
        "print('begun', flush=True)\n"
        "cursor.fetchall()\n"
    )
    client = subprocess.Popen(
        [sys.executable, str(script), server.uri, ENDLESS], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout.readline() == "begun\n"
    comes_to_work(server, threads_at_work(server))
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    assert falls_silent(server)
    assert ask(server, "SELECT 1") == [(1,)]


def test_a_client_that_sends_a_user_name_connects(server):
    assert ask(server, "SELECT 1", username="ann", password="any") == [(1,)]
