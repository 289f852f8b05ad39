//! What a service is made with: its URL and options.

use std::time::Duration;

use spotql_functions::services::{Answer, AnswerError, Template, TemplateError};

use crate::network::{SecretError, expanded};
use crate::options::OptionError;

/// The longest time that an option takes.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// The options of a service, for error texts.
const OPTIONS: &str = "verdict, severities, text, header.NAME, timeout, rate, parallel, expires, max_requests, max_wait";

/// What is wrong with the definition of a service.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DefinitionError {
    #[error("the URL: {0}")]
    Url(SecretError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error(transparent)]
    Option(#[from] OptionError),
    #[error("the option '{0}': this is no name of a header")]
    Header(String),
    #[error(
        "the option 'verdict' is missing: the JSON path to the verdict in the service's answer, such as '$.data.verdict'"
    )]
    NoVerdict,
}

/// What a service was made with.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) template: Template,
    pub(super) answer: Answer,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Duration,
    /// Between the beginnings of two requests, in the long run.
    pub(super) spacing: Duration,
    /// How far requests may be ahead of that: so many as the rate allows may begin at once.
    pub(super) burst: Duration,
    /// As it was written.
    pub(super) rate: String,
    pub(super) parallel: usize,
    pub(super) expires: Duration,
    pub(super) max_requests: usize,
    pub(super) max_wait: Duration,
}

impl Definition {
    pub(super) fn parse(url: &str, options: &[(String, String)]) -> Result<Self, DefinitionError> {
        let mut verdict = None;
        let (mut text, mut severities) = (None, None);
        check_secrets(url).map_err(DefinitionError::Url)?;
        let mut definition = Self {
            template: Template::parse(url)?,
            answer: Answer::parse("$", None, None)?,
            headers: Vec::new(),
            timeout: Duration::from_secs(5),
            spacing: Duration::from_millis(100),
            burst: Duration::from_millis(900),
            rate: "10/s".to_owned(),
            parallel: 4,
            expires: Duration::from_secs(24 * 3600),
            max_requests: 1000,
            max_wait: Duration::from_secs(60),
        };
        for (key, value) in options {
            let wrong = |accepted: &str| OptionError::value(key, value, accepted);
            let duration = || match humantime::parse_duration(value) {
                Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(duration),
                _ => Err(wrong(
                    "a time such as '5 s', '2 min', '12 hours' or '1 day', 30 days at most",
                )),
            };
            let count = || match value.parse() {
                Ok(count @ 1_usize..) => Ok(count),
                _ => Err(wrong("a whole number from 1 on")),
            };
            match key.as_str() {
                "verdict" => verdict = Some(value.as_str()),
                "text" => text = Some(value.as_str()),
                "severities" => severities = Some(value.as_str()),
                "timeout" => definition.timeout = duration()?,
                "expires" => definition.expires = duration()?,
                "max_wait" => definition.max_wait = duration()?,
                "parallel" => definition.parallel = count()?.min(100),
                "max_requests" => definition.max_requests = count()?,
                "rate" => {
                    (definition.spacing, definition.burst) = spacing(value).ok_or_else(|| {
                        wrong("a number a time, such as '10/s', '4/min', '500/day'")
                    })?;
                    definition.rate.clone_from(value);
                }
                _ => match key.strip_prefix("header.") {
                    Some(name) if is_token(name) => {
                        if value.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
                            return Err(wrong("a text of ASCII characters on one line").into());
                        }
                        check_secrets(value).map_err(|why| wrong(&why.to_string()))?;
                        definition.headers.push((name.to_owned(), value.clone()));
                    }
                    Some(_) => {
                        return Err(DefinitionError::Header(key.clone()));
                    }
                    None => {
                        return Err(OptionError::unknown(key, OPTIONS).into());
                    }
                },
            }
        }
        let verdict = verdict.ok_or(DefinitionError::NoVerdict)?;
        definition.answer = Answer::parse(verdict, text, severities)?;
        Ok(definition)
    }
}

