"""Schedules in a real server: they run by themselves, and a server that is killed leaves a failed run that the next makes up for."""

import signal
import time

from conftest import Server, run_sql

RUNS = "SELECT schedule, state, row_count, error, CAST(period_start AS STRING) AS start FROM system.schedule_runs ORDER BY started"


def wait_for(warehouse, condition, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        runs = run_sql(warehouse, RUNS)
        if condition(runs):
            return runs
        time.sleep(0.3)
    raise AssertionError(run_sql(warehouse, RUNS))


def test_a_server_runs_what_is_due_and_its_heir_makes_up_for_what_it_left(tmp_path):
    warehouse = tmp_path / "warehouse"
    script = tmp_path / "note.sql"
    note = "INSERT INTO seen SELECT '${period_start}', '${date} ${hours:-all}';"
    # Endless until the file is another one.
    script.write_text(
        note + "\nINSERT INTO seen SELECT CAST(count(*) AS STRING), '' FROM generate_series(1, 100000000) a"
        " JOIN generate_series(1, 100000) b ON a.value <> b.value;"
    )
    run_sql(warehouse, "CREATE TABLE seen (start STRING, hours STRING)")
    run_sql(warehouse, f"CREATE SCHEDULE note EVERY '1 min' AS RUN '{script}'")
    first = Server(warehouse)
    try:
        runs = wait_for(warehouse, lambda runs: runs)
        assert (runs[0]["schedule"], runs[0]["state"]) == ("note", "running")
        start = runs[0]["start"]
        # A client has the server for itself meanwhile.
        with first.connect() as connection, connection.cursor() as cursor:
            rows = cursor.execute("SHOW SCHEDULES").fetchall()
            assert rows[0][0] == "note" and rows[0][6] == "running"
    finally:
        first.process.kill()
        first.process.wait()
    script.write_text(note)
    second = Server(warehouse)
    try:
        runs = wait_for(warehouse, lambda runs: any(run["state"] == "done" for run in runs))
        assert (runs[0]["state"], runs[0]["error"]) == ("failed", "the server that ran it has stopped")
        done = next(run for run in runs if run["state"] == "done")
        # From where the killed one began.
        assert (done["start"], done["row_count"]) == (start, 1)
    finally:
        assert second.stop() == 0
    seen = run_sql(warehouse, "SELECT start FROM seen ORDER BY start LIMIT 1")
    assert seen[0]["start"] == start.replace("T", " ")


def test_a_closed_terminal_does_not_end_the_server(server):
    with server.connect() as connection, connection.cursor() as cursor:
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            assert cursor.execute("SELECT 1").fetchone() == (1,)
    assert server.process.poll() is None
