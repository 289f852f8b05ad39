"""Reputation services over HTTP(S): against a real server that misbehaves in every way that servers do."""

import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest
import trustme
from conftest import Server, program, run_sql


class Service:
    """An HTTP server; `answer(value, request)` says what it sends."""

    def __init__(self, answer, tls=None):
        self.asked = []
        self.paths = []
        self.headers = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                value = urllib.parse.unquote(self.path.rsplit("/", 1)[-1])
                outer.asked.append(value)
                outer.paths.append(self.path)
                outer.headers.append(dict(self.headers))
                answer(value, self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{self.server.server_address[1]}" if tls else (
            f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(request, body, status=200, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def judge(value, request):
    bad = value.startswith("bad")
    send(request, {"d": {"verdict": "malicious" if bad else "clean", "family": "emotet: x" if bad else None}})


RULES = "verdict = '$.d.verdict', text = '$.d.family', severities = 'malicious: 3, suspicious: 2, clean: 0'"


@pytest.fixture
def serving():
    services = []

    def start(answer, **options):
        services.append(Service(answer, **options))
        return services[-1]

    yield start
    for service in services:
        service.close()


def create(warehouse, service, more="", name="vendor", place="{value}"):
    run_sql(
        warehouse,
        f"CREATE OR REPLACE REPUTATION SERVICE {name} LOCATION '{service.url}/v1/{place}' OPTIONS ({RULES}{more})",
    )


def sql(warehouse, statement, **environment):
    """The rows, and what was said on the side."""
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), "--format", "json", statement],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def one(warehouse, value="bad.example.com", **environment):
    rows, said = sql(
        warehouse, f"SELECT reputation('{value}') AS text, reputation_severity('{value}') AS severity", **environment
    )
    return rows[0].get("text"), rows[0].get("severity"), said


UNVERIFIED = ("vendor::-1", -1)


def test_distinct_values_are_asked_once_and_verdicts_are_kept(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service)
    query = """SELECT v, reputation(v) AS rep, reputation_severity(v) AS severity, reputation_list(v) AS list,
        reputation_text(v) AS text
      FROM (SELECT CASE WHEN value % 3 = 0 THEN 'bad.example.com' WHEN value % 3 = 1 THEN 'good.example.com'
              ELSE '10.0.0.1' END AS v FROM generate_series(1, 30000)) GROUP BY v ORDER BY v"""
    expected = [
        {"v": "10.0.0.1"},
        {
            "v": "bad.example.com",
            "rep": "vendor:emotet  x:3",
            "severity": 3,
            "list": "vendor",
            "text": "emotet: x",
        },
        {"v": "good.example.com", "rep": "vendor::0", "severity": 0},
    ]
    rows, said = sql(tmp_path, query)
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == expected
    assert said == ""
    # Private addresses are nobody else's business.
    assert sorted(service.asked) == ["bad.example.com", "good.example.com"]
    # The next process does not ask again, and the service may be gone.
    service.close()
    assert sql(tmp_path, query)[0] == rows
    shown = run_sql(tmp_path, "SHOW REPUTATION SERVICES")
    assert shown[0]["contents"] == "2 verdicts"
    # REFRESH forgets.
    run_sql(tmp_path, "REFRESH REPUTATION SERVICE vendor")
    assert one(tmp_path)[:2] == UNVERIFIED


