//! Reads indicators from a STIX 2.1 bundle, or the envelope in which TAXII 2.1 sends its objects (OASIS, <https://docs.oasis-open.org/cti/stix/v2.1/stix-v2.1.html>).
//!
//! It reads objects of type `indicator`. Their STIX pattern is a comparison of the value of an address, a domain name
//! or a URL, or several joined by OR: each is an indicator. A pattern that wants several things at once (AND,
//! FOLLOWEDBY) or anything else (hashes, LIKE) cannot be judged by one value; it is counted as unusable. Revoked
//! indicators are left out. The name is the text, `valid_from` is also first seen, `valid_until` is the expiry,
//! `confidence` is the severity by the standard's scale of low, medium and high (appendix A).

use serde::Deserialize;
use serde_json::Value;

use super::{Columns, Indicator, IndicatorListBuilder, time_of};
use crate::error::{Error, Result};

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "type", default = "bundle")]
    kind: String,
    #[serde(default)]
    objects: Vec<Value>,
}

/// A TAXII envelope has no type.
fn bundle() -> String {
    "bundle".to_owned()
}

#[derive(Deserialize)]
struct Object {
    pattern: Option<String>,
    pattern_type: Option<String>,
    name: Option<String>,
    revoked: Option<bool>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    confidence: Option<f64>,
}

pub(super) fn read(
    bytes: &[u8],
    origin: &str,
    how: &Columns,
    list: &mut IndicatorListBuilder,
) -> Result<()> {
    let format = |problem: String| Error::format(origin, "a STIX 2.1 bundle", problem);
    // A structure alone would also be read from an array.
    let bundle = serde_json::from_slice(bytes)
        .and_then(|object| Bundle::deserialize(Value::Object(object)))
        .map_err(|error| format(error.to_string()))?;
    if bundle.kind != "bundle" {
        return Err(format(format!("it is a '{}'", bundle.kind)));
    }
    for (number, object) in (1..).zip(bundle.objects) {
        list.at(number);
        if object.get("type").and_then(|kind| kind.as_str()) != Some("indicator") {
            continue;
        }
        let Ok(object) = serde_json::from_value::<Object>(object) else {
            list.reject("an indicator", "its fields are of other types");
            continue;
        };
        if object.revoked.unwrap_or_default() {
            continue;
        }
        let pattern = object.pattern.as_deref().unwrap_or_default();
        let stix = object
            .pattern_type
            .as_deref()
            .is_none_or(|kind| kind == "stix");
        let values = if stix { values(pattern) } else { None };
        let Some(values) = values else {
            list.reject(
                pattern,
                "the pattern cannot be judged by one address, name or URL",
            );
            continue;
        };
        let mut unreadable = None;
        let mut time = |text: &Option<String>| {
            let text = text.as_deref()?;
            let time = time_of(text);
            if time.is_none() {
                unreadable = Some(format!("the time '{text}' cannot be read"));
            }
            time
        };
        let (from, until) = (time(&object.valid_from), time(&object.valid_until));
        if let Some(reason) = unreadable {
            list.reject(pattern, &reason);
            continue;
        }
        for value in &values {
            let bare = how.bare(value);
            let severity = object.confidence.map(|confidence| match confidence {
                ..30.0 => 1,
                30.0..70.0 => 2,
                _ => 3,
            });
            list.add(&Indicator {
                text: object.name.as_deref().unwrap_or(bare.text),
                severity: severity.unwrap_or(bare.severity),
                first_seen: from,
                valid_from: from,
                expires: until,
                ..bare
            })?;
        }
    }
    Ok(())
}

