//! The original's own demo day against ours, feature by feature.
//!
//! `../shared/data/spot_demo` holds DNS and proxy results with the features that Apache Spot worked out
//! for them. They come from two older generations of its recipes: words of quantiles, and another
//! rule for domains. Where the rules are the same ours must agree in every row; where they are not,
//! the older rule, written down here, must explain every row. `cargo test -p spotql-tests --test
//! spot_demo -- --nocapture` shows the shares. Needs `../shared`, and is skipped without it.

use std::sync::Arc;

use crate::support::read;
use datafusion::arrow::array::{
    Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use spotql_words::classes::DomainClasses;
use spotql_words::country::{is_country_code, is_generic};
use spotql_words::domain::DomainInfo;
use spotql_words::domain_set::{DomainSet, Label};
use spotql_words::entropy::entropy;

fn texts(batch: &RecordBatch, name: &str) -> StringArray {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
    column.as_string::<i32>().clone()
}

fn whole(batch: &RecordBatch, name: &str) -> Int64Array {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
    column.as_primitive().clone()
}

fn real(batch: &RecordBatch, name: &str) -> Float64Array {
    let column = cast(batch.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
    column.as_primitive().clone()
}

fn value(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// What a generation of recipes says about a name.
#[derive(Debug, PartialEq)]
struct Features<'a> {
    domain: Option<&'a str>,
    subdomain: Option<&'a str>,
    subdomain_length: usize,
    parts: usize,
    subdomain_entropy: f64,
}

fn ours(name: &str) -> Features<'_> {
    let info = DomainInfo::of(name);
    Features {
        domain: info.domain,
        subdomain: info.subdomain,
        subdomain_length: info.subdomain.map_or(0, str::len),
        parts: info.parts,
        subdomain_entropy: info.subdomain.map_or(0.0, entropy),
    }
}

/// The older generation: the domain is the label before the last, or, below a country code, the
/// one before that, whatever they are; names of two labels have none; no subdomain counts as an entropy of 2.
fn older(name: &str) -> Features<'_> {
    let parts: Vec<&str> = name.split('.').collect();
    let ending = if is_country_code(parts[parts.len() - 1]) {
        2
    } else {
        1
    };
    let domain = (parts.len() > 2).then(|| parts[parts.len() - ending - 1]);
    let before: usize = parts[..parts.len().saturating_sub(ending + 1)]
        .iter()
        .map(|part| part.len() + 1)
        .sum();
    let subdomain = (parts.len() > 2 && before > 0).then(|| &name[..before - 1]);
    Features {
        domain,
        subdomain,
        subdomain_length: subdomain.map_or(0, str::len),
        parts: parts.len(),
        subdomain_entropy: subdomain.map_or(2.0, entropy),
    }
}

/// Whether both rules take the same label for the domain.
fn same_rule(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [_, .., second, last] if parts.len() > 2 => {
            is_generic(last) || (is_country_code(last) && is_generic(second))
        }
        _ => false,
    }
}

fn agree(theirs: &Features<'_>, features: &Features<'_>, with_entropy: bool) -> bool {
    let close = (theirs.subdomain_entropy - features.subdomain_entropy).abs() < 1e-9;
    theirs.domain == features.domain
        && theirs.subdomain == features.subdomain
        && theirs.subdomain_length == features.subdomain_length
        && theirs.parts == features.parts
        && (close || !with_entropy)
}