def test_rows_of_a_table_are_asked_wherever_the_function_is_called(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service)
    run_sql(tmp_path, "CREATE TABLE t AS SELECT 'bad' || value || '.example.com' AS v, value AS n FROM generate_series(1, 9)")
    for query, expected in [
        ("SELECT count(*) AS n FROM t WHERE reputation_severity(v) = 3", 9),
        ("SELECT max(reputation_severity(v)) AS n FROM t", 3),
        ("SELECT reputation_severity(v) + 0 AS n FROM t ORDER BY reputation_severity(v), n LIMIT 1", 3),
        ("SELECT count(*) AS n FROM t a JOIN t b ON reputation(a.v) = reputation(b.v)", 81),
        ("SELECT sum(v_severity) AS n FROM enrich(t, columns => [v])", 27),
    ]:
        run_sql(tmp_path, "REFRESH REPUTATION SERVICE vendor")
        service.asked.clear()
        rows, said = sql(tmp_path, query)
        assert (rows[0]["n"], said) == (expected, ""), query
        assert sorted(service.asked) == [f"bad{n}.example.com" for n in range(1, 10)], query
    # No more is asked than is shown, or left by what else is demanded.
    for query, expected in [
        ("SELECT v, n, reputation(v) AS rep, n + reputation_severity(v) AS sum FROM t ORDER BY n DESC LIMIT 2", [9, 8]),
        ("SELECT n, reputation(v) AS rep FROM t WHERE n > 7 AND reputation_severity(v) = 3 AND v <> 'x' ORDER BY n DESC", [9, 8]),
        ("SELECT n, reputation(v) AS rep FROM (SELECT * FROM t ORDER BY n DESC LIMIT 2)", [9, 8]),
    ]:
        run_sql(tmp_path, "REFRESH REPUTATION SERVICE vendor")
        service.asked.clear()
        rows, said = sql(tmp_path, query)
        assert ([row["n"] for row in rows], said) == (expected, ""), query
        assert all(row["rep"] == "vendor:emotet  x:3" and row.get("sum", row["n"] + 3) == row["n"] + 3 for row in rows)
        assert sorted(service.asked) == ["bad8.example.com", "bad9.example.com"], query
    run_sql(tmp_path, "REFRESH REPUTATION SERVICE vendor")
    run_sql(tmp_path, "CREATE TABLE u AS SELECT reputation(v) AS rep FROM t")
    assert run_sql(tmp_path, "SELECT count(*) AS n FROM u WHERE rep LIKE '%:3'") == [{"n": 9}]


def drip(value, request):
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    for _ in range(200):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.1)


def cut(value, request):
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b'{"d": ')
    request.wfile.flush()
    request.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda v, r: time.sleep(20), "did not answer in time"),
        (drip, "did not answer in time"),
        (cut, "broke off"),
        (lambda v, r: r.connection.shutdown(socket.SHUT_RDWR), "broke off"),
        (lambda v, r: r.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"), "broke off"),
        (lambda v, r: send(r, b"<html>Sign in</html>"), "no JSON"),
        (lambda v, r: send(r, b""), "no JSON"),
        (lambda v, r: send(r, b"[" * 100_000), "no JSON"),
        (lambda v, r: send(r, {"error": "quota"}), "nothing at $"),
        (lambda v, r: send(r, {"d": {"verdict": "unsure"}}), "unsure"),
        (lambda v, r: send(r, {"d": {"verdict": ["malicious"]}}), "none of"),
        (lambda v, r: send(r, b" " * 2_000_000), "longer than"),
        (lambda v, r: send(r, {"message": "no"}, 401), "status 401"),
        (lambda v, r: send(r, {"message": "none"}, 404), "missing: 0"),
        (lambda v, r: send(r, {}, 302, Location="http://127.0.0.1:1/"), "status 302"),
        (lambda v, r: send(r, {}, 429, Retry_After="30"), "status 429"),
        (lambda v, r: send(r, {}, 503), "status 503"),
    ],
    ids=lambda it: it.replace(" ", "-") if isinstance(it, str) else "",
)
def test_a_service_that_misbehaves_leaves_values_unverified(serving, tmp_path, answer, why):
    service = serving(answer)
    create(tmp_path, service, ", timeout = '1 s'")
    text, severity, said = one(tmp_path)
    assert (text, severity) == UNVERIFIED
    assert "reputation service 'vendor': 1 of 1 values are unverified" in said
    shown = run_sql(tmp_path, "SHOW REPUTATION SERVICES")[0]["contents"]
    assert why in said or why in shown, (said, shown)
    # Nothing of that is kept: as soon as it answers, its verdict counts.
    service.close()
    create(tmp_path, serving(judge))
    assert one(tmp_path)[:2] == ("vendor:emotet  x:3", 3)


