//! Schedules: what runs when, for which time, and what the history says of it.

// Tells clippy that helpers are tests as well: they may stop at a surprise.
#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use datafusion::arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use spotql_operations::Scheduler;
use spotql_sql::script::{Run, Script};
use spotql_sql::{Engine, EngineOptions, Outcome};

struct House {
    engine: Arc<Engine>,
    folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions::new(folder.path().join("warehouse"));
        let engine = Engine::open(options).await.unwrap();
        let house = Self { engine, folder };
        house
            .sql("CREATE TABLE seen (day STRING, hours STRING, from_time STRING)")
            .await;
        house
    }

    async fn try_sql(&self, sql: &str) -> Result<String, String> {
        let outcome = self.engine.session().execute(sql).await;
        match outcome.map_err(|error| error.to_string())? {
            Outcome::Done(done) => Ok(done.message),
            Outcome::Rows(rows) => {
                let batches: Vec<_> = rows.try_collect().await.map_err(|it| it.to_string())?;
                let table = pretty_format_batches(&batches).unwrap().to_string();
                let lines = table.lines().filter(|line| line.starts_with('|')).skip(1);
                let lines = lines.map(|line| {
                    let cells: Vec<&str> =
                        line.trim_matches('|').split('|').map(str::trim).collect();
                    cells.join("|")
                });
                Ok(lines.collect::<Vec<_>>().join("\n"))
            }
        }
    }

    async fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).await.unwrap()
    }

    /// A script of this name; gives its path.
    fn script(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs a shipped script.
    async fn run(&self, name: &str) {
        let script = Script::shipped(name).unwrap();
        let mut run = Run::new(&script, BTreeMap::new()).unwrap();
        let session = self.engine.session();
        while let Some(statement) = run.next_statement() {
            run.execute(&session, &statement).await.unwrap();
        }
    }

    async fn scheduler(&self) -> Scheduler {
        Scheduler::new(Arc::clone(&self.engine)).await.unwrap()
    }
}

const NOTE: &str = "INSERT INTO seen SELECT '${date}', '${hours:-all}', '${period_start}'";

