"""PUBLISH to a real Mosquitto, as Debian ships it: messages arrive once the statement is done, and what goes wrong is said."""

import shutil
import socket
import ssl
import subprocess
import time

import pytest
import stix2
import trustme
from conftest import program, run_sql

pytestmark = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None
    or shutil.which("mosquitto_sub") is None,
    reason="needs Mosquitto and its clients (Debian: mosquitto, mosquitto-clients)",
)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Broker:
    def __init__(self, folder, settings="allow_anonymous true", scheme="mqtt", host="127.0.0.1"):
        self.port = free_port()
        configuration = folder / f"mosquitto-{self.port}.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\n{settings}\n")
        mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        self.process = subprocess.Popen(
            [mosquitto, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.url = f"{scheme}://{host}:{self.port}"
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("mosquitto does not listen")

    def subscribe(self, topic, count, *options):
        process = subprocess.Popen(
            ["mosquitto_sub", "-p", str(self.port), "-t", topic, "-q", "1", "-C", str(count), "-W", "20", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        # It is there once the broker has its subscription: a retained message of its own says so.
        time.sleep(0.5)
        return process

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


def publish(warehouse, sql, **environment):
    return subprocess.run(
        [program(), "sql", "--warehouse", str(warehouse), sql],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


def test_every_row_is_a_message(broker, tmp_path):
    subscriber = broker.subscribe("spotql/indicators", 1000)
    done = publish(
        tmp_path,
        f"""PUBLISH TO '{broker.url}/spotql/indicators' AS
        SELECT CASE WHEN value > 0 THEN '{{"n": ' || value || ', "t": "ä"}}' END FROM generate_series(0, 1000)""",
    )
    assert done.returncode == 0, done.stderr
    assert f"1000 messages published to {broker.url}/spotql/indicators" in done.stderr
    messages, _ = subscriber.communicate(timeout=30)
    assert sorted(messages.splitlines()) == sorted(f'{{"n": {n}, "t": "ä"}}' for n in range(1, 1001))


def test_what_is_retained_is_there_for_those_who_come_later(broker, tmp_path):
    done = publish(tmp_path, f"PUBLISH TO '{broker.url}/a/b' OPTIONS (retain = true) AS SELECT 'later'")
    assert done.returncode == 0, done.stderr
    assert broker.subscribe("a/#", 1).communicate(timeout=30)[0] == "later\n"


def test_nothing_to_say_bothers_nobody(tmp_path):
    done = publish(tmp_path, f"PUBLISH TO 'mqtt://127.0.0.1:{free_port()}/t' AS SELECT 'x' WHERE 1 = 2")
    assert done.returncode == 0 and "0 messages published" in done.stderr


def test_user_and_password_come_from_the_environment(tmp_path):
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), "spotql", "s3cret"], check=True, capture_output=True)
    passwords.chmod(0o644)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}\nuser root")
    try:
        sql = f"PUBLISH TO '{broker.url}/t' OPTIONS (user = 'spotql', password = '$SPOTQL_MQTT') AS SELECT 'x'"
        assert publish(tmp_path, sql, SPOTQL_MQTT="s3cret").returncode == 0
        refused = publish(tmp_path, sql, SPOTQL_MQTT="guess")
        assert refused.returncode == 1 and "refuses the user or the password" in refused.stderr, refused.stderr
        unset = publish(tmp_path, sql)
        assert unset.returncode == 1 and "SPOTQL_MQTT is not set" in unset.stderr
    finally:
        broker.stop()


def test_tls_needs_a_certificate_that_is_trusted(tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    settings = f"allow_anonymous true\ncertfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\nuser root"
    broker = Broker(tmp_path, settings, scheme="mqtts", host="localhost")
    try:
        sql = f"PUBLISH TO '{broker.url}/t' AS SELECT 'x'"
        trusted = publish(tmp_path, sql, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
        assert trusted.returncode == 0, trusted.stderr
        refused = publish(tmp_path, sql)
        assert refused.returncode == 1 and "certificate" in refused.stderr.lower(), refused.stderr
        plain = publish(tmp_path, sql.replace("mqtts", "mqtt"))
        assert plain.returncode == 1 and "broker" in plain.stderr, plain.stderr
    finally:
        broker.stop()


def test_a_broker_that_goes_away_is_told_with_what_it_has_taken(tmp_path):
    broker = Broker(tmp_path)
    process = subprocess.Popen(
        [
            program(), "sql", "--warehouse", str(tmp_path),
            f"PUBLISH TO '{broker.url}/t' AS SELECT repeat('x', 1000) FROM generate_series(1, 100000000)",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    subscriber = broker.subscribe("t", 100)
    subscriber.communicate(timeout=30)
    broker.process.kill()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and "the broker has taken" in said and "taken 0 messages" not in said, said
    broker.stop()


def test_a_silent_port_is_no_broker(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}/t"
        done = publish(tmp_path, f"PUBLISH TO '{url}' OPTIONS (timeout = '1 s') AS SELECT 'x'")
    assert done.returncode == 1 and "did not answer in time" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("target", "query", "why"),
    [
        ("mqtt://127.0.0.1:1/t", "SELECT 'x'", "cannot be reached"),
        ("mqtt://127.0.0.1/t", "SELECT 'x', 'y'", "the query has 2 columns"),
        ("mqtt://127.0.0.1/t", "SELECT 1", "is no text"),
        ("mqtt://127.0.0.1/t", "SELECT nothing", "nothing"),
        ("amqp://127.0.0.1/t", "SELECT 'x'", "is no URL of a topic"),
        ("mqtt://127.0.0.1/t", "INSERT INTO t SELECT 1", "not implemented"),
    ],
)
def test_what_cannot_be_published_is_refused(tmp_path, target, query, why):
    done = publish(tmp_path, f"PUBLISH TO '{target}' AS {query}")
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_a_client_publishes_through_the_server(server, broker):
    subscriber = broker.subscribe("t", 2)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"PUBLISH TO '{broker.url}/t' AS SELECT column1 FROM (VALUES ('a'), ('b'))")
    assert sorted(subscriber.communicate(timeout=30)[0].split()) == ["a", "b"]


def test_what_is_rated_is_published_once(broker, tmp_path):
    warehouse = tmp_path / "warehouse"

    def run(*arguments):
        done = subprocess.run(
            [program(), "run", "--warehouse", str(warehouse), *arguments], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def rate(address, score):
        run_sql(
            warehouse,
            f"""INSERT INTO flow_threat_investigation PARTITION (y = 2024, m = 5, d = 14)
            VALUES ('2024-05-14 10:00:00', '10.0.0.1', '{address}', 4000, 443, {score})""",
        )

    run("schema/flow.sql", "schema/dns.sql", "schema/proxy.sql")
    topic = f"{broker.url}/spotql/indicators"
    rate("198.51.100.1", 1)
    rate("198.51.100.2", 2)
    subscriber = broker.subscribe("spotql/indicators", 2)
    share = ("share/publish.sql", "--var", f"topic={topic}")
    assert "1 messages published" in run(*share)
    assert "0 messages published" in run(*share)
    rate("198.51.100.3", 1)
    assert "1 messages published" in run(*share)
    # Another topic has not had them.
    assert "2 messages published" in run("share/publish.sql", "--var", f"topic={broker.url}/other")
    messages = subscriber.communicate(timeout=30)[0].splitlines()
    patterns = [stix2.parse(message).pattern for message in messages]
    assert patterns == ["[ipv4-addr:value = '198.51.100.1']", "[ipv4-addr:value = '198.51.100.3']"]