#[test]
fn dns_features_agree_where_the_rules_do_and_the_older_rule_explains_the_rest() {
    let Some(shared) = crate::support::shared() else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let folder = shared.join("data/spot_demo");
    let records = read(&folder.join("dns_results.dns.parquet"));
    let features = read(&folder.join("dns_results.spot_scores.parquet"));
    let names = texts(&records, "dns_qry_name");
    let (types, codes) = (
        whole(&records, "dns_qry_type"),
        whole(&records, "dns_qry_rcode"),
    );
    let (domains, subdomains) = (texts(&features, "domain"), texts(&features, "subdomain"));
    let (lengths, parts) = (
        whole(&features, "subdomain_length"),
        whole(&features, "num_periods"),
    );
    let entropies = real(&features, "subdomain_entropy");
    let (words, tops) = (texts(&features, "word"), whole(&features, "top_domain"));

    let shipped = DomainClasses::new(Default::default(), DomainSet::shipped());
    let majestic = shared.join("data/context/majestic_million.txt");
    let majestic = DomainSet::cached(&majestic, Label::First).unwrap();
    let majestic = DomainClasses::new(Default::default(), majestic);
    let (mut equal, mut same, mut class_shipped, mut class_majestic) = (0, 0, 0, 0);
    let mut same_domain = 0;
    for row in 0..names.len() {
        let name = names.value(row);
        let theirs = Features {
            domain: value(&domains, row),
            subdomain: value(&subdomains, row),
            subdomain_length: usize::try_from(lengths.value(row)).unwrap(),
            parts: usize::try_from(parts.value(row)).unwrap(),
            subdomain_entropy: entropies.value(row),
        };
        assert!(agree(&theirs, &older(name), true), "{name}: {theirs:?}");
        let ours = ours(name);
        // Without a subdomain the entropy was 2 then and is 0 now.
        let no_subdomain = theirs.subdomain.is_none();
        if same_rule(name) {
            same += 1;
            assert!(agree(&theirs, &ours, !no_subdomain), "{name}: {theirs:?}");
        }
        equal += usize::from(agree(&theirs, &ours, !no_subdomain));
        if theirs.domain == ours.domain {
            same_domain += 1;
            let top = tops.value(row);
            let info = DomainInfo::of(name);
            class_shipped += usize::from(i64::from(shipped.class(&info)) == top);
            class_majestic += usize::from(i64::from(majestic.class(&info)) == top);
        }
        // Class, type and response code are in the older words as they are in ours.
        let word: Vec<&str> = words.value(row).split('_').collect();
        assert_eq!(word.len(), 8);
        assert_eq!(word[0], tops.value(row).to_string());
        assert_eq!(word[6], types.value(row).to_string());
        assert_eq!(word[7], codes.value(row).to_string());
    }
    println!(
        "spot_demo DNS: {} records; the older rule reproduces all. Our features equal theirs in \
         {equal}; in {same} both rules say the same, and all of those agree. Where the domain is \
         the same ({same_domain}), the class is so in {class_shipped} with the shipped list, in \
         {class_majestic} with Majestic's first 10,000 (theirs had a million)",
        names.len()
    );
    assert!(same > 1500, "{same}");
}

#[test]
fn proxy_words_agree_in_the_parts_that_both_generations_have() {
    let Some(shared) = crate::support::shared() else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let folder = shared.join("data/spot_demo");
    let records = read(&folder.join("proxy_scores.proxy.parquet"));
    let scores = read(&folder.join("proxy_scores.spot_scores.parquet"));
    let (dates, methods) = (texts(&records, "p_date"), texts(&records, "reqmethod"));
    let (hosts, words) = (texts(&records, "host"), texts(&scores, "word"));
    let intel = Arc::new(DomainSet::from_names(["intel"], Label::Domain));
    let shipped = DomainClasses::new(intel, DomainSet::shipped());
    let (mut days, mut classes, mut not_listed) = ([0, 0], 0, 0);
    for row in 0..words.len() {
        let word = words.value(row);
        let day = usize::from(dates.value(row) == "2016-07-08");
        days[day] += 1;
        if day == 1 {
            // class_HOUR_METHOD_…: the method may hold a `_` itself.
            let mut parts = word.splitn(3, '_');
            let class: u8 = parts.next().unwrap().parse().unwrap();
            let ours = shipped.class(&DomainInfo::of(hosts.value(row)));
            classes += usize::from(class == ours);
            not_listed += usize::from((class, ours) == (1, 0));
            let method = parts.nth(1).unwrap();
            assert!(
                method.starts_with(&format!("{}_", methods.value(row))),
                "{word}"
            );
        }
    }
    println!(
        "spot_demo proxy: {} words of 8 quantile parts (2016-07-07) have no part as it is today; \
         of the {} words of 6 parts (2016-07-08) the method agrees in all, the class in {classes}; \
         in {not_listed} theirs is a top domain by a list of a million and ours is none by the shipped one of 10,000",
        days[0], days[1],
    );
    assert_eq!(days, [250, 250]);
}
