//! Indicators and bundles as STIX 2.1 writes them.
//!
//! Identifiers are made of what they identify (UUID version 5, RFC 4122): that of an indicator of its pattern, that of
//! a bundle of its objects. So an indicator that is given again is known again. STIX allows it within a name space of
//! one's own (section 2.9).
//!
//! What is read back by [`spotql_context::indicator`] is what was written: `confidence` says the severity, by the standard's
//! scale of low, medium and high (appendix A), `name` the text.

use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::time;
use super::value::Value;

/// A text that is no STIX objects.
#[derive(Debug, thiserror::Error)]
#[error(
    "stix_bundle takes STIX objects as JSON with commas between, as stix_indicator writes them; this is none: {problem}"
)]
pub(super) struct NotStix {
    problem: String,
}

impl From<NotStix> for DataFusionError {
    fn from(error: NotStix) -> Self {
        Self::Execution(error.to_string())
    }
}

/// The name space of our identifiers; drawn once.
const NAME_SPACE: Uuid = Uuid::from_u128(0x2221_7304_9dd8_474d_8477_4a79_81c1_e084);

const VERSION: &str = "2.1";

/// What is known of an indicator.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known<'a> {
    pub(super) text: Option<&'a str>,
    /// 1 low, 2 medium, 3 high; others say nothing.
    pub(super) severity: Option<i64>,
    pub(super) first_seen: Option<&'a str>,
    pub(super) last_seen: Option<&'a str>,
}

/// The properties, in the order in which they are written.
#[derive(Serialize)]
struct Indicator<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    spec_version: &'static str,
    id: String,
    created: String,
    modified: String,
    name: &'a str,
    description: String,
    indicator_types: [&'static str; 1],
    pattern: String,
    pattern_type: &'static str,
    pattern_version: &'static str,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<u8>,
}

/// An indicator as a STIX object; `None` for what is no indicator.
///
/// It was created, and is valid, from when it was first seen, and modified when it was last seen. STIX wants these times: where
/// neither is known, both are the beginning of 1970.
pub(super) fn indicator(value: &str, known: &Known<'_>) -> Result<Option<String>, NotStix> {
    let Some(value) = Value::parse(value) else {
        return Ok(None);
    };
    let (first, last) = (
        known.first_seen.and_then(time::read),
        known.last_seen.and_then(time::read),
    );
    let first_seen = first.or(last).unwrap_or_default();
    let last_seen = last.unwrap_or(first_seen).max(first_seen);
    let (severity, confidence) = match known.severity {
        Some(1) => (Some("low"), Some(15)),
        Some(2) => (Some("medium"), Some(50)),
        Some(3) => (Some("high"), Some(85)),
        _ => (None, None),
    };
    let shown = value.to_string();
    let mut description = format!("{} {shown}", value.kind());
    if let Some(severity) = severity {
        description.push_str(", severity ");
        description.push_str(severity);
    }
    if first.or(last).is_some() {
        let (first_seen, last_seen) = (time::sql(first_seen), time::sql(last_seen));
        description.push_str(&format!(", seen {first_seen} to {last_seen} UTC"));
    }
    let pattern = value.pattern();
    let text = known.text.map(str::trim).filter(|text| !text.is_empty());
    let object = Indicator {
        kind: "indicator",
        spec_version: VERSION,
        id: identifier("indicator", &pattern),
        created: time::stix(first_seen),
        modified: time::stix(last_seen),
        name: text.unwrap_or(&shown),
        description,
        indicator_types: ["malicious-activity"],
        pattern,
        pattern_type: "stix",
        pattern_version: VERSION,
        valid_from: time::stix(first_seen),
        confidence,
    };
    Ok(Some(serde_json::to_string(&object).map_err(not_stix)?))
}