/// `10/s` as the time between two, and between the first and the last of ten.
fn spacing(rate: &str) -> Option<(Duration, Duration)> {
    let (count, unit) = rate.split_once('/')?;
    let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "second" => 1,
        "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 24 * 3600,
        _ => return None,
    };
    let unit = Duration::from_secs(unit);
    Some((unit / count, unit - unit / count))
}

/// Whether a text may be the name of a header (RFC 9110, token).
fn is_token(name: &str) -> bool {
    let special = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || special(byte))
}

/// Whether a text takes from the environment only what it may. Whether that is set is seen when the service is asked, by
/// whichever program does.
fn check_secrets(text: &str) -> Result<(), SecretError> {
    expanded(text, |_| Some(String::new())).map(drop)
}

/// Options as they may be shown: what might be a secret, because it is not of the environment, is not.
pub(crate) fn shown_options(options: &[(String, String)]) -> Vec<(String, String)> {
    let secret = |key: &str| {
        let words = ["header.", "password", "secret", "token", "key"];
        words
            .iter()
            .any(|word| key.to_ascii_lowercase().contains(word))
    };
    // `$NAME`, or a scheme of authentication before it.
    let of_environment = |value: &str| {
        let name = value.rsplit(' ').next().unwrap_or_default();
        let rest = name.strip_prefix('$').unwrap_or_default();
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && value.matches('$').count() == 1
            && value.split(' ').count() <= 2
    };
    let shown = options.iter().map(|(key, value)| {
        let hidden = secret(key) && !of_environment(value);
        let value = if hidden { "…" } else { value };
        (key.clone(), value.to_owned())
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<Definition, DefinitionError> {
        let owned = options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Definition::parse("https://h/{value}", &owned.collect::<Vec<_>>())
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = |key: &str, value: &str| {
            let options = [(key.to_owned(), value.to_owned())];
            shown_options(&options)[0].1.clone()
        };
        for (key, value) in [
            ("header.key", "$SPOTQL_A"),
            ("header.authorization", "Bearer $SPOTQL_A"),
            ("password", "$SPOTQL_A"),
            ("timeout", "5 s"),
        ] {
            assert_eq!(shown(key, value), value, "{key}");
        }
        for (key, value) in [
            ("header.key", "hunter2"),
            ("header.key", "lit$$eral"),
            ("header.authorization", "Basic $SPOTQL_A:hunter2"),
            ("header.authorization", "Basic hunter2 $SPOTQL_A"),
            ("Password", "hunter2"),
        ] {
            assert_eq!(shown(key, value), "…", "{key} {value}");
        }
    }

    #[test]
    fn options_are_times_rates_and_numbers() {
        let definition = parse(&[
            ("verdict", "$.v"),
            ("timeout", "2 s"),
            ("rate", "4/min"),
            ("expires", "12 hours"),
            ("max_requests", "7"),
            ("header.x-key", "Bearer $SPOTQL_KEY"),
        ])
        .unwrap();
        assert_eq!(definition.timeout, Duration::from_secs(2));
        assert_eq!(definition.spacing, Duration::from_secs(15));
        assert_eq!(definition.burst, Duration::from_secs(45));
        assert_eq!(definition.expires, Duration::from_secs(43_200));
        assert_eq!(definition.max_requests, 7);
        for (key, value, why) in [
            ("timeout", "soon", "a time such as"),
            ("timeout", "0s", "a time such as"),
            ("max_wait", "500000000000 years", "30 days at most"),
            ("rate", "10", "a number a time"),
            ("rate", "0/s", "a number a time"),
            ("rate", "1/fortnight", "a number a time"),
            ("parallel", "0", "a whole number"),
            ("header.a b", "x", "no name of a header"),
            ("header.x", "a\nb", "on one line"),
            ("header.x", "$HOME", "begins with SPOTQL_"),
            ("severities", "bad", "is not accepted"),
            ("colour", "red", "there is no option 'colour'"),
        ] {
            let error = parse(&[("verdict", "$.v"), (key, value)])
                .unwrap_err()
                .to_string();
            assert!(error.contains(why), "{key} = {value}: {error}");
        }
        assert!(
            parse(&[])
                .unwrap_err()
                .to_string()
                .contains("'verdict' is missing")
        );
    }
}
