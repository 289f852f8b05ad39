#!/usr/bin/env python3
"""How long a small query takes while nothing else runs, beside an endless join, and beside a detection.

    SPOTQL_BIN=target/release/spotql tests/.venv/bin/python benchmarks/isolation.py [QUERIES]

Prints the median, the 99th percentile and the maximum in milliseconds, and each as a ratio to the same run's time alone.
"""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))

import adbc_driver_flightsql.dbapi as flightsql  # noqa: E402
from conftest import Server, program  # noqa: E402

JOIN = (
    "SELECT count(*) FROM (SELECT value % 3 AS k FROM generate_series(1, 2000000)) a "
    "JOIN (SELECT value % 3 AS k FROM generate_series(1, 2000000)) b ON a.k = b.k"
)
DETECTION = "SELECT max(score) FROM lda_score((SELECT * FROM demo.flow), source => 'flow', iterations => 100, seed => 1)"


def times(server, statement, count):
    taken = []
    with server.connect() as connection, connection.cursor() as cursor:
        for _ in range(count):
            began = time.perf_counter()
            cursor.execute(statement)
            cursor.fetchall()
            taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)], taken[-1]


@contextlib.contextmanager
def beside(server, statement):
    """Runs the statement over and over on a connection of its own."""
    ends = threading.Event()
    connection = server.connect()
    cursor = connection.cursor()

    def run():
        while not ends.is_set():
            with contextlib.suppress(flightsql.Error):
                cursor.execute(statement)
                cursor.fetchall()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        ends.set()
        cursor.adbc_cancel()
        thread.join()
        connection.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder:
        warehouse = pathlib.Path(folder) / "warehouse"
        subprocess.run([program(), "demo", "--warehouse", str(warehouse)], check=True, stdout=subprocess.DEVNULL)
        server = Server(warehouse)
        try:
            for statement in ["SELECT 1", "SELECT count(*) FROM demo.flow WHERE dport = 443"]:
                times(server, statement, 50)
                alone = times(server, statement, count)
                print(f"{statement}\n{'':20} median    p99    max")
                print(f"{'alone':20}" + "".join(f"{it:7.1f}" for it in alone))
                for name, other in [("beside a join", JOIN), ("beside a detection", DETECTION)]:
                    with beside(server, other):
                        loaded = times(server, statement, count)
                    ratios = ", ".join(f"{b / a:.1f}" for a, b in zip(alone, loaded, strict=True))
                    print(f"{name:20}" + "".join(f"{it:7.1f}" for it in loaded) + f"   ratios {ratios}")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
