//! What a list says of addresses, names and URLs.

use super::*;

const PLAIN: Indicator<'_> = Indicator {
    value: "",
    text: "x",
    severity: 3,
    first_seen: None,
    last_seen: None,
    valid_from: None,
    expires: None,
};

fn list(values: &[&str]) -> IndicatorList {
    let mut builder = IndicatorListBuilder::default();
    for value in values {
        builder.add(&Indicator { value, ..PLAIN }).unwrap();
    }
    builder.build("list.txt").unwrap()
}

fn found(list: &IndicatorList, value: &str) -> Option<String> {
    list.find(value, 0)
        .map(|found| found.indicator.into_owned())
}

#[test]
fn a_block_that_holds_half_the_internet_is_a_mistake() {
    let list = list(&[
        "0.0.0.0/0",
        "0.0.0.0-255.0.0.0",
        "::/0",
        "2000::/3",
        "9.0.0.0/8",
    ]);
    assert_eq!((list.len(), list.unusable()), (1, 4));
    assert_eq!(found(&list, "8.8.8.8"), None);
    assert_eq!(found(&list, "9.1.1.1").as_deref(), Some("9.0.0.0/8"));
}

#[test]
fn addresses_are_in_their_most_specific_range() {
    let list = list(&[
        "192.0.2.0/24",
        "192.0.2.7",
        "http://198.51.100.1",
        "198.51.100.2:8080",
        "2001:db8::/32",
    ]);
    let is = |value: &str, expected: Option<&str>| {
        assert_eq!(found(&list, value).as_deref(), expected, "{value}");
    };
    is("192.0.2.7", Some("192.0.2.7"));
    is("192.0.2.8", Some("192.0.2.0/24"));
    is("::ffff:192.0.2.8", Some("192.0.2.0/24"));
    is("198.51.100.1", Some("198.51.100.1"));
    is("198.51.100.2", Some("198.51.100.2"));
    is("http://192.0.2.7/any/path", Some("192.0.2.7"));
    is("2001:db8::1", Some("2001:db8::/32"));
    is("http://[2001:db8::1]:8080/x", Some("2001:db8::/32"));
    for value in ["192.0.3.1", "10.0.0.1", "", "-", "192.0.2", "::1"] {
        is(value, None);
    }
}

#[test]
fn names_are_on_the_list_with_any_parent() {
    let list = list(&["Evil.example.com.", "*.bad.org", "com.invalid"]);
    let is = |value: &str, expected: Option<&str>| {
        assert_eq!(found(&list, value).as_deref(), expected, "{value}");
    };
    is("evil.example.com", Some("evil.example.com"));
    is("a.b.EVIL.example.COM.", Some("evil.example.com"));
    is("www.bad.org", Some("bad.org"));
    is("https://user@www.bad.org:8443/x?y", Some("bad.org"));
    for value in [
        "notevil.example.com",
        "example.com",
        "com",
        "bad.org.x",
        "localhost",
    ] {
        is(value, None);
    }
}

#[test]
fn a_url_within_a_url_is_not_looked_at() {
    let list = list(&["bad.example.com"]);
    let inner = "good.example.org/r?to=http://bad.example.com/";
    assert_eq!(found(&list, inner), None);
    let outer = "bad.example.com/?u=http://good.example.org/";
    assert_eq!(found(&list, outer).as_deref(), Some("bad.example.com"));
    for long in [
        "/".repeat(100_000),
        "/a".repeat(50_000),
        "a.".repeat(50_000),
    ] {
        assert_eq!(found(&list, &format!("x.example.net{long}")), None);
    }
}

