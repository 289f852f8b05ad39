//! The recipes against the golden vectors of the original (`../shared/spec/golden`).

mod vectors;

use std::sync::Arc;

use super::classes::DomainClasses;
use super::dns::DnsAnswer;
use super::domain::DomainInfo;
use super::domain_set::{DomainSet, Label};
use super::entropy::{EntropyMeter, entropy, utf16_len};
use super::flow::{FlowBins, Side};
use super::hour::hour_of_time;
use super::math;
use super::proxy::ProxyRequest;
use super::writer::word;
use vectors::{Row, WORD_ERROR, agent_counts, number, path, rows, text};

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
