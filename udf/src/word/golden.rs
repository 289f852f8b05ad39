//! The recipes against the golden vectors of the original (`../shared/spec/golden`).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dns::DnsAnswer;
use super::domain::{DomainClasses, DomainInfo};
use super::domain_set::{DomainSet, Label};
use super::entropy::{EntropyMeter, entropy, utf16_len};
use super::flow::{FlowBins, Side};
use super::hour::hour_of_time;
use super::math;
use super::proxy::ProxyRequest;
use super::writer::word;

/// A row of a golden file; `None` is null.
pub(super) type Row = Vec<Option<String>>;

/// What stands for a word that cannot be made.
pub(super) const WORD_ERROR: &str = "word_error";

/// A golden file, or `None` and a line of output where the shared folder is absent.
pub(super) fn path(file: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if shared.is_dir() {
        return Some(shared.join("spec/golden").join(file));
    }
    println!("skipped: ../shared is absent");
    None
}

/// The rows of a golden file below its header.
pub(super) fn rows(file: &str) -> Option<Vec<Row>> {
    let text = fs::read_to_string(path(file)?).unwrap();
    let lines = text.strip_suffix('\n').unwrap().split('\n').skip(1);
    let rows: Vec<Row> = lines
        .map(|line| line.split('\t').map(unescape).collect())
        .collect();
    assert!(rows.len() > 10, "{file} holds {} rows", rows.len());
    Some(rows)
}

fn unescape(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut chars = field.chars();
    while let Some(char) = chars.next() {
        text.push(match (char, char == '\\') {
            (_, true) => match chars.next().unwrap() {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                other => other,
            },
            (other, false) => other,
        });
    }
    Some(text)
}

/// How often each agent occurs; one that is not listed makes no word.
pub(super) fn agent_counts() -> Option<HashMap<String, i64>> {
    let rows = rows("proxy_agent_counts.tsv")?;
    Some(
        rows.iter()
            .map(|row| (text(row, 0).to_owned(), number(row, 1)))
            .collect(),
    )
}

fn text(row: &Row, column: usize) -> &str {
    row[column].as_deref().unwrap()
}

pub(super) fn number(row: &Row, column: usize) -> i64 {
    text(row, column).parse().unwrap()
}

fn real(row: &Row, column: usize) -> f64 {
    f64::from_bits(u64::from_str_radix(text(row, column), 16).unwrap())
}

fn top_domains() -> Option<Arc<DomainSet>> {
    Some(DomainSet::cached(&path("top_domains.csv")?, Label::First).unwrap())
}

/// The user's domain as the vector has it, in its own case.
fn own(domain: &str) -> Arc<DomainSet> {
    Arc::new(DomainSet::from_names([domain], Label::First))
}

#[test]
fn the_golden_list_has_463_distinct_first_labels() {
    let Some(list) = top_domains() else { return };
    assert_eq!(list.len(), 463);
}

#[test]
fn logarithms_follow_the_golden_vectors() {
    let Some(rows) = rows("math_log.tsv") else {
        return;
    };
    for row in rows {
        let x = real(&row, 1);
        assert_eq!(
            i64::from(math::ceil_log2_real(x)),
            number(&row, 4),
            "ceil_log2({x})"
        );
        assert_eq!(
            i64::from(math::floor_log2_real(x)),
            number(&row, 5),
            "floor_log2({x})"
        );
    }
}

#[test]
fn entropy_bins_follow_the_golden_vectors() {
    let Some(rows) = rows("math_bin.tsv") else {
        return;
    };
    for row in rows {
        let x = real(&row, 1);
        assert_eq!(
            i64::from(math::entropy_bin(x)),
            number(&row, 2),
            "entropy_bin({x})"
        );
    }
}

#[test]
fn entropies_follow_the_golden_vectors() {
    let Some(rows) = rows("entropy.tsv") else {
        return;
    };
    for row in rows {
        let (text, expected) = (text(&row, 0), real(&row, 2));
        let entropy = entropy(text);
        assert!(
            (entropy - expected).abs() < 1e-12,
            "entropy({text:?}) {entropy}, not {expected}"
        );
        assert_eq!(
            i64::from(math::entropy_bin(entropy)),
            number(&row, 3),
            "bin of {text:?}"
        );
    }
}