#[test]
fn urls_are_on_the_list_by_the_beginning_of_their_path() {
    let list = list(&[
        "http://files.example.com/a/b",
        "x.org/p.php?id=1",
        "198.51.100.1/gate",
    ]);
    let is = |value: &str, expected: Option<&str>| {
        assert_eq!(found(&list, value).as_deref(), expected, "{value}");
    };
    is("files.example.com/a/b", Some("files.example.com/a/b"));
    is(
        "https://FILES.example.com:443/a/b/c/d?e",
        Some("files.example.com/a/b"),
    );
    is("files.example.com/a/b/", Some("files.example.com/a/b"));
    is("x.org/p.php?id=1", Some("x.org/p.php?id=1"));
    is("198.51.100.1/gate?x", Some("198.51.100.1/gate"));
    for value in [
        "files.example.com/a/bc",
        "files.example.com/A/B",
        "files.example.com",
        "x.org/p.php",
        "www.x.org/p.php?id=1",
        "198.51.100.1",
    ] {
        is(value, None);
    }
}

#[test]
fn a_path_alone_is_on_the_list_on_any_host_and_private_addresses_never_are() {
    let list = list(&[
        "/gate/load.php",
        "10.0.0.1",
        "192.168.0.0/16",
        "192.0.0.0/8",
        "/",
    ]);
    assert_eq!(
        found(&list, "x.example.com/gate/load.php?id=1").as_deref(),
        Some("/gate/load.php")
    );
    assert_eq!(found(&list, "x.example.com/a/gate/load.php"), None);
    assert_eq!(found(&list, "x.example.com/"), None);
    assert_eq!((list.len(), list.unusable()), (2, 3));
    for value in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1"] {
        assert_eq!(found(&list, value), None, "{value}");
    }
    assert_eq!(found(&list, "192.1.1.1").as_deref(), Some("192.0.0.0/8"));
}

#[test]
fn what_has_expired_hides_nothing() {
    let mut builder = IndicatorListBuilder::new(1000);
    for (severity, expires) in [(3, Some(1000)), (1, Some(2000)), (3, Some(999))] {
        let indicator = Indicator {
            value: "192.0.2.1",
            severity,
            expires,
            ..PLAIN
        };
        builder.add(&indicator).unwrap();
    }
    let list = builder.build("list.txt").unwrap();
    assert_eq!(list.find("192.0.2.1", 1000).unwrap().severity, 1);
    assert_eq!((list.len(), list.unusable()), (1, 0));
}

#[test]
fn the_worse_one_of_two_counts_and_none_after_it_has_expired() {
    let mut builder = IndicatorListBuilder::default();
    for (value, severity, expires) in [
        ("192.0.2.1", 1, None),
        ("192.0.2.1", 3, Some(100)),
        ("a.example.com", 2, Some(100)),
        ("a.example.com", 1, None),
        ("example.com", 1, None),
    ] {
        let indicator = Indicator {
            value,
            severity,
            expires,
            last_seen: Some(50),
            ..PLAIN
        };
        builder.add(&indicator).unwrap();
    }
    let list = builder.build("list.txt").unwrap();
    let severity = |value: &str, now| list.find(value, now).map(|found| found.severity);
    assert_eq!(severity("192.0.2.1", 99), Some(3));
    assert_eq!(severity("192.0.2.1", 100), None);
    assert_eq!(severity("a.example.com", 99), Some(2));
    assert_eq!(severity("a.example.com", 100), Some(1));
    assert_eq!(list.find("example.com", 0).unwrap().last_seen, Some(50));
}

#[test]
fn what_is_no_indicator_is_counted_and_a_list_of_nothing_refused() {
    let some = list(&[
        "evil.example.com",
        "no indicator",
        "word",
        "a..b",
        "10.0.0.0/99",
        "",
    ]);
    assert_eq!((some.len(), some.unusable()), (1, 5));
    let mut builder = IndicatorListBuilder::default();
    builder
        .add(&Indicator {
            value: "word",
            ..PLAIN
        })
        .unwrap();
    let error = builder.build("list.txt").unwrap_err().to_string();
    assert!(
        error.contains("'list.txt' holds no indicators") && error.contains("'word'"),
        "{error}"
    );
}