/// The next time at which a clock shows this hour, from tomorrow on: schedules do not look back before they were made.
fn tomorrow_at(hour: i64) -> DateTime<Utc> {
    let days = Utc::now().timestamp().div_euclid(86_400) + 1;
    DateTime::from_timestamp(days * 86_400 + hour * 3600, 0).unwrap()
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_for_the_time_since_the_last_one_that_did_not_fail() {
    let house = House::new().await;
    let path = house.script("note.sql", NOTE);
    let message = house
        .sql(&format!(
            "CREATE SCHEDULE note EVERY '4 hours' AS RUN '{path}'"
        ))
        .await;
    assert!(message.contains("'spotql serve' runs it at"), "{message}");
    let mut scheduler = house.scheduler().await;
    let midnight = tomorrow_at(0);
    // The first run is for what has passed since the schedule was made.
    for hour in [0, 4, 4, 5, 8] {
        scheduler
            .begin_due(midnight + Duration::hours(hour))
            .await
            .unwrap();
        scheduler.finish().await;
    }
    let seen = |from: i64| {
        format!(
            "SELECT hours FROM seen WHERE from_time >= '{}' ORDER BY from_time",
            (midnight + Duration::hours(from)).format("%Y-%m-%d %H:%M:%S")
        )
    };
    assert_eq!(house.sql(&seen(0)).await, "0,1,2,3\n4,5,6,7");
    // The script breaks: the run fails, is not tried again at once, and what it missed is made up for.
    std::fs::write(&path, "INSERT INTO nowhere SELECT 1").unwrap();
    for hour in [12, 13] {
        scheduler
            .begin_due(midnight + Duration::hours(hour))
            .await
            .unwrap();
        scheduler.finish().await;
    }
    std::fs::write(&path, NOTE).unwrap();
    // A server that was away comes back on the next day.
    scheduler
        .begin_due(midnight + Duration::hours(41))
        .await
        .unwrap();
    scheduler.finish().await;
    assert_eq!(
        house.sql(&seen(8)).await,
        "8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
    );
    let runs = house
        .sql("SELECT state, row_count, error IS NULL, tables, seconds >= 0 FROM system.schedule_runs WHERE state = 'failed' OR period_start >= due - INTERVAL '17' HOUR")
        .await;
    assert!(
        runs.contains("failed|0|false|default.nowhere|true"),
        "{runs}"
    );
    assert!(runs.contains("done|1|true|default.seen|true"), "{runs}");
    let error = house
        .sql("SELECT error FROM system.schedule_runs WHERE state = 'failed'")
        .await;
    assert!(
        error.contains("note.sql:1: table default.nowhere does not exist"),
        "{error}"
    );
    let shown = house.sql("SHOW SCHEDULES").await;
    assert!(shown.starts_with("note|every 4h|"), "{shown}");
    assert!(shown.contains("|done|"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_day_has_no_hours_and_variables_can_be_given() {
    let house = House::new().await;
    let path = house.script("note.sql", NOTE);
    let midnight = tomorrow_at(0) + Duration::days(1);
    let today = day(midnight - Duration::days(1));
    house
        .sql(&format!(
            "CREATE SCHEDULE daily CRON '20 0 * * *' AS RUN '{path}'"
        ))
        .await;
    house
        .sql(&format!(
            "CREATE SCHEDULE fixed EVERY '1 day' OPTIONS (date = '2024-05-14', hours = '3') AS RUN '{path}'"
        ))
        .await;
    let mut scheduler = house.scheduler().await;
    // Both write one table: the second begins when the first has ended.
    for _ in 0..3 {
        scheduler
            .begin_due(midnight + Duration::minutes(30))
            .await
            .unwrap();
        scheduler.finish().await;
    }
    let seen = house
        .sql(&format!(
            "SELECT day, hours FROM seen WHERE day IN ('{today}', '2024-05-14') ORDER BY day"
        ))
        .await;
    assert_eq!(seen, format!("2024-05-14|3\n{today}|all"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_run_it_once_and_one_table_at_a_time() {
    let house = House::new().await;
    let slow = "INSERT INTO seen SELECT '${date}', 'slow', CAST(count(*) AS STRING)
      FROM generate_series(1, 3000) a JOIN generate_series(1, 3000) b ON a.value <> b.value;";
    let path = house.script("slow.sql", slow);
    for name in ["a", "b", "c"] {
        house
            .sql(&format!(
                "CREATE SCHEDULE {name} EVERY '1 day' AS RUN '{path}'"
            ))
            .await;
    }
    let mut servers = [house.scheduler().await, house.scheduler().await];
    let midnight = tomorrow_at(0);
    for _ in 0..6 {
        for server in &mut servers {
            server.begin_due(midnight).await.unwrap();
        }
        for server in &mut servers {
            server.finish().await;
        }
    }
    let runs = house
        .sql("SELECT schedule, count(*) FROM system.schedule_runs WHERE state = 'done' GROUP BY schedule ORDER BY schedule")
        .await;
    assert_eq!(runs, "a|1\nb|1\nc|1");
    let overlaps = house
        .sql(
            "SELECT count(*) FROM system.schedule_runs a JOIN system.schedule_runs b
             ON a.schedule < b.schedule AND a.started < b.ended AND b.started < a.ended",
        )
        .await;
    assert_eq!(overlaps, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_leaves_failed_runs_and_no_data_is_no_failure() {
    let house = House::new().await;
    house.run("schema/flow.sql").await;
    house
        .sql("CREATE SCHEDULE empty EVERY '1 day' OPTIONS (source = 'flow') AS RUN 'day.sql'")
        .await;
    let endless = "INSERT INTO seen SELECT '', '', CAST(count(*) AS STRING)
      FROM generate_series(1, 100000000) a JOIN generate_series(1, 100000) b ON a.value <> b.value;";
    let path = house.script("endless.sql", endless);
    house
        .sql(&format!(
            "CREATE SCHEDULE endless EVERY '1 day' AS RUN '{path}'"
        ))
        .await;
    let mut scheduler = house.scheduler().await;
    scheduler.begin_due(tomorrow_at(0)).await.unwrap();
    while !house
        .sql("SELECT schedule, state FROM system.schedule_runs ORDER BY schedule")
        .await
        .contains("empty|no data\nendless|running")
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    scheduler.stop().await;
    let runs = house
        .sql("SELECT schedule, state, error FROM system.schedule_runs ORDER BY schedule")
        .await;
    assert!(
        runs.contains("endless|failed|the server that ran it has stopped"),
        "{runs}"
    );
    assert_eq!(house.sql("SELECT count(*) FROM seen").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_no_use_is_not_kept() {
    let house = House::new().await;
    let broken = house.script("broken.sql", "INSERT INTO t SELECT ${nobody}");
    let broken = format!("CREATE SCHEDULE x EVERY '1 h' AS RUN '{broken}'");
    for (sql, why) in [
        (broken.as_str(), "the variable 'nobody' has no value"),
        (
            "CREATE SCHEDULE x EVERY '1 h' AS RUN 'day.sql'",
            "the variable 'source' has no value",
        ),
        (
            "CREATE SCHEDULE x EVERY '1 h' AS RUN 'nothing.sql'",
            "nothing.sql",
        ),
        (
            "DROP SCHEDULE x",
            "schedule 'x' does not exist; SHOW SCHEDULES lists",
        ),
        (
            "CREATE DATABASE system",
            "it holds what SpotQL tells about itself",
        ),
        (
            "INSERT INTO system.schedule_runs SELECT 1",
            "does not exist",
        ),
    ] {
        let error = house.try_sql(sql).await.unwrap_err();
        assert!(error.contains(why), "{sql}: {error}");
    }
    assert_eq!(house.sql("SHOW SCHEDULES").await, "");
    house
        .sql("CREATE SCHEDULE x EVERY '1 h' OPTIONS (source = 'dns') AS RUN 'day.sql'")
        .await;
    let again = "CREATE SCHEDULE x EVERY '2 h' OPTIONS (source = 'dns') AS RUN 'day.sql'";
    assert!(
        house
            .try_sql(again)
            .await
            .unwrap_err()
            .contains("exists already")
    );
    house
        .sql(&again.replace("CREATE", "CREATE OR REPLACE"))
        .await;
    assert!(
        house
            .sql("SHOW SCHEDULES")
            .await
            .starts_with("x|every 2h|day.sql|source=dns|")
    );
    house.sql("DROP SCHEDULE x").await;
    house.sql("DROP SCHEDULE IF EXISTS x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_wrong_and_a_schedule_that_cannot_be_read_stop_nobody() {
    let house = House::new().await;
    let path = house.script("note.sql", NOTE);
    house
        .sql(&format!("CREATE SCHEDULE note EVERY '1 day' OPTIONS ('Limit' = '1', password = 'hunter2') AS RUN '{path}'"))
        .await;
    let warehouse = house.engine.warehouse();
    let bad = "{\"timing\": {\"moon\": 1}}".to_owned();
    warehouse
        .create_source("schedule", "bad", bad, false)
        .await
        .unwrap();
    let mut scheduler = house.scheduler().await;
    // The clock shows a day years from now, and is put right.
    for days in [3000, 0] {
        let error = scheduler
            .begin_due(tomorrow_at(0) + Duration::days(days))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("schedule 'bad'"), "{error}");
        scheduler.finish().await;
    }
    let runs = house
        .sql("SELECT count(DISTINCT due) FROM system.schedule_runs WHERE state = 'done'")
        .await;
    assert_eq!(runs, "2");
    let shown = house.sql("SHOW SCHEDULES").await;
    assert!(shown.contains("Limit=1, password=…"), "{shown}");
    assert!(
        shown.contains("bad|") && shown.contains("cannot be read"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_replaced_makes_up_for_what_it_missed() {
    let house = House::new().await;
    let broken = house.script("broken.sql", "INSERT INTO nowhere SELECT 1");
    let path = house.script("note.sql", NOTE);
    house
        .sql(&format!(
            "CREATE SCHEDULE note EVERY '1 day' AS RUN '{broken}'"
        ))
        .await;
    let mut scheduler = house.scheduler().await;
    scheduler.begin_due(tomorrow_at(0)).await.unwrap();
    scheduler.finish().await;
    house
        .sql(&format!(
            "CREATE OR REPLACE SCHEDULE note EVERY '1 day' AS RUN '{path}'"
        ))
        .await;
    scheduler.begin_due(tomorrow_at(24)).await.unwrap();
    scheduler.finish().await;
    let today = day(tomorrow_at(0) - Duration::days(1));
    let seen = house.sql("SELECT day FROM seen ORDER BY day").await;
    assert!(
        seen.starts_with(&today) && seen.lines().count() == 2,
        "{seen}"
    );
}