#[test]
fn hours_follow_the_golden_vectors() {
    let Some(rows) = rows("time_hour.tsv") else {
        return;
    };
    for row in rows {
        let hour = row[0].as_deref().and_then(hour_of_time);
        let hour = hour.map_or("ERR".to_owned(), |hour| hour.to_string());
        assert_eq!(hour, text(&row, 1), "hour of {:?}", row[0]);
    }
}

#[test]
fn domains_follow_the_golden_vectors() {
    let (Some(rows), Some(top)) = (rows("domain_info.tsv"), top_domains()) else {
        return;
    };
    for row in rows {
        let name = text(&row, 0);
        let info = DomainInfo::of(name);
        let classes = DomainClasses::new(own(text(&row, 1)), Arc::clone(&top));
        assert_eq!(info.domain_text(), text(&row, 2), "domain of {name:?}");
        assert_eq!(
            i64::from(classes.class(&info)),
            number(&row, 3),
            "class of {name:?}"
        );
        assert_eq!(
            info.subdomain_text(),
            text(&row, 4),
            "subdomain of {name:?}"
        );
        let length = info.subdomain.map_or(0, utf16_len);
        assert_eq!(
            length as i64,
            number(&row, 5),
            "length of the subdomain of {name:?}"
        );
        let entropy = info.subdomain.map_or(0.0, entropy);
        assert!(
            (entropy - real(&row, 7)).abs() < 1e-12,
            "entropy of the subdomain of {name:?}"
        );
        assert_eq!(info.parts as i64, number(&row, 8), "parts of {name:?}");
    }
}

#[test]
fn flow_words_follow_the_golden_vectors() {
    let Some(rows) = rows("flow_words.tsv") else {
        return;
    };
    for row in rows {
        let [hour, sport, dport] = [0, 1, 2].map(|column| number(&row, column));
        let flow = FlowBins::of(hour, sport, dport, number(&row, 4), number(&row, 5));
        let proto = row[3].as_deref();
        for (side, column) in [(Side::Source, 6), (Side::Destination, 7)] {
            let word = word(|writer| flow.write_word(side, proto, writer));
            assert_eq!(word, text(&row, column), "{row:?}");
        }
    }
}

#[test]
fn dns_words_follow_the_golden_vectors() {
    let (Some(rows), Some(top)) = (rows("dns_words.tsv"), top_domains()) else {
        return;
    };
    let mut meter = EntropyMeter::default();
    for row in rows {
        let classes = DomainClasses::new(own(text(&row, 0)), Arc::clone(&top));
        let mut made = false;
        let word = word(|writer| {
            let (Some(frame_time), Some(name)) = (row[1].as_deref(), row[5].as_deref()) else {
                return;
            };
            let answer = DnsAnswer {
                frame_time,
                frame_len: number(&row, 3),
                name,
                query_type: number(&row, 7),
                response_code: number(&row, 8),
            };
            made = answer.write_word(&classes, &mut meter, writer);
        });
        assert_eq!(
            if made { &word } else { WORD_ERROR },
            text(&row, 9),
            "{row:?}"
        );
    }
}

#[test]
fn proxy_words_follow_the_golden_vectors() {
    let (Some(rows), Some(top), Some(agents)) =
        (rows("proxy_words.tsv"), top_domains(), agent_counts())
    else {
        return;
    };
    let classes = DomainClasses::new(own("intel"), top);
    let mut meter = EntropyMeter::default();
    for row in rows {
        let [host, time, method, uri, content_type, agent, response_code] =
            [0, 1, 2, 3, 4, 5, 6].map(|column| row[column].as_deref());
        let agent_count = agent.and_then(|agent| agents.get(agent));
        let mut made = false;
        let word = word(|writer| {
            let (Some(host), Some(time), Some(uri), Some(content_type), Some(agent_count)) =
                (host, time, uri, content_type, agent_count.copied())
            else {
                return;
            };
            let request = ProxyRequest {
                host,
                time,
                method,
                uri,
                content_type,
                agent_count,
                response_code,
            };
            made = request.write_word(&classes, &mut meter, writer);
        });
        assert_eq!(
            if made { &word } else { WORD_ERROR },
            text(&row, 7),
            "{row:?}"
        );
    }
}
