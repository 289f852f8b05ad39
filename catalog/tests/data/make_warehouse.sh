#!/usr/bin/env bash
# Makes warehouse-N beside this script with a program that writes format N:
#
#   catalog/tests/data/make_warehouse.sh target/release/spotql
#
# Needs python3 for its sqlite3. README.md says what the warehouse holds.
set -euo pipefail
program=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
cd "$work"
spotql() { "$program" "$@" --warehouse warehouse; }

# A file to load, and one that lies at an external table's location.
"$program" sql --warehouse scratch "CREATE TABLE day AS
  SELECT treceived, sip, dip, sport, dport, proto, ipkt, ibyt FROM synthetic_flow(40, 1, '2016-07-08') ORDER BY treceived LIMIT 40;
  CREATE TABLE hosts AS SELECT * FROM (VALUES (1, 'alpha'), (2, 'beta')) AS t (id, name) ORDER BY id"
mkdir -p incoming warehouse/ops.db/hosts
cp scratch/day/*.parquet incoming/day.parquet
cp scratch/hosts/*.parquet warehouse/ops.db/hosts/hosts.parquet

spotql run schema/flow.sql --var database=ops
spotql run examples/load_flows.sql --var files="$PWD/incoming/day.parquet" --var database=ops
spotql sql "INSERT INTO ops.flow_threat_investigation PARTITION (y = 2016, m = 7, d = 8)
    VALUES ('2016-07-08 01:00:00', '10.0.0.1', '203.0.113.9', 40000, 443, 1), ('2016-07-08 02:00:00', '10.0.0.2', '10.0.0.3', 40001, 53, 3);
  CREATE EXTERNAL TABLE ops.hosts (id BIGINT, name STRING) STORED AS PARQUET LOCATION 'hosts';
  CREATE TABLE counters (n BIGINT) PARTITIONED BY (p STRING);
  INSERT INTO counters PARTITION (p) VALUES (1, 'a'), (2, 'b'), (3, NULL), (4, 'a b/c');
  INSERT OVERWRITE counters PARTITION (p = 'a') VALUES (10), (11);
  CREATE TABLE notes (id INT, text STRING) COMMENT 'free text';
  INSERT INTO notes VALUES (1, 'moved'), (2, 'moved, too');
  CREATE NETWORK LIST lab AS SELECT '192.0.2.0/24' AS network, 'the lab' AS name;
  CREATE INDICATOR LIST bad AS SELECT '203.0.113.9' AS indicator, 3 AS severity;
  CREATE REPUTATION SERVICE verdicts LOCATION 'https://reputation.example/{address}' OPTIONS (verdict = '$.verdict', severities = 'bad: 3');
  CREATE SCHEDULE nightly CRON '0 3 * * *' OPTIONS (source = 'flow') AS RUN 'day.sql'"

# A write that its process did not commit.
"$program" sql --warehouse warehouse "INSERT INTO notes SELECT 3, CAST(value AS STRING) FROM generate_series(1, 1000000000000)" &
until compgen -G "warehouse/notes/_spotql_staging/*/*" > /dev/null; do sleep 0.1; done
kill -KILL $!
wait || true
truncate -s 1k warehouse/notes/_spotql_staging/*/*

# A write that its process committed, and whose files it did not move any more. Then all is in one file.
python3 - <<'END'
import pathlib, sqlite3

warehouse = pathlib.Path("warehouse")
metastore = sqlite3.connect(warehouse / "spotql.sqlite3")
(final,) = (warehouse / "notes").glob("part-*.parquet")
write, number = final.stem.removeprefix("part-").rsplit("-", 1)
staged = warehouse / "notes" / "_spotql_staging" / write / f"{number}.staged"
staged.parent.mkdir(parents=True)
final.rename(staged)
(table,) = metastore.execute("SELECT id FROM tables WHERE name = 'notes'").fetchone()
metastore.execute("INSERT INTO writes (id, table_id, state, owner, started) VALUES (?, ?, 'committed', 'process 1', 0)", (write, table))
metastore.execute("INSERT INTO write_roots VALUES (?, 'notes')", (write,))
metastore.execute("UPDATE files SET staged = ? WHERE path = ?", (str(staged.relative_to(warehouse)), final.name))
metastore.execute("INSERT INTO verdicts VALUES ('verdicts', 3, '203.0.113.9', 3, 'bad', 4102444800)")
metastore.execute("INSERT INTO runs (schedule, due, period_start, period_end, tables, owner, started, ended, state, row_count) VALUES ('nightly', 1467946800, 1467860400, 1467946800, '[\"default.counters\"]', 'gone', 1467946800000, 1467946801000, 'done', 7)")
metastore.commit()
(format,) = metastore.execute("PRAGMA user_version").fetchone()
metastore.execute("PRAGMA wal_checkpoint(TRUNCATE)")
metastore.close()
pathlib.Path("format").write_text(str(format))
END
rm warehouse/_spotql_reserve
target="$here/warehouse-$(cat format)"
rm -rf "$target"
cp -r warehouse "$target"
rm -r "$work"
du -sh "$target"
