//! The words of the golden vectors, from columns in every encoding.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use spotql_words::domain_set::{DomainSet, Label};

use super::vectors::{self as golden, Row, WORD_ERROR};
use super::{evaluate, session};
use crate::settings::SpotqlOptions;

/// Every way in which a column of texts can be held.
fn encodings() -> Vec<DataType> {
    let texts = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View];
    let dictionary =
        |text: &DataType| DataType::Dictionary(Box::new(DataType::Int32), Box::new(text.clone()));
    texts
        .iter()
        .cloned()
        .chain(texts.iter().map(dictionary))
        .collect()
}

/// A table of the given columns, all of texts, held as `encoding`; `numbers` are 64-bit integers.
fn table(rows: &[&Row], names: &[&str], numbers: &[&str], encoding: &DataType) -> RecordBatch {
    let columns: Vec<(String, ArrayRef)> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let texts: StringArray = rows.iter().map(|row| row[index].as_deref()).collect();
            let wanted = if numbers.contains(name) {
                &DataType::Int64
            } else {
                encoding
            };
            (name.to_string(), cast(&texts, wanted).unwrap())
        })
        .collect();
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// The words that `call` gives for the rows of `batch`.
async fn words(options: SpotqlOptions, batch: RecordBatch, call: &str) -> StringViewArray {
    let session = session(options);
    session.register_batch("log", batch).unwrap();
    let batch = evaluate(&session, &format!("SELECT {call} FROM log"))
        .await
        .unwrap();
    batch.column(0).as_string_view().clone()
}

fn assert_words(words: &StringViewArray, rows: &[&Row], column: usize, encoding: &DataType) {
    assert_eq!(words.len(), rows.len());
    for (word, row) in words.iter().zip(rows) {
        let expected = row[column].as_deref().filter(|word| *word != WORD_ERROR);
        assert_eq!(word, expected, "{encoding}: {row:?}");
    }
}

fn golden_options(user_domain: &str) -> SpotqlOptions {
    let list = golden::path("top_domains.csv").unwrap();
    let mut options = SpotqlOptions::default();
    // In its own case, as the vector has it.
    let own = DomainSet::from_names([user_domain], Label::First);
    options.user_domains = options.user_domains.of_table("golden", own);
    options.top_domains = options.top_domains.named(list.to_str().unwrap()).unwrap();
    options
}

#[tokio::test]
async fn flow_words_follow_the_golden_vectors_in_every_encoding() {
    let Some(rows) = golden::rows("flow_words.tsv") else {
        return;
    };
    let rows: Vec<&Row> = rows.iter().collect();
    let names = ["trhour", "sport", "dport", "proto", "ibyt", "ipkt"];
    let numbers = ["trhour", "sport", "dport", "ibyt", "ipkt"];
    for encoding in encodings() {
        for (function, column) in [("flow_src_word", 6), ("flow_dst_word", 7)] {
            let batch = table(&rows, &names, &numbers, &encoding);
            let call = format!("{function}({})", names.join(", "));
            let words = words(SpotqlOptions::default(), batch, &call).await;
            assert_words(&words, &rows, column, &encoding);
        }
    }
}

#[tokio::test]
async fn dns_words_follow_the_golden_vectors_in_every_encoding() {
    let Some(rows) = golden::rows("dns_words.tsv") else {
        return;
    };
    let names = [
        "user_domain",
        "frame_time",
        "unix_tstamp",
        "frame_len",
        "ip_dst",
        "dns_qry_name",
        "dns_qry_class",
        "dns_qry_type",
        "dns_qry_rcode",
    ];
    let numbers = ["unix_tstamp", "frame_len", "dns_qry_type", "dns_qry_rcode"];
    let call = "dns_word(frame_time, frame_len, dns_qry_name, dns_qry_type, dns_qry_rcode)";
    let mut users: Vec<&str> = rows.iter().map(|row| row[0].as_deref().unwrap()).collect();
    users.sort_unstable();
    users.dedup();
    assert!(users.len() > 3);
    for user in users {
        let rows: Vec<&Row> = rows
            .iter()
            .filter(|row| row[0].as_deref() == Some(user))
            .collect();
        for encoding in encodings() {
            let batch = table(&rows, &names, &numbers, &encoding);
            let words = words(golden_options(user), batch, call).await;
            assert_words(&words, &rows, 9, &encoding);
        }
    }
}

#[tokio::test]
async fn proxy_words_follow_the_golden_vectors_in_every_encoding() {
    let Some(mut rows) = golden::rows("proxy_words.tsv") else {
        return;
    };
    let Some(agents) = golden::agent_counts() else {
        return;
    };
    for row in &mut rows {
        // The function takes the agent's count in place of the agent.
        let count = row[5].as_ref().and_then(|agent| agents.get(agent));
        row[5] = count.map(i64::to_string);
    }
    let rows: Vec<&Row> = rows.iter().collect();
    let names = [
        "host",
        "p_time",
        "reqmethod",
        "fulluri",
        "resconttype",
        "agent_count",
        "respcode",
    ];
    let call = format!("proxy_word({})", names.join(", "));
    for encoding in encodings() {
        let batch = table(&rows, &names, &["agent_count"], &encoding);
        let words = words(golden_options("intel"), batch, &call).await;
        assert_words(&words, &rows, 7, &encoding);
    }
}
