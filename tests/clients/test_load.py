"""Loading says what it did: the load scripts on the files that people have, as cron would run them."""

import datetime
import os
import signal
import subprocess
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import program, run_sql

REQUEST = {
    "clientip": "10.0.0.1",
    "host": "example.com",
    "reqmethod": "GET",
    "useragent": "curl",
    "resconttype": "text/html",
    "duration": 1,
    "respcode": "200",
    "uripath": "/",
    "scbytes": 10,
    "csbytes": 10,
    "fulluri": "example.com/",
}
FLOW = {"sip": "10.0.0.1", "dip": "10.0.0.2", "sport": 1, "dport": 2, "proto": "TCP", "ipkt": 3, "ibyt": 4}
DNS = {
    "frame_len": 100,
    "ip_dst": "10.0.0.1",
    "ip_src": "10.0.0.53",
    "dns_qry_name": "example.com",
    "dns_qry_class": "0x00000001",
    "dns_qry_type": 1,
    "dns_qry_rcode": 0,
    "dns_a": "192.0.2.1",
}
SCRIPTS = {"flow": "examples/load_flows.sql", "dns": "examples/load_dns.sql", "proxy": "examples/load_proxy.sql"}
NOON = datetime.datetime(2024, 5, 14, 10, 11, 12)


@pytest.fixture
def warehouse(tmp_path):
    return tmp_path / "warehouse"


