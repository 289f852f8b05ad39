//! The text of an indicator, from how people write it to what it means: defanged values, quotes, names in other scripts.

use std::borrow::Cow;

use spotql_values::address::Address;

/// What stands for a dot, a colon, and so on, so that nobody clicks on it.
const FANGS: [(&str, &str); 17] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("\\.", "."),
    ("[://]", "://"),
    ("[:]//", "://"),
    ("[:]", ":"),
    ("[/]", "/"),
    ("[@]", "@"),
    ("(at)", "@"),
    ("[at]", "@"),
    ("[.", "."),
    (".]", "."),
    ("[www]", "www"),
];

/// The value as it is meant. Owned if it was defanged.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let text = unquoted(text);
    let scheme = text.split_once("://").or_else(|| text.split_once("[:"));
    let has_scheme = scheme.is_some_and(|(scheme, _)| real_scheme(scheme).is_some());
    if !has_scheme && !text.contains(['[', '(', '{', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut plain = text.to_owned();
    for (fang, meant) in FANGS {
        if plain.contains(fang) {
            plain = plain.replace(fang, meant);
        } else if let Some(at) = plain.to_ascii_lowercase().find(fang) {
            plain.replace_range(at..at + fang.len(), meant);
        }
    }
    if let Some((scheme, rest)) = plain.split_once("://")
        && let Some(real) = real_scheme(scheme)
    {
        plain = format!("{real}://{rest}");
    }
    match plain == text {
        true => Cow::Borrowed(text),
        false => Cow::Owned(plain),
    }
}

/// The scheme that `hxxp`, `h**p` and their like stand for.
fn real_scheme(scheme: &str) -> Option<&'static str> {
    match scheme.to_ascii_lowercase().as_str() {
        "hxxp" | "hxtp" | "htxp" | "h**p" | "h__p" | "meow" => Some("http"),
        "hxxps" | "hxtps" | "htxps" | "h**ps" | "h__ps" => Some("https"),
        "fxp" => Some("ftp"),
        _ => None,
    }
}

/// Without quotes or angle brackets around it.
fn unquoted(text: &str) -> &str {
    for (open, close) in [('"', '"'), ('\'', '\''), ('<', '>'), ('`', '`')] {
        if let Some(inner) = text
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(close))
        {
            return inner.trim();
        }
    }
    text
}

/// A host's name in ASCII (UTS 46): `bücher.example` as DNS and its logs have it. `None` if it can be no name.
#[inline]
pub(super) fn ascii_host(host: &str) -> Option<Cow<'_, str>> {
    if host.is_ascii() {
        return Some(Cow::Borrowed(host));
    }
    idna::domain_to_ascii(host).ok().map(Cow::Owned)
}

/// Why a text is no indicator, as far as can be told.
pub(super) fn why_not(text: &str) -> &'static str {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let numbers = host
        .split('.')
        .filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let parts: Vec<&str> = numbers.collect();
    let is_address = parts.len() == 4 && Address::parse(host).is_none();
    if is_address
        && parts
            .iter()
            .any(|part| part.len() > 1 && part.starts_with('0'))
    {
        return "a part of the address begins with 0, which some programs take for an octal number";
    }
    if is_address {
        return "it is no address: a part is greater than 255";
    }
    if host.contains('@') {
        return "an e-mail address is no address, name or URL";
    }
    if !text.contains(['.', ':', '/']) {
        return "a single word is no address, name or URL";
    }
    "it is no address, CIDR block, range, name or URL"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defanged_values_are_what_they_mean_and_others_are_untouched() {
        for (text, meant) in [
            ("evil[.]example[.]com", "evil.example.com"),
            ("hxxps://bad[.]example[.]net/a", "https://bad.example.net/a"),
            (
                "hXXp[:]//bad(.)example{.}net:8080/a",
                "http://bad.example.net:8080/a",
            ),
            ("203[.]0[.]113[.]7", "203.0.113.7"),
            ("203.0.113[.7", "203.0.113.7"),
            ("evil[dot]example(DOT)com", "evil.example.com"),
            ("evil\\.example\\.com", "evil.example.com"),
            ("fxp[://]files.example.com", "ftp://files.example.com"),
        ] {
            let plain = plain(text);
            assert_eq!(plain, meant);
            assert!(matches!(plain, Cow::Owned(_)), "{text}");
        }
        for text in [
            "http://[2001:db8::1]:8080/x",
            "[::1]",
            "x.example.com/a(b)",
            "http://x.example.com/?a[]=1",
        ] {
            assert!(matches!(plain(text), Cow::Borrowed(_)), "{text}");
        }
        assert_eq!(plain("\"quoted.example.com\""), "quoted.example.com");
    }

    #[test]
    fn names_of_other_scripts_are_those_of_dns() {
        let ascii = |host: &str| ascii_host(host).map(Cow::into_owned);
        assert_eq!(
            ascii("bücher.example").as_deref(),
            Some("xn--bcher-kva.example")
        );
        assert_eq!(ascii("Über.example.com"), ascii("über.example.com"));
        assert_eq!(ascii("plain.example").as_deref(), Some("plain.example"));
    }
}