/// A bundle of objects, which are given as JSON with commas between; `None` is no object.
///
/// # Errors
/// [`NotStix`] if it is anything else.
pub(super) fn bundle(objects: Option<&str>) -> Result<String, NotStix> {
    /// What every object has.
    #[derive(Deserialize)]
    struct Object {
        #[serde(rename = "type")]
        _kind: String,
        #[serde(rename = "id")]
        _id: String,
    }
    let objects = objects.map(str::trim).filter(|text| !text.is_empty());
    let list = format!("[{}]", objects.unwrap_or_default());
    serde_json::from_str::<Vec<Object>>(&list).map_err(not_stix)?;
    let id = identifier("bundle", &list);
    // A list without objects must not be there at all.
    Ok(match objects {
        Some(_) => format!(r#"{{"type":"bundle","id":"{id}","objects":{list}}}"#),
        None => format!(r#"{{"type":"bundle","id":"{id}"}}"#),
    })
}

fn not_stix(error: serde_json::Error) -> NotStix {
    NotStix {
        problem: error.to_string(),
    }
}

/// `kind--UUID`, the UUID made of a name.
fn identifier(kind: &str, name: &str) -> String {
    let hash = Sha1::new()
        .chain_update(NAME_SPACE.as_bytes())
        .chain_update(name)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    let id = uuid::Builder::from_sha1_bytes(bytes).into_uuid();
    format!("{kind}--{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spotql_context::indicator::{Columns, read};

    const KNOWN: Known<'static> = Known {
        text: Some("C2 of \"x\""),
        severity: Some(2),
        first_seen: Some("2024-05-14 10:00:00"),
        last_seen: Some("2024-05-15"),
    };

    fn text(value: &str, known: &Known<'_>) -> String {
        indicator(value, known).unwrap().unwrap()
    }

    #[test]
    fn an_indicator_has_what_stix_wants_in_one_order() {
        assert_eq!(
            text("http://Evil.example.com/it's", &KNOWN),
            concat!(
                r#"{"type":"indicator","spec_version":"2.1","id":"indicator--ID","#,
                r#""created":"2024-05-14T10:00:00.000Z","modified":"2024-05-15T00:00:00.000Z","name":"C2 of \"x\"","#,
                r#""description":"url http://evil.example.com/it's, severity medium, seen 2024-05-14 10:00:00 to 2024-05-15 00:00:00 UTC","#,
                r#""indicator_types":["malicious-activity"],"pattern":"[url:value = 'http://evil.example.com/it\\'s']","#,
                r#""pattern_type":"stix","pattern_version":"2.1","valid_from":"2024-05-14T10:00:00.000Z","confidence":50}"#
            )
            .replace("ID", "5c70f266-4a6e-5c4c-acf8-9593818a1fe0")
        );
    }

    #[test]
    fn an_identifier_is_that_of_the_pattern_alone() {
        let id = |value: &str, known: &Known<'_>| {
            let object: serde_json::Value = serde_json::from_str(&text(value, known)).unwrap();
            object["id"].as_str().unwrap().to_owned()
        };
        // As Python's uuid.uuid5 has it.
        assert_eq!(
            id("192.0.2.7", &KNOWN),
            "indicator--98ca2c21-2543-5a10-8c1f-baa290349f0d"
        );
        assert_eq!(
            id("192.0.2.7", &KNOWN),
            id("::ffff:192.0.2.7", &Known::default())
        );
        assert_ne!(id("192.0.2.7", &KNOWN), id("192.0.2.7/24", &KNOWN));
    }

    #[test]
    fn what_is_not_known_is_left_out_or_the_beginning_of_time() {
        let object = text(
            "192.0.2.7",
            &Known {
                severity: Some(4),
                ..Known::default()
            },
        );
        let object: serde_json::Value = serde_json::from_str(&object).unwrap();
        assert_eq!(object["name"], "192.0.2.7");
        assert_eq!(object["description"], "ipv4-addr 192.0.2.7");
        assert_eq!(object["valid_from"], "1970-01-01T00:00:00.000Z");
        assert_eq!(object["modified"], object["created"]);
        assert_eq!(object.get("confidence"), None);
        // Times in the wrong order, or one alone.
        for (first, last) in [
            (Some("2024-05-15"), Some("2024-05-14")),
            (None, Some("2024-05-15")),
            (Some("2024-05-15"), Some("soon")),
        ] {
            let known = Known {
                first_seen: first,
                last_seen: last,
                ..Known::default()
            };
            let object: serde_json::Value =
                serde_json::from_str(&text("192.0.2.7", &known)).unwrap();
            for name in ["created", "modified", "valid_from"] {
                assert_eq!(
                    object[name], "2024-05-15T00:00:00.000Z",
                    "{name} of {known:?}"
                );
            }
        }
        for value in ["", "word", "192.0.2.1-192.0.2.9", "/a"] {
            assert_eq!(indicator(value, &KNOWN).unwrap(), None, "{value:?}");
        }
    }

    #[test]
    fn a_bundle_is_read_back_by_our_own_reader() {
        let objects: Vec<String> = [
            "192.0.2.7",
            "198.51.100.0/24",
            "2001:db8::7",
            "evil.example.com",
            r"files.example.net/it's\a",
        ]
        .map(|value| text(value, &KNOWN))
        .into();
        let bundle = bundle(Some(&objects.join(","))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.json");
        std::fs::write(&path, &bundle).unwrap();
        let list = read(&path, &Columns::default(), 0).unwrap();
        assert_eq!((list.len(), list.unusable()), (5, 0));
        let first_seen = 1_715_680_800;
        for value in [
            "192.0.2.7",
            "198.51.100.9",
            "2001:db8::7",
            "www.evil.example.com",
            r"https://files.example.net/it's\a",
        ] {
            let found = list.find(value, first_seen).unwrap();
            assert_eq!((found.text, found.severity), ("C2 of \"x\"", 2), "{value}");
            assert_eq!(found.first_seen, Some(first_seen), "{value}");
            assert!(list.find(value, first_seen - 1).is_none(), "{value}");
        }
    }

    #[test]
    fn a_bundle_without_objects_has_no_list_of_them() {
        let empty = bundle(None).unwrap();
        assert_eq!(bundle(Some(" ")).unwrap(), empty);
        assert!(
            empty.starts_with(r#"{"type":"bundle","id":"bundle--"#) && !empty.contains("objects")
        );
        for text in [
            "x",
            "{}",
            "3",
            r#"{"type":"indicator","id":"a"},"#,
            r#"{"type":"x","id":"y"}],"a":[1"#,
        ] {
            let error = bundle(Some(text)).unwrap_err().to_string();
            assert!(error.contains("stix_indicator"), "{error}");
        }
    }
}