def test_a_service_that_is_down_is_soon_left_alone(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{{value}}"
        run_sql(tmp_path, f"CREATE REPUTATION SERVICE vendor LOCATION '{url}' OPTIONS ({RULES})")
        rows, said = sql(
            tmp_path,
            "SELECT count(*) AS n, max(reputation_severity('h' || value || '.example.com')) AS worst FROM generate_series(1, 5000)",
        )
    assert rows == [{"n": 5000, "worst": -1}]
    assert "5000 of 5000 values are unverified" in said and said.count("\n") == 1


def test_a_silent_service_costs_no_more_than_its_time(serving, tmp_path):
    service = serving(lambda v, r: time.sleep(30))
    create(tmp_path, service, ", timeout = '1 s', rate = '100/s'")
    rows, _ = sql(
        tmp_path,
        "SELECT count(reputation('h' || value || '.example.com')) AS n FROM generate_series(1, 500)",
    )
    assert rows == [{"n": 500}]
    # Five in a row, four at a time.
    assert len(service.asked) < 12


def test_a_service_that_wants_to_be_left_alone_is(serving, tmp_path):
    service = serving(lambda v, r: send(r, {}, 429, Retry_After="30"))
    create(tmp_path, service, ", parallel = 1")
    rows, said = sql(
        tmp_path, "SELECT count(reputation('h' || value || '.example.com')) AS n FROM generate_series(1, 50)"
    )
    assert rows == [{"n": 50}] and "status 429; it is left alone for 30s" in said
    assert len(service.asked) == 1


def test_rate_limit_and_patience_are_kept(serving, tmp_path):
    service = serving(judge)
    values = "SELECT sum(CASE WHEN reputation_severity('bad' || value || '.example.com') = 3 THEN 1 ELSE 0 END) AS n"
    create(tmp_path, service, ", rate = '5/s', max_wait = '2 s'")
    rows, said = sql(tmp_path, f"{values} FROM generate_series(1, 100)")
    # Five at once, and five a second.
    assert 5 <= rows[0]["n"] <= 16, rows
    assert "within the query's max_wait of 2s at its rate of 5/s" in said
    # The next query goes on where this one ended.
    before = rows[0]["n"]
    rows, _ = sql(tmp_path, f"{values} FROM generate_series(1, 100)")
    assert rows[0]["n"] > before
    create(tmp_path, service, ", max_requests = 7, rate = '1000/s'")
    rows, said = sql(tmp_path, f"{values} FROM generate_series(1, 100)")
    assert rows == [{"n": 7}] and "no more than 7 values a query" in said


def test_verdicts_expire(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service, ", expires = '1 s'")
    assert one(tmp_path)[1] == 3
    time.sleep(2.1)
    assert one(tmp_path)[1] == 3
    assert len(service.asked) == 2


def test_headers_come_from_the_environment_and_stay_secret(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service, ", header.Authorization = 'Bearer $SPOTQL_KEY', header.x_client = 'tells-all'")
    text, severity, said = one(tmp_path)
    assert (text, severity) == UNVERIFIED and "SPOTQL_KEY is not set" in said
    assert one(tmp_path, SPOTQL_KEY="s3cret")[1] == 3
    assert service.headers[-1]["authorization"] == "Bearer s3cret"
    shown = run_sql(tmp_path, "SHOW REPUTATION SERVICES")[0]["options"]
    assert "Bearer $SPOTQL_KEY" in shown and "tells-all" not in shown


def test_a_service_may_know_nothing(serving, tmp_path):
    service = serving(lambda v, r: send(r, {"message": "unknown"}, 404))
    rules = "verdict = '$.v', severities = 'bad: 3, missing: 0'"
    run_sql(tmp_path, f"CREATE REPUTATION SERVICE vendor LOCATION '{service.url}/{{name}}' OPTIONS ({rules})")
    assert one(tmp_path)[:2] == ("vendor::0", 0)
    # It takes names; of an address it says nothing, not even that it is unverified.
    assert one(tmp_path, "198.51.100.1")[:2] == (None, None)
    assert one(tmp_path, "sub.example.org/path?x")[:2] == ("vendor::0", 0)
    assert service.asked == ["bad.example.com", "sub.example.org"]


def test_lists_and_services_are_named_one_after_the_other(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service)
    run_sql(tmp_path, "CREATE INDICATOR LIST feed AS SELECT 'bad.example.com' AS indicator, 'bot' AS text, 1 AS severity")
    assert one(tmp_path)[:2] == ("feed:bot:1::vendor:emotet  x:3", 3)
    # What a list allows is not asked about.
    run_sql(tmp_path, "CREATE INDICATOR LIST fine OPTIONS (allow = true) AS SELECT 'bad2.example.com' AS indicator")
    service.asked.clear()
    assert one(tmp_path, "bad2.example.com")[:2] == ("fine:allowed:0", 0)
    assert service.asked == []


def test_what_is_ones_own_is_not_sent(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service)
    run_sql(tmp_path, "CREATE NETWORK LIST own OPTIONS (internal = true) AS SELECT '198.51.100.0/24' AS network, 'us' AS name")
    for value in ["198.51.100.7", "198.51.100.7/admin?x", "100.64.0.1", "224.0.0.251", "nas.local", "printer"]:
        assert one(tmp_path, value)[:2] == (None, None), value
    assert service.asked == []
    assert one(tmp_path, "https://user:s3cret@bad.example.com/a?b#c")[1] == 0
    assert service.asked == ["https://bad.example.com/a?b"]


def test_a_key_in_the_url_comes_from_the_environment(serving, tmp_path):
    service = serving(judge)
    run_sql(tmp_path, f"CREATE REPUTATION SERVICE vendor LOCATION '{service.url}/$SPOTQL_KEY/{{value}}' OPTIONS ({RULES})")
    assert one(tmp_path, SPOTQL_KEY="s3cret")[1] == 3
    assert service.paths == ["/s3cret/bad.example.com"]
    assert "SPOTQL_KEY is not set" in one(tmp_path, "bad2.example.com")[2]


def test_filters_that_reach_the_reader_of_files_ask_too(serving, tmp_path):
    service = serving(judge)
    create(tmp_path, service)
    run_sql(tmp_path, "CREATE TABLE t AS SELECT 'bad' || value || '.example.com' AS v FROM generate_series(1, 9)")
    rows = run_sql(
        tmp_path,
        "SET datafusion.execution.parquet.pushdown_filters = true; SELECT count(*) AS n FROM t WHERE reputation_severity(v) = 3",
    )
    assert rows == [{"n": 9}]


def test_what_cannot_be_asked_about_is_said(serving, tmp_path):
    create(tmp_path, serving(judge))
    rows, said = sql(tmp_path, "SELECT reputation(concat('bad', '.example.com')) AS rep")
    assert rows == [{"rep": "vendor::-1"}] and "on an expression of constants" in said, said


def test_https_with_a_certificate_that_is_not_trusted(serving, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    service = serving(judge, tls=context)
    create(tmp_path, service)
    text, severity, said = one(tmp_path)
    assert (text, severity) == UNVERIFIED and "certificate" in said.lower(), said
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    assert one(tmp_path, SSL_CERT_FILE=str(trusted))[:2] == ("vendor:emotet  x:3", 3)


def test_a_client_that_goes_away_stops_the_asking(serving, tmp_path):
    service = serving(lambda v, r: (time.sleep(0.3), judge(v, r)))
    server = Server(tmp_path / "warehouse")
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                f"CREATE REPUTATION SERVICE vendor LOCATION '{service.url}/{{value}}' OPTIONS ({RULES}, parallel = 1)"
            )
            thread = threading.Thread(
                target=lambda: pytest.raises(
                    Exception,
                    lambda: cursor.execute(
                        "SELECT reputation('h' || value || '.example.com') FROM generate_series(1, 200)"
                    ).fetchall(),
                ),
                daemon=True,
            )
            thread.start()
            until = time.monotonic() + 60
            while len(service.asked) < 2:
                assert time.monotonic() < until, "the service is not asked"
                time.sleep(0.05)
            cursor.adbc_cancel()
            thread.join(timeout=20)
            time.sleep(1)
            asked = len(service.asked)
            time.sleep(1.5)
            assert len(service.asked) <= asked + 1 < 50
            # The server still answers.
            assert cursor.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("location", "options", "why"),
    [
        ("https://h/x", RULES, "has to hold one of"),
        ("ftp://h/{value}", RULES, "is no URL"),
        ("https://h/{value}", "text = '$.x'", "'verdict' is missing"),
        ("https://h/{value}", "verdict = 'x'", "is no JSON path"),
        ("https://h/{value}", f"{RULES}, header.a = '$HOME'", "begins with SPOTQL_"),
        ("https://h/{value}", f"{RULES}, tiemout = '1 s'", "no option 'tiemout'"),
    ],
)
def test_a_definition_that_is_wrong_is_refused(tmp_path, location, options, why):
    done = subprocess.run(
        [program(), "sql", "--warehouse", str(tmp_path), f"CREATE REPUTATION SERVICE s LOCATION '{location}' OPTIONS ({options})"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_explain_shows_the_plan_that_asks(tmp_path, serving):
    service = serving(judge)
    create(tmp_path, service)
    rows = run_sql(
        tmp_path, "EXPLAIN SELECT reputation(column1) FROM (VALUES ('bad.example.com'), ('other.example.com'))"
    )
    plan = "\n".join(row["plan"] for row in rows)
    assert "AskServicesExec: services=[vendor]" in plan
    assert service.asked == []
