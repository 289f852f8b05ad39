//! How a service's answer reads: JSON paths (RFC 9535) to the verdict and its text, and what the verdict means.

use std::sync::Arc;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::Verdict;

/// What a verdict means if the user does not say.
const RULES: &str = "high: 3, medium: 2, low: 1, none: 0, 3: 3, 2: 2, 1: 1, 0: 0";

/// Characters of a text that are kept.
const LONGEST_TEXT: usize = 200;

/// A JSON path or a rule that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A JSON path.
    #[error("the option '{option}' = '{path}' is no JSON path such as $.data.verdict: {source}")]
    Path {
        /// The option.
        option: &'static str,
        /// Its value.
        path: String,
        /// Where it ceases to be one.
        source: serde_json_path::ParseError,
    },
    /// A rule.
    #[error(
        "the option 'severities' = '{rules}': '{rule}' is not accepted; give VERDICT: N or >=NUMBER: N, N being 0 (none), 1 (low), 2 (medium) or 3 (high)"
    )]
    Rule {
        /// All rules.
        rules: String,
        /// The one.
        rule: String,
    },
}

/// Why an answer says nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON.
    #[error("its answer is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Its verdict is none that the rules know.
    #[error("none of 'severities' is for its verdict {0}")]
    Verdict(String),
    /// It has no verdict.
    #[error("there is nothing at {0} in its answer")]
    Nothing(String),
}

/// Reads answers.
#[derive(Debug, Clone)]
pub struct Answer {
    verdict: JsonPath,
    text: Option<JsonPath>,
    rules: Vec<(Rule, u8)>,
}

/// When a rule applies.
#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// The verdict is this text, number, `true`, `false` or `null`; case is not looked at.
    Is(String),
    /// It is a number, and at least this.
    AtLeast(f64),
    /// There is none, or the service knows nothing of such a thing (status 404).
    Missing,
}

impl Answer {
    /// Reads two JSON paths, to the verdict and to the text, and the rules: `malicious: 3, >=50: 2, missing: 0`. The first
    /// rule that applies says how bad it is.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse(
        verdict: &str,
        text: Option<&str>,
        rules: Option<&str>,
    ) -> Result<Self, AnswerError> {
        let path = |option: &'static str, path: &str| {
            JsonPath::parse(path).map_err(|source| AnswerError::Path {
                option,
                path: path.to_owned(),
                source,
            })
        };
        let rules = rules.unwrap_or(RULES);
        let parsed = rules.split(',').map(|rule| {
            let (when, severity) = rule
                .rsplit_once(':')
                .map_or(("", ""), |(a, b)| (a.trim(), b.trim()));
            let severity = severity.parse().ok().filter(|severity| *severity <= 3);
            let when = match when.strip_prefix(">=") {
                Some(least) => least.trim().parse().ok().map(Rule::AtLeast),
                None if when.is_empty() => None,
                None if when.eq_ignore_ascii_case("missing") => Some(Rule::Missing),
                None => Some(Rule::Is(when.to_lowercase())),
            };
            when.zip(severity).ok_or_else(|| AnswerError::Rule {
                rules: rules.to_owned(),
                rule: rule.trim().to_owned(),
            })
        });
        Ok(Self {
            verdict: path("verdict", verdict)?,
            text: text.map(|text| path("text", text)).transpose()?,
            rules: parsed.collect::<Result<_, _>>()?,
        })
    }

    /// What an answer says; the worst, if the path leads to several verdicts.
    ///
    /// # Errors
    /// Why it says nothing.
    pub fn verdict(&self, body: &[u8]) -> Result<Verdict, Unreadable> {
        let body: Value = serde_json::from_slice(body)?;
        let mut worst = None;
        for found in self.verdict.query(&body) {
            let severity = self
                .severity(found)
                .ok_or_else(|| Unreadable::Verdict(shortened(&found.to_string())))?;
            worst = worst.max(Some(severity));
        }
        let Some(severity) = worst else {
            return self
                .unknown()
                .ok_or_else(|| Unreadable::Nothing(self.verdict.to_string()));
        };
        let text = self.text.as_ref().map(|path| {
            let found: Vec<String> = path.query(&body).into_iter().filter_map(written).collect();
            shortened(&found.join(", "))
        });
        Ok(Verdict {
            severity,
            text: Arc::from(text.unwrap_or_default()),
        })
    }

    /// What it means that the service knows nothing of a value; `None` if the rules do not say.
    pub fn unknown(&self) -> Option<Verdict> {
        let mut rules = self.rules.iter();
        let (_, severity) = rules.find(|(rule, _)| *rule == Rule::Missing)?;
        Some(Verdict {
            severity: *severity,
            text: Arc::from(""),
        })
    }

    fn severity(&self, found: &Value) -> Option<u8> {
        let number = match found {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let text = match found {
            Value::Null => "null".to_owned(),
            other => written(other)?.trim().to_lowercase(),
        };
        let mut rules = self.rules.iter();
        let applies = |rule: &Rule| match rule {
            Rule::Is(verdict) => *verdict == text,
            Rule::AtLeast(least) => number.is_some_and(|number| number >= *least),
            Rule::Missing => false,
        };
        rules
            .find(|(rule, _)| applies(rule))
            .map(|(_, severity)| *severity)
    }
}

