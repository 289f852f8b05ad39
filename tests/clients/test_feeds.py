"""Feeds as they are: each line counts as it says, or is shown with the reason why it does not."""

import gzip
import json
import subprocess
import time

import pytest
from conftest import SHARED, program, run_sql


@pytest.fixture
def feed(tmp_path):
    """Makes a list of a text and says what it knows: `(severity of each value, rejected lines, message)`."""
    warehouse = tmp_path / "warehouse"

    def make(name, content, values, options=""):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        statement = f"CREATE OR REPLACE INDICATOR LIST feed LOCATION '{path}' {options}"
        command = [program(), "sql", "--warehouse", str(warehouse), statement]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        columns = ", ".join(f"reputation_severity('{value}') AS v{i}" for i, value in enumerate(values))
        (row,) = run_sql(warehouse, f"SELECT {columns}")
        rejected = run_sql(warehouse, "SHOW INDICATOR LIST feed REJECTED")
        return [row.get(f"v{i}") for i in range(len(values))], rejected, done.stderr

    make.warehouse = warehouse
    return make


def reasons(rejected):
    return {int(line["line"]): line["reason"] for line in rejected}


def test_ranges_are_ranges_however_they_are_written(feed):
    inside = ["203.0.113.0", "203.0.113.128", "203.0.113.255", "203.0.114.0"]
    for name, text in [
        ("p2p.txt", "203.0.113.0 - 203.0.113.255 , 000 , net\n"),
        ("columns.txt", "# start\tend\tmask\n203.0.113.0\t203.0.113.255\t24\n"),
        ("dash.txt", "203.0.113.0-203.0.113.255\n"),
        ("named.txt", "some net:203.0.113.0-203.0.113.255\n"),
        ("start.csv", "start_ip,end_ip,severity\n203.0.113.0,203.0.113.255,high\n"),
        ("block.csv", "indicator\n203.0.113.0/24\n"),
    ]:
        told, rejected, _ = feed(name, text, inside)
        assert (told, rejected) == ([3, 3, 3, 0], []), name
    # Two addresses side by side that nothing calls a range are none, and not the first one alone.
    told, rejected, message = feed("two.txt", "203.0.113.1 203.0.113.77\n198.51.100.1\n", ["203.0.113.1", "198.51.100.1"])
    assert told == [0, 3] and "a range is written a-b" in reasons(rejected)[1]
    assert "line 1" in message and "1 unusable" in message


def test_unusable_lines_are_shown_and_defanged_ones_are_read(feed):
    text = "\n".join(
        [
            "evil[.]example[.]com",
            "hxxps://bad[.]example[.]net/a",
            "203[.]0[.]113[.]7",
            '"quoted.example.com"',
            ".dot.example.org",
            "203.000.113.008",
            "203.0.113.9;x",
            "203.0.113.10|443",
            "203.0.113.999",
            "word",
            "10.0.0.1",
            "someone@example.com",
        ]
    )
    values = ["www.evil.example.com", "https://bad.example.net/a/b", "203.0.113.7", "quoted.example.com", "a.dot.example.org", "203.0.113.9", "203.0.113.10"]
    told, rejected, message = feed("feed.txt", text, values)
    assert told == [3] * len(values)
    assert "3 defanged" in message and "5 unusable" in message and "SHOW INDICATOR LIST feed REJECTED" in message
    found = reasons(rejected)
    assert sorted(found) == [6, 9, 10, 11, 12]
    for line, part in [(6, "octal"), (9, "255"), (10, "single word"), (11, "private"), (12, "e-mail")]:
        assert part in found[line], found
    told, _, _ = feed("feed.txt", text, ["203.0.113.8", "example.org", "bad.example.net/b"])
    assert told == [0, 0, 0]


def test_odd_severities_and_endless_expiries_do_not_cost_the_indicator(feed):
    lines = ["85", "info", "high", "Critical", "50", "20", "9", "?", "", "2"]
    text = "indicator,severity,expires\n" + "".join(f"203.0.113.{i},{severity},never\n" for i, severity in enumerate(lines, 1))
    told, rejected, _ = feed("feed.csv", text, [f"203.0.113.{i}" for i in range(1, len(lines) + 1)])
    assert told == [3, 1, 3, 3, 2, 1, 3, 3, 3, 2]
    assert [line["used"] for line in rejected] == ["yes", "yes"] and "severity 3" in rejected[0]["reason"]


@pytest.mark.parametrize(
    "notation",
    [
        "%s",
        "%s000",
        "%s000000",
        "%s000000000",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S.25+00:00",
        "%Y-%m-%dT%H:%M:%S+0000",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S UTC",
        "%Y/%m/%d %H:%M:%S",
        "%a, %d %b %Y %H:%M:%S GMT",
        "%d/%b/%Y:%H:%M:%S +0000",
    ],
)
def test_times_in_the_usual_notations(feed, notation):
    def written(seconds):
        return time.strftime(notation.replace("%s", str(int(seconds))), time.gmtime(seconds))

    now = time.time()
    old, soon = written(now - 86_400), written(now + 86_400)
    text = f'indicator,valid_from,expires\n203.0.113.1,,"{old}"\n203.0.113.2,,"{soon}"\n203.0.113.3,"{soon}",\n203.0.113.4,"{old}",\n'
    told, rejected, _ = feed("feed.csv", text, [f"203.0.113.{i}" for i in range(1, 5)])
    assert (told, rejected) == ([0, 3, 0, 3], []), text