/// The values that a pattern compares with, if any one of them alone fulfils it.
fn values(pattern: &str) -> Option<Vec<String>> {
    let mut rest = pattern.trim();
    let mut values = Vec::new();
    loop {
        rest = rest
            .trim_start()
            .trim_start_matches(['[', '('])
            .trim_start();
        let kind = ["ipv4-addr", "ipv6-addr", "domain-name", "url"]
            .iter()
            .find_map(|kind| rest.strip_prefix(kind)?.strip_prefix(":value"))?;
        rest = kind.trim_start();
        let operator = ["=", "ISSUBSET", "IN"]
            .iter()
            .find_map(|operator| rest.strip_prefix(operator))?;
        rest = operator.trim_start();
        match rest.strip_prefix('(') {
            Some(set) => {
                rest = set;
                loop {
                    rest = literal(rest, &mut values)?;
                    match rest.strip_prefix(',') {
                        Some(more) => rest = more,
                        None => break rest = rest.strip_prefix(')')?,
                    }
                }
            }
            None => rest = literal(rest, &mut values)?,
        }
        rest = rest.trim_start().trim_start_matches([']', ')', ' ']);
        if rest.is_empty() {
            return Some(values);
        }
        rest = rest.strip_prefix("OR")?;
    }
}

/// Reads a text in quotes and returns what follows it.
fn literal<'a>(text: &'a str, values: &mut Vec<String>) -> Option<&'a str> {
    let text = text.trim_start().strip_prefix('\'')?;
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '\'' => {
                values.push(value);
                return Some(text[place + 1..].trim_start());
            }
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_one_value_fulfils_are_read() {
        for (pattern, expected) in [
            ("[ipv4-addr:value = '192.0.2.1']", Some(vec!["192.0.2.1"])),
            (
                "[ ipv4-addr:value ISSUBSET '192.0.2.0/24' ]",
                Some(vec!["192.0.2.0/24"]),
            ),
            (
                "[url:value='http://x.org/it\\'s']",
                Some(vec!["http://x.org/it's"]),
            ),
            (
                "[domain-name:value = 'a.example.com' OR domain-name:value = 'b.example.com']",
                Some(vec!["a.example.com", "b.example.com"]),
            ),
            (
                "[domain-name:value IN ('a.example.com', 'b.example.com')] OR [ipv6-addr:value = '::1']",
                Some(vec!["a.example.com", "b.example.com", "::1"]),
            ),
            (
                "[domain-name:value = 'a.example.com' AND url:value = 'x']",
                None,
            ),
            (
                "[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [url:value = 'x']",
                None,
            ),
            ("[file:hashes.MD5 = 'x']", None),
            ("[domain-name:value LIKE '%.example.com']", None),
            ("[domain-name:value = 'a", None),
            ("", None),
        ] {
            let found = values(pattern);
            let found = found
                .as_ref()
                .map(|all| all.iter().map(String::as_str).collect());
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn a_bundle_is_read_with_names_validity_and_confidence() {
        let bundle = r#"{"type": "bundle", "id": "bundle--1", "objects": [
            {"type": "identity", "name": "somebody"},
            {"type": "indicator", "pattern_type": "stix", "pattern": "[ipv4-addr:value = '192.0.2.1']",
             "name": "C2", "confidence": 50, "valid_from": "2024-05-14T00:00:00.000Z", "valid_until": "2024-06-14T00:00:00Z"},
            {"type": "indicator", "pattern_type": "stix", "pattern": "[ipv4-addr:value = '192.0.2.2']", "revoked": true},
            {"type": "indicator", "pattern_type": "stix", "pattern": 3},
            {"type": "indicator", "pattern_type": "stix", "pattern": "[url:value LIKE 'http://x.example.com/%']", "revoked": null},
            {"type": "indicator", "pattern_type": "snort", "pattern": "alert tcp any any"}
        ]}"#;
        let mut list = IndicatorListBuilder::default();
        read(bundle.as_bytes(), "x.json", &Columns::default(), &mut list).unwrap();
        let list = list.build("x.json").unwrap();
        assert_eq!((list.len(), list.unusable()), (1, 3));
        let found = list.find("192.0.2.1", 1_715_700_000).unwrap();
        assert_eq!(
            (found.text, found.severity, found.first_seen),
            ("C2", 2, Some(1_715_644_800))
        );
        assert!(list.find("192.0.2.1", 1_719_000_000).is_none());
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        for text in ["{\"type\": \"indicator\"}", "[]", "x"] {
            let mut list = IndicatorListBuilder::default();
            let error = read(text.as_bytes(), "x.json", &Columns::default(), &mut list);
            assert!(
                error.unwrap_err().to_string().contains("'x.json'"),
                "{text}"
            );
        }
    }
}
