//! Reads indicators from JSON that is no STIX.
//!
//! * MISP's warning lists: an object with a `list` (<https://github.com/MISP/misp-warninglists>), of the types `cidr`,
//!   `hostname` and `string`.
//! * MISP's events: an object with an `Event`, or a `response` of several. Attributes of addresses, names and URLs are read,
//!   of the event and of its objects; those that are deleted are left out, those that are not `to_ids` are rejected.
//! * An array, or a line each, of texts, or of objects with the columns of CSV as fields.

use serde_json::{Map, Value};

use super::{Columns, Indicator, IndicatorListBuilder};
use crate::error::{Error, Result};

/// Whether a JSON text is STIX: a bundle, or a TAXII envelope.
pub(super) fn is_stix(bytes: &[u8]) -> bool {
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    // No need to read all of a large text: these stand before what they hold.
    has(b"\"bundle\"") || (has(b"\"objects\"") && !has(b"\"Event\""))
}

/// Whether what begins with a bracket is an array, and not an address.
pub(super) fn is_array(bytes: &[u8]) -> bool {
    let inner = bytes.trim_ascii_start().get(1..).unwrap_or_default();
    matches!(
        inner.trim_ascii_start().first(),
        Some(b'{' | b'[' | b'"' | b']')
    )
}

pub(super) fn read(
    bytes: &[u8],
    origin: &str,
    how: &Columns,
    list: &mut IndicatorListBuilder,
) -> Result<()> {
    let mut reader = Reader { origin, how, list };
    match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Array(items)) => {
            for (number, item) in (1..).zip(&items) {
                reader.list.at(number);
                reader.item(item)?;
            }
            Ok(())
        }
        Ok(value) => reader.item(&value),
        Err(whole) => reader.lines(bytes, &whole),
    }
}

struct Reader<'a> {
    origin: &'a str,
    how: &'a Columns,
    list: &'a mut IndicatorListBuilder,
}

impl Reader<'_> {
    fn format(&self, problem: String) -> Error {
        let expected =
            "JSON with indicators (a MISP warning list or event, an array, or a text a line)";
        Error::format(self.origin, expected, problem)
    }

    /// A JSON text a line.
    fn lines(&mut self, bytes: &[u8], whole: &serde_json::Error) -> Result<()> {
        let mut read = false;
        for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            self.list.at(number);
            match serde_json::from_slice::<Value>(line) {
                Ok(item) => {
                    self.item(&item)?;
                    read = true;
                }
                // Not even the first: it is one text, and damaged.
                Err(_) if !read => return Err(self.format(whole.to_string())),
                Err(error) => self
                    .list
                    .reject(&String::from_utf8_lossy(line), &error.to_string()),
            }
        }
        Ok(())
    }

    fn item(&mut self, item: &Value) -> Result<()> {
        match item {
            Value::String(value) => self.list.add(&self.how.bare(value)),
            Value::Object(fields)
                if fields.contains_key("Event") || fields.contains_key("response") =>
            {
                self.events(fields)
            }
            Value::Object(fields) if fields.get("list").is_some_and(Value::is_array) => {
                self.warning_list(fields)
            }
            Value::Object(fields) => self.record(fields),
            other => {
                self.list
                    .reject(&other.to_string(), "it is neither a text nor an object");
                Ok(())
            }
        }
    }

    /// An object with the columns of CSV.
    fn record(&mut self, fields: &Map<String, Value>) -> Result<()> {
        let wanted = self.how.indicator.as_deref().unwrap_or("indicator");
        let text_of = |name: &str| {
            let found = fields
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            match found?.1 {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        };
        if !fields.keys().any(|key| key.eq_ignore_ascii_case(wanted)) {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            return Err(self.format(format!(
                "an object has no field '{wanted}'; say which one holds the indicators with OPTIONS ('column' = '…'). Its \
                 fields are: {}",
                names.join(", ")
            )));
        }
        let text = self.how.text.as_deref().unwrap_or("text");
        let names = [
            wanted,
            text,
            "severity",
            "first_seen",
            "last_seen",
            "valid_from",
            "expires",
        ];
        let texts = names.map(text_of);
        self.how
            .add(texts.each_ref().map(Option::as_deref), self.list)
    }

    fn warning_list(&mut self, fields: &Map<String, Value>) -> Result<()> {
        let field = |name: &str| fields.get(name).and_then(Value::as_str);
        if let Some(kind @ ("regex" | "substring")) = field("type") {
            return Err(self.format(format!(
                "it is of type '{kind}'; those of type cidr, hostname and string are read"
            )));
        }
        let values = fields.get("list").and_then(Value::as_array);
        for (number, value) in (1..).zip(values.into_iter().flatten()) {
            self.list.at(number);
            let Some(value) = value.as_str() else {
                self.list.reject(&value.to_string(), "it is no text");
                continue;
            };
            let bare = self.how.bare(value);
            let text = match (bare.text, field("name")) {
                ("", Some(name)) => name,
                (text, _) => text,
            };
            self.list.add(&Indicator { text, ..bare })?;
        }
        Ok(())
    }

    fn events(&mut self, fields: &Map<String, Value>) -> Result<()> {
        if let Some(response) = fields.get("response") {
            let all = match response {
                Value::Array(all) => all.as_slice(),
                one => std::slice::from_ref(one),
            };
            for event in all.iter().filter_map(Value::as_object) {
                self.events(event)?;
            }
        }
        let Some(event) = fields.get("Event") else {
            return Ok(());
        };
        let info = event
            .get("info")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut number = 0;
        let objects = event.get("Object").and_then(Value::as_array);
        let objects = objects
            .into_iter()
            .flatten()
            .filter(|it| !is_true(it, "deleted"));
        for holder in std::iter::once(event).chain(objects) {
            let attributes = holder.get("Attribute").and_then(Value::as_array);
            for attribute in attributes.into_iter().flatten() {
                number += 1;
                self.list.at(number);
                self.attribute(attribute, info)?;
            }
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &Value, info: &str) -> Result<()> {
        let field = |name: &str| attribute.get(name).and_then(Value::as_str);
        let (kind, value) = (
            field("type").unwrap_or_default(),
            field("value").unwrap_or_default(),
        );
        if is_true(attribute, "deleted") {
            return Ok(());
        }
        if !is_true(attribute, "to_ids") {
            self.list.reject(
                value,
                "the event says that it is not for detection (to_ids)",
            );
            return Ok(());
        }
        let value = match kind {
            "ip-src" | "ip-dst" | "domain" | "hostname" | "url" | "uri" => value,
            "ip-src|port" | "ip-dst|port" | "hostname|port" | "domain|ip" => {
                value.split('|').next().unwrap_or_default()
            }
            _ => {
                self.list.reject(
                    value,
                    &format!("its type '{kind}' is no address, name or URL"),
                );
                return Ok(());
            }
        };
        let text = if self.how.default_text.is_empty() {
            info
        } else {
            &self.how.default_text
        };
        let texts = [
            Some(value),
            Some(text),
            None,
            field("first_seen"),
            field("last_seen"),
            None,
            None,
        ];
        self.how.add(texts, self.list)
    }
}

/// Whether a field is true, or 1, or says so.
fn is_true(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(is)) => *is,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    }
}