@pytest.fixture
def incoming(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


def spotql(warehouse, *arguments, **options):
    command = [program(), *arguments, "--warehouse", str(warehouse)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def schema(warehouse, *kinds):
    done = spotql(warehouse, "run", *(f"schema/{kind}.sql" for kind in kinds))
    assert done.returncode == 0, done.stderr


def load(warehouse, kind, files, *variables, **options):
    given = [f"--var=files={files}", *(f"--var={variable}" for variable in variables)]
    return spotql(warehouse, "run", SCRIPTS[kind], *given, **options)


def requests(path, columns, count=1):
    """Web requests with some columns of their own; the others are the same in all."""
    common = {name: pa.array([value] * count) for name, value in REQUEST.items()}
    pq.write_table(pa.table({**columns, **common}), path)


def flows(path, columns, count=1):
    common = {name: pa.array([value] * count) for name, value in FLOW.items()}
    pq.write_table(pa.table({**columns, **common}), path)


def count(warehouse, table):
    return run_sql(warehouse, f"SELECT count(*) AS n FROM {table}")[0]["n"]


def partitions(warehouse, table):
    return [row["partition"] for row in run_sql(warehouse, f"SHOW PARTITIONS {table}")]


def test_a_folder_is_loaded_once_and_said_to_be(warehouse, incoming):
    schema(warehouse, "proxy")
    requests(incoming / "a.parquet", {"p_date": ["2024-05-14"] * 3, "p_time": ["10:11:12"] * 3}, 3)
    first = load(warehouse, "proxy", incoming)
    assert first.returncode == 0, first.stderr
    assert "3 rows read from 1 file: 3 loaded into default.proxy (1 partition)" in first.stderr
    assert partitions(warehouse, "proxy") == ["y=2024/m=05/d=14/h=10"]

    second = load(warehouse, "proxy", incoming)
    assert second.returncode == 0, second.stderr
    assert "nothing to load into default.proxy" in second.stderr
    assert "1 file skipped" in second.stderr and "was loaded at" in second.stderr

    # A copy under another name is the same; a new file beside it is not.
    (incoming / "copy.parquet").write_bytes((incoming / "a.parquet").read_bytes())
    requests(incoming / "b.parquet", {"p_date": ["2024-05-15"], "p_time": ["01:00:00"]})
    third = load(warehouse, "proxy", incoming)
    assert "1 row read from 1 file: 1 loaded" in third.stderr
    assert "2 files skipped" in third.stderr
    assert "copy.parquet' has the contents of" in third.stderr and "a.parquet'" in third.stderr
    assert count(warehouse, "proxy") == 4

    # Other contents under a name that is known are loaded, and that is said.
    requests(incoming / "b.parquet", {"p_date": ["2024-05-16"], "p_time": ["01:00:00"]})
    changed = load(warehouse, "proxy", incoming)
    assert "1 file had been loaded with other contents" in changed.stderr
    assert count(warehouse, "proxy") == 5

    again = load(warehouse, "proxy", incoming / "a.parquet", "again=true")
    assert again.returncode == 0, again.stderr
    assert count(warehouse, "proxy") == 8
    files = run_sql(warehouse, "SELECT * FROM system.loaded_files")
    assert [file["rows"] for file in files] == [3, 1, 1, 3]
    assert files[0]["path"] == str(incoming / "a.parquet")
    assert files[0]["table"] == "default.proxy" and files[0]["hash"] == files[3]["hash"]
    assert files[0]["size"] == (incoming / "a.parquet").stat().st_size


def test_a_touched_file_is_the_same_and_a_rewritten_one_of_the_same_size_is_not(warehouse, incoming):
    schema(warehouse, "proxy")
    file = incoming / "a.parquet"
    requests(file, {"p_date": ["2024-05-14"], "p_time": ["10:11:12"]})
    assert load(warehouse, "proxy", file).returncode == 0
    size, times = file.stat().st_size, file.stat()
    os.utime(file)
    assert "nothing to load" in load(warehouse, "proxy", file).stderr
    # The size and the times of before: only the contents tell.
    requests(file, {"p_date": ["2024-05-15"], "p_time": ["10:11:12"]})
    assert file.stat().st_size == size
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "1 row read from 1 file: 1 loaded" in load(warehouse, "proxy", file).stderr


@pytest.mark.parametrize("kind", SCRIPTS)
def test_without_files_a_load_fails_and_says_where_it_looked(warehouse, incoming, kind):
    schema(warehouse, kind)
    (incoming / "empty").mkdir()
    (incoming / "hidden").mkdir()
    (incoming / "hidden" / "_SUCCESS").write_bytes(b"x")
    (incoming / "bytes").mkdir()
    (incoming / "bytes" / "a.parquet").write_bytes(b"")
    (incoming / "text").mkdir()
    (incoming / "text" / "notes.txt").write_text("no Parquet")
    for path, words in {
        incoming / "nowhere": "there is no file or folder of this name",
        incoming / "empty": "the folder holds no files",
        incoming / "hidden": "the folder holds no files",
        incoming / "*.parquet": "no file matches the pattern",
        incoming / "bytes": "is empty",
        incoming / "text": "is not Parquet",
        incoming / "text" / "notes.txt": "the file is not Parquet",
    }.items():
        done = load(warehouse, kind, path)
        assert done.returncode != 0, path
        assert words in done.stderr and str(path) in done.stderr, done.stderr
    # A path relative to where the caller stands is said in full.
    done = load(warehouse, kind, "nowhere", cwd=incoming)
    assert done.returncode != 0 and f"looked for: '{incoming}/nowhere'" in done.stderr, done.stderr
    assert count(warehouse, kind) == 0
    assert run_sql(warehouse, "SELECT * FROM system.loaded_files") == []


def test_a_file_a_pattern_a_relative_path_and_partitioned_folders_are_loaded(warehouse, incoming):
    schema(warehouse, "proxy")
    (incoming / "y=2024" / "m=5").mkdir(parents=True)
    for day, path in enumerate(["a.parquet", "b.parquet", "c.parquet", "y=2024/m=5/d.parquet"], 1):
        requests(incoming / path, {"p_date": [f"2024-05-0{day}"], "p_time": ["10:11:12"]})
    (incoming / "c.parquet.tmp").write_bytes(b"half")
    assert "1 loaded" in load(warehouse, "proxy", incoming / "a.parquet").stderr
    assert "1 loaded" in load(warehouse, "proxy", f"{incoming}/[b]*.parquet").stderr
    done = load(warehouse, "proxy", ".", cwd=incoming)
    assert "2 loaded" in done.stderr and "c.parquet.tmp' is not finished" in done.stderr, done.stderr
    assert count(warehouse, "proxy") == 4


def test_a_half_written_file_is_an_error_that_names_it(warehouse, incoming):
    schema(warehouse, "proxy")
    requests(incoming / "a.parquet", {"p_date": ["2024-05-14"], "p_time": ["10:11:12"]})
    (incoming / "b.parquet").write_bytes((incoming / "a.parquet").read_bytes()[:-20])
    done = load(warehouse, "proxy", incoming)
    assert done.returncode != 0
    assert "b.parquet" in done.stderr and "still being written" in done.stderr, done.stderr
    assert count(warehouse, "proxy") == 0


@pytest.mark.parametrize(("kind", "column"), [("flow", "sip"), ("dns", "dns_qry_name"), ("proxy", "clientip"), ("proxy", "p_date")])
def test_a_file_without_a_key_column_is_refused(warehouse, incoming, kind, column):
    schema(warehouse, kind)
    whole = {
        "flow": {"treceived": "2024-05-14 10:11:12", **FLOW},
        "dns": {"unix_tstamp": 1715681472, **DNS},
        "proxy": {"p_date": "2024-05-14", "p_time": "10:11:12", **REQUEST},
    }[kind]
    pq.write_table(pa.table({name: [value] for name, value in whole.items()}), incoming / "a.parquet")
    whole["renamed"] = whole.pop(column)
    pq.write_table(pa.table({name: [value] for name, value in whole.items()}), incoming / "b.parquet")
    done = load(warehouse, kind, incoming)
    assert done.returncode != 0
    assert "b.parquet' has no column '" + column in done.stderr, done.stderr
    assert "renamed" in done.stderr
    assert count(warehouse, kind) == 0
    assert f"1 loaded into default.{kind}" in load(warehouse, kind, incoming / "a.parquet").stderr


DATES = {
    "text": (pa.array(["2024-05-14"]), pa.array(["10:11:12"])),
    "fraction": (pa.array(["2024-05-14"]), pa.array(["10:11:12.000"])),
    "apache day": (pa.array(["14/May/2024"]), pa.array(["10:11:12"])),
    "apache": (pa.array(["[14/May/2024:12:11:12 +0200]"]), None),
    "iso": (pa.array(["2024-05-14T10:11:12Z"]), pa.array(["10:11:12"])),
    "iso offset": (pa.array(["2024-05-14T12:11:12.000+02:00"]), None),
    "slashes": (pa.array(["2024/05/14"]), pa.array(["10:11:12"])),
    "mail": (pa.array(["Tue, 14 May 2024 10:11:12 +0000"]), pa.array(["-"])),
    "large text": (pa.array(["2024-05-14"], pa.large_string()), pa.array(["10:11:12"], pa.large_string())),
    "bytes": (pa.array([b"2024-05-14"]), pa.array([b"10:11:12"])),
    "dictionary": (pa.array(["2024-05-14"]).dictionary_encode(), pa.array(["10:11:12"]).dictionary_encode()),
    "date": (pa.array([NOON.date()]), pa.array([NOON.time()], pa.time32("s"))),
    "date and time64": (pa.array([NOON.date()]), pa.array([NOON.time()], pa.time64("us"))),
    "seconds": (pa.array([1715681472]), None),
    "milliseconds": (pa.array([1715681472000]), None),
    "microseconds": (pa.array([1715681472000000]), None),
    "nanoseconds": (pa.array([1715681472000000000]), None),
    "double": (pa.array([1715681472.0]), None),
    "decimal": (pa.array([1715681472], pa.decimal128(12, 0)), None),
    "seconds as text": (pa.array(["1715681472.000"]), None),
    "timestamp s": (pa.array([NOON], pa.timestamp("s")), None),
    "timestamp ms": (pa.array([NOON], pa.timestamp("ms")), None),
    "timestamp us": (pa.array([NOON], pa.timestamp("us")), None),
    "timestamp ns": (pa.array([NOON], pa.timestamp("ns")), None),
    "zone": (pa.array([NOON], pa.timestamp("us", "Europe/Berlin")), None),
}


def test_dates_in_the_usual_notations_go_to_their_day(warehouse, incoming):
    schema(warehouse, "proxy")
    for name, (date, clock) in DATES.items():
        folder = incoming / name
        folder.mkdir()
        columns = {"p_date": date} if clock is None else {"p_date": date, "p_time": clock}
        requests(folder / f"{name}.parquet", {**columns, "referer": pa.array([name])})
    for name in DATES:
        done = load(warehouse, "proxy", incoming / name)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert "1 loaded" in done.stderr, f"{name}: {done.stderr}"
    assert partitions(warehouse, "proxy") == ["y=2024/m=05/d=14/h=10"]
    rows = run_sql(warehouse, "SELECT DISTINCT p_date, p_time FROM proxy")
    assert rows == [{"p_date": "2024-05-14", "p_time": "10:11:12"}]
    # All of them at once: their types have one that holds them all.
    assert f"{len(DATES)} loaded" in load(warehouse, "proxy", incoming, "again=true").stderr
    assert partitions(warehouse, "proxy") == ["y=2024/m=05/d=14/h=10"]


@pytest.mark.parametrize("value", [1715681472, 1715681472000, 1715681472.0, "1715681472", "2024-05-14T10:11:12Z", NOON])
def test_flows_and_dns_answers_take_times_of_all_kinds(warehouse, incoming, value):
    schema(warehouse, "flow", "dns")
    stamp = pa.array([value])
    answers = {"unix_tstamp": stamp, **{k: [v] for k, v in DNS.items()}}
    pq.write_table(pa.table(answers), incoming / "dns.parquet")
    flows(incoming / "flow.parquet", {"treceived": stamp})
    for kind in ("flow", "dns"):
        done = load(warehouse, kind, incoming / f"{kind}.parquet")
        assert "1 loaded" in done.stderr, done.stderr
        assert partitions(warehouse, kind) == ["y=2024/m=5/d=14/h=10"]
    flow = run_sql(warehouse, "SELECT * FROM flow")[0]
    assert (flow["treceived"], flow["unix_tstamp"]) == ("2024-05-14 10:11:12", 1715681472)
    assert [flow[f"tr{part}"] for part in ("year", "month", "day", "hour", "minute", "sec")] == [2024, 5, 14, 10, 11, 12]
    answer = run_sql(warehouse, "SELECT unix_tstamp, frame_time FROM dns")[0]
    assert answer == {"unix_tstamp": 1715681472, "frame_time": "2024-05-14 10:11:12"}
    # The same with what tshark and others write beside it, or in its place.
    for number, frame_time in enumerate(["May 14, 2024 10:11:12.250000000 UTC", NOON, value]):
        del answers["unix_tstamp"]
        answers["frame_time"] = pa.array([frame_time])
        pq.write_table(pa.table(answers), incoming / f"{number}.parquet")
        assert "1 loaded" in load(warehouse, "dns", incoming / f"{number}.parquet", "again=true").stderr
        answers["unix_tstamp"] = stamp
    assert partitions(warehouse, "dns") == ["y=2024/m=5/d=14/h=10"]


def test_rows_without_a_day_are_kept_apart_with_their_reason(warehouse, incoming):
    schema(warehouse, "proxy")
    dates = ["2024-05-14", "14/Foo/2024", None, "2024-05-14", "x" * 1000]
    clocks = ["10:11:12", "10:11:12", "10:11:12", "late", "10:11:12"]
    requests(incoming / "a.parquet", {"p_date": dates, "p_time": clocks, "extra": [1, 2, 3, 4, 5]}, 5)
    done = load(warehouse, "proxy", incoming)
    assert done.returncode == 0
    assert "5 rows read from 1 file: 1 loaded" in done.stderr, done.stderr
    assert "4 without a day" in done.stderr and "default.proxy_rejected" in done.stderr
    assert partitions(warehouse, "proxy") == ["y=2024/m=05/d=14/h=10"]
    rows = run_sql(warehouse, "SELECT * FROM proxy_rejected ORDER BY extra")
    assert [row["extra"] for row in rows] == ["2", "3", "4", "5"]
    assert rows[0]["p_date"] == "14/Foo/2024" and rows[0]["duration"] == "1"
    assert rows[0]["file"] == str(incoming / "a.parquet")
    assert "p_date = '14/Foo/2024'" in rows[0]["reason"]
    assert "p_date is NULL" in rows[1]["reason"]
    assert "p_time = 'late'" in rows[2]["reason"]
    assert rows[3]["p_date"] == "x" * 1000 and len(rows[3]["reason"]) < 400
    file = run_sql(warehouse, "SELECT rows, rejected FROM system.loaded_files")[0]
    assert file == {"rows": 1, "rejected": 4}

    # Another feed with other columns adds them; nothing but bad rows is no failure.
    requests(incoming / "b.parquet", {"p_date": ["?"], "p_time": ["10:11:12"], "more": ["m"]})
    done = load(warehouse, "proxy", incoming)
    assert "1 row read from 1 file: 0 loaded" in done.stderr, done.stderr
    assert count(warehouse, "proxy_rejected") == 5
    assert run_sql(warehouse, "SELECT more, extra FROM proxy_rejected WHERE more IS NOT NULL") == [{"more": "m"}]


def test_a_day_that_no_file_can_give_is_an_error(warehouse, incoming):
    schema(warehouse, "proxy")
    requests(incoming / "a.parquet", {"p_date": ["2024-05-14"]})
    done = load(warehouse, "proxy", incoming)
    assert done.returncode != 0
    assert "p_time" in done.stderr and "no file has such a column" in done.stderr, done.stderr
    assert run_sql(warehouse, "SHOW TABLES LIKE '*rejected'") == []
    assert run_sql(warehouse, "SELECT * FROM system.loaded_files") == []


def test_of_two_loads_at_once_one_succeeds(warehouse, incoming):
    schema(warehouse, "flow")
    rows = 200_000
    flows(incoming / "a.parquet", {"treceived": ["2024-05-14 10:11:12"] * rows}, rows)
    command = [program(), "run", SCRIPTS["flow"], f"--var=files={incoming}", "--warehouse", str(warehouse)]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [run.communicate(timeout=300)[1] for run in runs]
    loaded = [text for text in said if f"{rows} loaded" in text]
    assert len(loaded) == 1, said
    for run, text in zip(runs, said, strict=True):
        if run.returncode != 0:
            assert "was loaded into 'default.flow' by another statement" in text, text
        elif text not in loaded:
            assert "nothing to load" in text, text
    assert count(warehouse, "flow") == rows
    assert len(run_sql(warehouse, "SELECT * FROM system.loaded_files")) == 1


def test_a_killed_load_leaves_nothing_and_can_be_run_again(warehouse, incoming):
    schema(warehouse, "flow")
    rows = 100_000
    times = ["2024-05-14 10:11:12"] * (rows - 1) + ["nonsense"]
    for name in "ab":
        flows(incoming / f"{name}.parquet", {"treceived": times, "tos": [ord(name)] * rows}, rows)
    command = [program(), "run", SCRIPTS["flow"], f"--var=files={incoming}", "--warehouse", str(warehouse)]
    table = warehouse / "flow" / "hive"
    killed = 0
    for moment in range(12):
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.15 * (moment + 1))
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
        found = count(warehouse, "flow")
        files = run_sql(warehouse, "SELECT rows, rejected FROM system.loaded_files")
        assert (found, len(files)) in [(0, 0), (2 * rows - 2, 2)]
        rejected = run_sql(warehouse, "SHOW TABLES LIKE 'flow_rejected'")
        assert len(rejected) == (1 if files else 0)
        if files:
            assert count(warehouse, "flow_rejected") == 2
            break
    assert killed > 0
    if not files:
        assert "2 without a day" in load(warehouse, "flow", incoming).stderr
    assert count(warehouse, "flow") == 2 * rows - 2
    assert "nothing to load" in load(warehouse, "flow", incoming).stderr
    # Nothing half-written lies about.
    assert not list(table.rglob("*.staged"))
    assert not list((warehouse / "flow_rejected").rglob("*.staged"))


def test_a_load_over_the_wire_says_how_many_rows(server, tmp_path):
    requests(tmp_path / "a.parquet", {"n": [1, 2]}, 2)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT)")
        cursor.execute(f"LOAD FILES '{tmp_path / 'a.parquet'}' INTO t")
        assert cursor.rowcount == 2
        cursor.execute("SELECT path, rows FROM system.loaded_files")
        assert cursor.fetchall() == [(str(tmp_path / "a.parquet"), 2)]