/// A value as text; none for arrays, objects and null.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(answer: &Answer, body: &str) -> Result<u8, String> {
        let verdict = answer.verdict(body.as_bytes());
        verdict
            .map(|it| it.severity)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn rules_say_what_a_verdict_means_and_the_first_one_counts() {
        let rules = "malicious: 3, Suspicious: 2, >=75: 3, >=1: 1, 0: 0, true: 3, null: 0";
        let answer = Answer::parse("$.d.v", Some("$.d.names[*]"), Some(rules)).unwrap();
        for (body, expected) in [
            (r#"{"d":{"v":"malicious"}}"#, 3),
            (r#"{"d":{"v":" SUSPICIOUS "}}"#, 2),
            (r#"{"d":{"v":80.5}}"#, 3),
            (r#"{"d":{"v":"80"}}"#, 3),
            (r#"{"d":{"v":2}}"#, 1),
            (r#"{"d":{"v":0}}"#, 0),
            (r#"{"d":{"v":true}}"#, 3),
            (r#"{"d":{"v":null}}"#, 0),
        ] {
            assert_eq!(severity(&answer, body), Ok(expected), "{body}");
        }
        let named = answer.verdict(br#"{"d":{"v":80,"names":["emotet",{},"trickbot"]}}"#);
        assert_eq!(named.unwrap().text.as_ref(), "emotet, trickbot");
    }

    #[test]
    fn what_is_not_understood_is_no_verdict() {
        let answer = Answer::parse("$.v", None, None).unwrap();
        for (body, why) in [
            ("", "no JSON"),
            ("<html>", "no JSON"),
            (r#"{"v":"#, "no JSON"),
            ("{}", "nothing at $"),
            ("[1]", "nothing at $"),
            (
                r#"{"v":"bad"}"#,
                "none of 'severities' is for its verdict \"bad\"",
            ),
            (r#"{"v":-1}"#, "none of"),
            (r#"{"v":["high"]}"#, "none of"),
        ] {
            let error = severity(&answer, body).unwrap_err();
            assert!(error.contains(why), "{body}: {error}");
        }
        assert_eq!(answer.unknown(), None);
        let all = Answer::parse("$.v[*].x", None, Some("a: 1, b: 2, missing: 0")).unwrap();
        assert_eq!(
            severity(&all, r#"{"v":[{"x":"a"},{"x":"b"},{"x":"a"}]}"#),
            Ok(2)
        );
        assert_eq!(severity(&all, r#"{"v":[]}"#), Ok(0));
    }

    #[test]
    fn paths_and_rules_that_are_none_are_refused() {
        let error = |verdict, rules| Answer::parse(verdict, None, rules).unwrap_err().to_string();
        assert!(error("v", None).contains("'verdict' = 'v' is no JSON path"));
        for rules in ["", "bad", "bad: 4", "bad: x", ">=x: 1", ": 1", "a: 1,"] {
            assert!(
                error("$.v", Some(rules)).contains("is not accepted"),
                "{rules}"
            );
        }
    }
}
