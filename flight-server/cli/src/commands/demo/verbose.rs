//! All that the demo does and finds: every statement, the head of the scored records, the leads with their reasons, and
//! what became of each attack.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use super::super::Error;
use super::{DATABASE, Log, Took, Work, say, shipped, text};
use crate::output;

pub(super) async fn report(work: &Work<'_>) -> Result<(), Error> {
    let demo = work.demo;
    say(&format!(
        "SpotQL demo: a synthetic day, {} (seed {}), as netflow, DNS and web proxy logs of one \
         organisation.\nNo real traffic, no real attacks. In the lists, log10_p = -9 is a \
         probability of one in a billion;\n'planted' is the answer, which detection has not \
         seen.",
        demo.date, demo.seed
    ))?;
    for log in super::LOGS {
        say(&format!("\n{}", log.title))?;
        let took = work.detect(log).await?;
        found(work, log, took).await?;
    }
    let warehouse = &work.warehouse;
    say(&format!(
        "\nA record is judged by what the other hosts do, and the more often a habit that nobody \
         shares is repeated, the\nhigher it ranks; attacks that look like everyday traffic \
         stay below. That is the honest picture, not a tuned one:\nthe attacks were chosen \
         from public descriptions before the detector was run on them.\nApache Spot's own \
         method, for comparison: spotql run detect/flow.sql --var words=spot --var scoring=spot \
         …\n\n\
         The warehouse is in {warehouse}. Look around, for instance:\n\
         \x20 spotql sql --warehouse {warehouse} \"SHOW TABLES IN {DATABASE}\"\n\
         \x20 spotql sql --warehouse {warehouse} \"SELECT * FROM {DATABASE}.flow_scores ORDER BY rank LIMIT 10\"\n\
         \x20 spotql sql --warehouse {warehouse} \"SELECT attack, max(story) AS story FROM {DATABASE}.dns_planted GROUP BY attack\"\n\
         \x20 spotql serve --warehouse {warehouse}\n\
         (spotql is target/release/spotql, or 'cargo run --release --' in its place.)"
    ))
}

/// Tells what was found in one kind of log.
async fn found(work: &Work<'_>, log: Log, took: Took) -> Result<(), Error> {
    let Log { table, records, .. } = log;
    let all = work.count(table).await?;
    let listed = work.count(&format!("{table}_scores")).await?;
    say(&format!(
        "{all} {records} loaded in {:.1} s; the {listed} least probable found in {:.1} s. The \
         first:\n",
        took.loading.as_secs_f64(),
        took.scoring.as_secs_f64()
    ))?;
    let runner = work.runner();
    let top = shipped(&format!("demo/{table}_top.sql"))?;
    runner.run(&top).await?;
    let (leads, _) = work.rows_of(&format!("demo/{table}_leads.sql")).await?;
    say("\nThe first leads (records of the same hosts and words stand together), and why:")?;
    for batch in &leads {
        for row in 0..batch.num_rows() {
            let text = |column| text(batch, column, row);
            say(&format!("{:>4}. {}", text(0)?, text(1)?))?;
            say(&format!("      {}\n      {}", text(2)?, text(3)?))?;
            say(&format!("      usually: {}", text(4)?))?;
        }
    }
    let (found, schema) = work.rows_of(&format!("demo/{table}_found.sql")).await?;
    let sum = |column: usize| -> i64 {
        let columns = found.iter().map(|batch| batch.column(column));
        columns
            .flat_map(|column| column.as_primitive::<Int64Type>().iter().flatten())
            .sum()
    };
    say(&format!(
        "\nOf {} planted {records}, {} are among the first 50 of the list and {} among the \
         first 300. By kind of attack:\n",
        sum(1),
        sum(2),
        sum(3)
    ))?;
    let rows = futures::stream::iter(found.into_iter().map(Ok));
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
    output::write_rows(rows, runner.format, &mut std::io::stdout()).await?;
    Ok(())
}