def test_a_time_that_cannot_be_read_is_reported_and_never_means_for_ever(feed):
    text = "indicator,expires\n203.0.113.1,05/06/2030\n203.0.113.2,soon\n203.0.113.3,2030-01-01T00:00:00+05:30\n"
    told, rejected, _ = feed("feed.csv", text, ["203.0.113.1", "203.0.113.2", "203.0.113.3"])
    assert told == [0, 0, 3]
    assert "05/06/2030" in reasons(rejected)[2] and "soon" in reasons(rejected)[3]


def test_an_indicator_counts_from_the_time_it_says(feed):
    begin = int(time.time()) + 4
    told, _, _ = feed("feed.csv", f"indicator,valid_from\n203.0.113.1,{begin}\n", ["203.0.113.1"])
    assert told == [0]
    (shown,) = run_sql(feed.warehouse, "SHOW INDICATOR LISTS")
    assert shown["state"] == "holds no indicator that is valid now"
    time.sleep(max(0, begin + 1 - time.time()))
    assert run_sql(feed.warehouse, "SELECT reputation_severity('203.0.113.1') AS s") == [{"s": 3}]


def test_names_of_other_scripts_are_the_same_in_lists_and_logs(feed):
    values = ["xn--bcher-kva.example", "www.bücher.example", "BÜCHER.example", "xn--ber-goa.example.com", "https://bücher.example/x"]
    told, rejected, _ = feed("idn.txt", "bücher.example\nÜber.example.com\n", values)
    assert (told, rejected) == ([3] * 5, [])
    told, _, _ = feed("idn.txt", "XN--BCHER-KVA.example\n", values[:3])
    assert told == [3] * 3


def test_json_in_its_many_forms(feed):
    attributes = [
        {"type": "ip-dst", "value": "203.0.113.7", "to_ids": True},
        {"type": "ip-dst|port", "value": "203.0.113.8|443", "to_ids": True},
        {"type": "domain|ip", "value": "evil.example.com|203.0.113.9", "to_ids": "1"},
        {"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": True},
        {"type": "ip-src", "value": "203.0.113.10", "to_ids": False},
        {"type": "ip-src", "value": "203.0.113.11", "to_ids": True, "deleted": True},
    ]
    objects = [{"name": "url", "Attribute": [{"type": "url", "value": "http://bad.example.net/x", "to_ids": True}]}]
    event = {"Event": {"info": "campaign", "Attribute": attributes, "Object": objects}}
    values = ["203.0.113.7", "203.0.113.8", "evil.example.com", "bad.example.net/x/y", "203.0.113.9", "203.0.113.10", "203.0.113.11"]
    for name, value in [("event.json", event), ("events.json", {"response": [event]}), ("array.json", [event])]:
        told, rejected, _ = feed(name, json.dumps(value), values)
        assert told == [3, 3, 3, 3, 0, 0, 0], name
        assert [line["reason"].split()[0] for line in rejected] == ["its", "the"], rejected
    lines = '{"cidr":"203.0.113.0/24","sblid":"X1"}\n{"cidr":"198.51.100.0/24","sblid":"X2"}\n'
    told, _, _ = feed("lines.json", lines, ["203.0.113.9", "198.51.100.1"], "OPTIONS ('column' = 'cidr', 'text_column' = 'sblid')")
    assert told == [3, 3]
    told, _, _ = feed("texts.json", '["203.0.113.9", "evil.example.com"]', ["203.0.113.9", "evil.example.com"])
    assert told == [3, 3]
    stix = {"type": "indicator", "pattern_type": "stix", "pattern": "[ipv4-addr:value = '203.0.113.9']", "valid_from": "2020-01-01T00:00:00Z"}
    later = {**stix, "pattern": "[ipv4-addr:value = '203.0.113.12']", "valid_from": "2200-01-01T00:00:00Z"}
    told, _, _ = feed("taxii.json", json.dumps({"more": False, "objects": [stix, later]}), ["203.0.113.9", "203.0.113.12"])
    assert told == [3, 0]


def test_packed_and_wide_files_are_read_and_others_refused_by_their_name(feed, tmp_path):
    for name, content in [
        ("feed.txt.gz", gzip.compress(b"203.0.113.9\n")),
        ("wide.txt", "203.0.113.9\r\n".encode("utf-16")),
        ("marked.csv", b"\xef\xbb\xbfindicator\r\n203.0.113.9\r\n"),
    ]:
        assert feed(name, content, ["203.0.113.9"])[0] == [3], name
    for content, part in [
        (b"\x28\xb5\x2f\xfdxxxx", "zstd"),
        (b"PK\x03\x04xxxx", "zip archive"),
        (b"203.0.113.9\n\x00\x00", "NUL"),
        (b"<html><body>503</body></html>", "HTML"),
        (b"", "empty"),
    ]:
        path = tmp_path / "other"
        path.write_bytes(content)
        command = [program(), "sql", "--warehouse", str(tmp_path / "warehouse"), f"CREATE INDICATOR LIST other LOCATION '{path}'"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and part in done.stderr, (content, done.stderr)


@pytest.mark.skipif(not SHARED.exists(), reason="the folder of real data is absent")
def test_the_feeds_that_failed(feed):
    for name, values, expected in [
        ("F07_p2p.txt", ["203.0.113.77"], [3]),
        ("F07_ranges_in_columns.txt", ["203.0.113.77"], [3]),
        ("F12_expires_in_milliseconds.csv", ["203.0.113.7", "203.0.113.8"], [0, 0]),
        ("F15_idn.txt", ["xn--bcher-kva.example"], [3]),
        ("F40_misp_event.json", ["203.0.113.7", "203.0.113.8"], [3, 3]),
        ("F06_empty_feed.txt", ["203.0.113.7"], [0]),
        ("F06_empty_bundle.json", ["203.0.113.7"], [0]),
    ]:
        content = (SHARED / "data" / "faults" / name).read_bytes()
        assert feed(name, content, values)[0] == expected, name
