"""What an analyst rated 1, given to others: STIX that the official tools accept, and that we read back ourselves."""

import json
import subprocess

import pytest
import stix2
import stix2validator
from conftest import program, run_sql
from stix2patterns.v21.pattern import Pattern
from stix2patterns.validator import validate

DATE = "2024-05-14"
DAY = "PARTITION (y = 2024, m = 5, d = 14)"
# What rated rows may hold that JSON or a STIX pattern could trip over.
ODD_URIS = [
    "evil.example.com/it's",
    r"evil.example.com/back\slash",
    'evil.example.com/"quoted"?a=[b] OR c',
    "evil.example.com/ünïcode/\U0001f600",
    "[2001:db8::7]:8080/a",
    "evil.example.com/" + "x" * 5000,
    "evil.example.com",
    "http://user:secret@evil.example.com/login",
]


def run(warehouse, *arguments):
    done = subprocess.run(
        [program(), "run", "--warehouse", str(warehouse), "--quiet", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def text(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def checked(bundle):
    """The indicators of a bundle, by id, after all official tools have had their say."""
    # Strict: what STIX only recommends is an error as well, but for random ids. Ours are made of what they identify, as the
    # standard allows (section 2.9).
    options = stix2validator.ValidationOptions(version="2.1", strict=True, disabled="uuid-check")
    results = stix2validator.validate_string(bundle, options)
    assert results.is_valid, [str(error) for error in results.errors]
    assert not results.warnings, [str(warning) for warning in results.warnings]
    parsed = stix2.parse(bundle, allow_custom=False, version="2.1")
    assert isinstance(parsed, stix2.v21.Bundle)
    indicators = {it.id: it for it in parsed.get("objects", [])}
    for it in indicators.values():
        assert isinstance(it, stix2.v21.Indicator)
        assert validate(it.pattern, stix_version="2.1"), it.pattern
        Pattern(it.pattern)
        assert it.created == it.valid_from <= it.modified
    return indicators


@pytest.fixture
def warehouse(tmp_path):
    """All three tables of ratings, empty."""
    warehouse = tmp_path / "warehouse"
    run(warehouse, "schema/flow.sql", "schema/dns.sql", "schema/proxy.sql")
    return warehouse


def bundle_of(warehouse, *variables):
    return run(warehouse, "share/stix.sql", "--format", "plain", *variables)


def test_no_ratings_are_a_bundle_without_objects(warehouse):
    bundle = bundle_of(warehouse)
    assert checked(bundle) == {}
    assert json.loads(bundle).keys() == {"type", "id"}
    assert run(warehouse, "share/indicators.sql", "--format", "plain") == ""


def test_a_rated_day_becomes_a_bundle_that_official_tools_and_we_accept(warehouse, tmp_path):
    for source, records in [("flow", 2000), ("dns", 2000), ("proxy", 2000)]:
        load = f"SELECT * FROM synthetic_{source}({records}, 3, '{DATE}')"
        run_sql(warehouse, f"INSERT INTO {source} PARTITION (y, m, d, h) {load}")
        run(warehouse, f"detect/{source}.sql", "--var", f"date={DATE}")
    ratings = {
        "flow": "tstart, srcip, dstip, sport, dport, 1",
        "dns": "unix_tstamp, ip_dst, dns_qry_name, 0, 1",
        "proxy": "tdate, fulluri, 1",
    }
    for source, columns in ratings.items():
        run_sql(
            warehouse,
            f"INSERT INTO {source}_threat_investigation {DAY} "
            f"SELECT {columns} FROM {source}_scores ORDER BY ml_score LIMIT 50",
        )
    odd = ", ".join(f"('{DATE}', {text(uri)}, 1)" for uri in ODD_URIS)
    run_sql(warehouse, f"INSERT INTO proxy_threat_investigation {DAY} VALUES {odd}")

    rows = run_sql(warehouse, "SELECT * FROM proxy_threat_investigation WHERE fulluri LIKE '%ünï%'")
    assert [row["fulluri"] for row in rows] == [ODD_URIS[3]]
    lines = run(warehouse, "share/indicators.sql", "--format", "json").splitlines()
    rows = {row["indicator"]: row for row in map(json.loads, lines)}
    assert len(rows) == len(lines)
    assert {row["kind"] for row in rows.values()} == {"ipv4-addr", "domain-name", "url"}
    inside = "SELECT DISTINCT indicator FROM ({}) t(indicator) WHERE is_internal(indicator)"
    values = ", ".join(f"({text(it)})" for it in rows)
    assert run_sql(warehouse, inside.format(f"VALUES {values}")) == []
    assert not any("secret" in it for it in rows)

    bundle = bundle_of(warehouse)
    assert bundle == bundle_of(warehouse)
    indicators = checked(bundle)
    # One an indicator, in their order.
    about = [it["description"].split(", severity")[0] for it in json.loads(bundle)["objects"]]
    assert about == [f"{rows[it]['kind']} {it}" for it in sorted(rows)]
    assert "[2001:db8::7]:8080/a" in rows
    patterns = {it.pattern for it in indicators.values()}
    assert "[domain-name:value = 'evil.example.com']" in patterns
    assert (
        r"[url:value = 'http://evil.example.com/it\'s' OR url:value = 'https://evil.example.com/it\'s']"
        in patterns
    )
    for it in indicators.values():
        assert it.name.startswith("rated high by an analyst, ")
        assert it.confidence == 85
        assert str(it.valid_from).startswith((DATE, "2024-05-15"))

    # Our own reader finds every one of them again.
    path = tmp_path / "bundle.json"
    path.write_text(bundle)
    other = tmp_path / "other"
    run_sql(other, f"CREATE INDICATOR LIST shared LOCATION '{path}'")
    listed = run_sql(other, "SHOW INDICATOR LISTS")[0]["contents"]
    assert listed.endswith(" indicators")
    found = run_sql(
        other, f"SELECT v, reputation(v) AS rep FROM (VALUES {values}) t(v) WHERE reputation_severity(v) <> 3"
    )
    assert found == []

    # Another day's ratings alone.
    assert checked(bundle_of(warehouse, "--var", "since=2024-05-15")) == {}
    assert bundle_of(warehouse, "--var", f"since={DATE}") == bundle


def test_the_official_tools_would_say_so(warehouse):
    rate = "SELECT '2024-05-14 10:00:00', '10.0.0.1', '192.0.2.7', 1, 443, 1"
    run_sql(warehouse, f"INSERT INTO flow_threat_investigation {DAY} {rate}")
    bundle = bundle_of(warehouse)
    assert len(checked(bundle)) == 1
    for right, wrong in [
        ("malicious-activity", "malicious activity"),
        (".000Z", "Z"),
        ('"pattern_type":"stix",', ""),
        ("[ipv4-addr:value = '192.0.2.7']", "[ipv4-addr:value = 192.0.2.7]"),
        ('"confidence":85', '"confidence":850'),
    ]:
        assert right in bundle
        with pytest.raises(AssertionError):
            checked(bundle.replace(right, wrong))


def test_an_indicator_keeps_its_id_when_it_is_seen_again(warehouse):
    rate = "INSERT INTO flow_threat_investigation PARTITION (y = 2024, m = 5, d = {0}) SELECT '2024-05-{0} 10:00:00', '10.0.0.1', '192.0.2.7', 1, 443, 1"
    run_sql(warehouse, rate.format(14))
    [first] = checked(bundle_of(warehouse)).values()
    run_sql(warehouse, rate.format(15))
    [second] = checked(bundle_of(warehouse)).values()
    assert (second.id, second.created) == (first.id, first.created)
    assert second.modified > first.modified


def test_what_was_rated_is_found_in_later_logs(warehouse):
    rate = "SELECT '2024-05-14 10:00:00', '10.0.0.1', '192.0.2.7', 1, 443, 1"
    run_sql(warehouse, f"INSERT INTO flow_threat_investigation {DAY} {rate}")
    asked = "SELECT reputation('192.0.2.7') AS rep"
    assert run_sql(warehouse, asked) == [{}]
    found = "SELECT * FROM indicators(flow_threat_investigation, source => 'flow')"
    run_sql(warehouse, f"CREATE TABLE found AS {found}")
    run_sql(warehouse, "CREATE INDICATOR LIST own AS SELECT * FROM found")
    assert run_sql(warehouse, asked) == [{"rep": "own:rated high by an analyst, flow:3"}]


def test_a_client_gets_one_bundle_for_each_indicator(connection):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indicator, stix_bundle(stix_indicator(indicator, text, severity, first_seen, last_seen)) "
            "FROM indicators((SELECT unnest(make_array('192.0.2.7', 'evil.example.com', '10.0.0.1')) AS indicator)) "
            "ORDER BY indicator"
        )
        rows = cursor.fetchall()
        assert [row[0] for row in rows] == ["192.0.2.7", "evil.example.com"]
        for _, bundle in rows:
            assert len(checked(bundle)) == 1
