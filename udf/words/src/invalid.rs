//! Which records are valid, and of an invalid one the first reason why it is not.
//!
//! Fields are checked in the order of the SQL functions' arguments. A valid record may still have
//! no word: an hour that is no number is found only when the word is made.

use std::fmt;

use spotql_values::absent::is_absent;

/// Why a record is invalid. Its text names the field and the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// A field is missing.
    Null(&'static str),
    /// A text field holds nothing, or what stands for nothing: `''`, `-`, `(empty)` or blanks.
    Blank(&'static str, &'a str),
    /// A number is below 0.
    Negative(&'static str, i64),
    /// A number is not in 0 to the last one accepted.
    Outside(&'static str, i64, i64),
    /// Class, type and response code of a DNS answer all say nothing.
    NoDnsCode,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(field) => write!(f, "{field} is null"),
            Self::Blank(field, "") => write!(f, "{field} is empty"),
            Self::Blank(field, value) => write!(f, "{field} is '{value}'"),
            Self::Negative(field, value) => write!(f, "{field} {value} is negative"),
            Self::Outside(field, value, last) => {
                write!(f, "{field} {value} is not in 0..{last}")
            }
            Self::NoDnsCode => {
                f.write_str("dns_qry_class, dns_qry_type and dns_qry_rcode all say nothing")
            }
        }
    }
}

type Verdict<'a> = Result<(), Reason<'a>>;

/// A field that only has to be there, of any type.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// It is null.
    Null,
    /// A text, which may stand for nothing.
    Text(&'a str),
    /// Anything else, which is there.
    Other,
}

/// The fields of a netflow record that decide whether it is valid; `None` is null.
#[derive(Debug, Clone, Copy)]
pub struct FlowFields<'a> {
    /// `treceived`
    pub treceived: Field<'a>,
    /// Hour, valid in 0..23.
    pub trhour: Option<i64>,
    /// Minute, valid in 0..59.
    pub trminute: Option<i64>,
    /// Second, valid in 0..59.
    pub trsec: Option<i64>,
    /// `sip`
    pub sip: Field<'a>,
    /// `dip`
    pub dip: Field<'a>,
    /// Source port, valid from 0.
    pub sport: Option<i64>,
    /// Destination port, valid from 0.
    pub dport: Option<i64>,
    /// Bytes, valid from 0.
    pub ibyt: Option<i64>,
    /// Packets, valid from 0.
    pub ipkt: Option<i64>,
}

impl<'a> FlowFields<'a> {
    /// The first reason why the record is invalid.
    #[inline]
    pub fn check(&self) -> Verdict<'a> {
        present("treceived", self.treceived)?;
        up_to(23, "trhour", self.trhour)?;
        up_to(59, "trminute", self.trminute)?;
        up_to(59, "trsec", self.trsec)?;
        present("sip", self.sip)?;
        present("dip", self.dip)?;
        not_negative("sport", self.sport)?;
        not_negative("dport", self.dport)?;
        not_negative("ibyt", self.ibyt)?;
        not_negative("ipkt", self.ipkt)
    }
}

/// The fields of a DNS answer that decide whether it is valid; `None` is null.
#[derive(Debug, Clone, Copy)]
pub struct DnsFields<'a> {
    /// Time, valid unless `''` or `-`.
    pub frame_time: Option<&'a str>,
    /// Seconds since 1970, valid from 0.
    pub unix_tstamp: Option<i64>,
    /// Length of the frame, valid from 0.
    pub frame_len: Option<i64>,
    /// The client, valid unless `''` or `-`.
    pub ip_dst: Option<&'a str>,
    /// The name, valid unless `''`, `-` or `(empty)`.
    pub dns_qry_name: Option<&'a str>,
    /// The class; says something unless `''` or `-`.
    pub dns_qry_class: Option<&'a str>,
    /// The type; says something if it is there.
    pub dns_qry_type: Option<i64>,
    /// The response code; says something from 0.
    pub dns_qry_rcode: Option<i64>,
}

impl<'a> DnsFields<'a> {
    /// The first reason why the record is invalid.
    #[inline]
    pub fn check(&self) -> Verdict<'a> {
        filled("frame_time", self.frame_time)?;
        not_negative("unix_tstamp", self.unix_tstamp)?;
        not_negative("frame_len", self.frame_len)?;
        filled("ip_dst", self.ip_dst)?;
        filled("dns_qry_name", self.dns_qry_name)?;
        let says_something = filled("dns_qry_class", self.dns_qry_class).is_ok()
            || self.dns_qry_type.is_some()
            || self.dns_qry_rcode.is_some_and(|code| code >= 0);
        says_something.then_some(()).ok_or(Reason::NoDnsCode)
    }
}

/// The fields of a web request that must be there.
#[derive(Debug, Clone, Copy)]
pub struct ProxyFields<'a> {
    /// `p_date`
    pub p_date: Field<'a>,
    /// `p_time`
    pub p_time: Field<'a>,
    /// `clientip`
    pub clientip: Field<'a>,
    /// `host`
    pub host: Field<'a>,
    /// `fulluri`
    pub fulluri: Field<'a>,
}

impl<'a> ProxyFields<'a> {
    /// The first reason why the record is invalid.
    #[inline]
    pub fn check(&self) -> Verdict<'a> {
        present("p_date", self.p_date)?;
        present("p_time", self.p_time)?;
        present("clientip", self.clientip)?;
        present("host", self.host)?;
        present("fulluri", self.fulluri)
    }
}

#[inline]
fn present<'a>(field: &'static str, value: Field<'a>) -> Verdict<'a> {
    match value {
        Field::Null => Err(Reason::Null(field)),
        Field::Text(text) => filled(field, Some(text)),
        Field::Other => Ok(()),
    }
}

#[inline]
fn not_negative(field: &'static str, value: Option<i64>) -> Verdict<'static> {
    match value {
        Some(0..) => Ok(()),
        Some(value) => Err(Reason::Negative(field, value)),
        None => Err(Reason::Null(field)),
    }
}

#[inline]
fn up_to(last: i64, field: &'static str, value: Option<i64>) -> Verdict<'static> {
    match value {
        Some(value) if (0..=last).contains(&value) => Ok(()),
        Some(value) => Err(Reason::Outside(field, value, last)),
        None => Err(Reason::Null(field)),
    }
}

#[inline]
fn filled<'a>(field: &'static str, value: Option<&'a str>) -> Verdict<'a> {
    match value {
        Some(value) if is_absent(value) => Err(Reason::Blank(field, value)),
        Some(_) => Ok(()),
        None => Err(Reason::Null(field)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: FlowFields<'_> = FlowFields {
        treceived: Field::Other,
        trhour: Some(23),
        trminute: Some(59),
        trsec: Some(0),
        sip: Field::Text("10.0.0.1"),
        dip: Field::Text("10.0.0.2"),
        sport: Some(0),
        dport: Some(65_535),
        ibyt: Some(0),
        ipkt: Some(0),
    };

    const DNS: DnsFields<'_> = DnsFields {
        frame_time: Some("Jul  8 2016 00:04:17.123000000 UTC"),
        unix_tstamp: Some(0),
        frame_len: Some(0),
        ip_dst: Some("10.0.0.1"),
        dns_qry_name: Some("example.com"),
        dns_qry_class: None,
        dns_qry_type: None,
        dns_qry_rcode: Some(0),
    };

    fn reason(verdict: Verdict<'_>) -> String {
        verdict.map_or_else(|reason| reason.to_string(), |()| "valid".into())
    }

    #[test]
    fn the_limits_of_a_flow_are_valid() {
        assert_eq!(reason(FLOW.check()), "valid");
    }

    #[test]
    fn a_flow_says_which_field_is_wrong_and_how() {
        let cases = [
            (
                FlowFields {
                    treceived: Field::Null,
                    ..FLOW
                },
                "treceived is null",
            ),
            (
                FlowFields {
                    trhour: Some(25),
                    ..FLOW
                },
                "trhour 25 is not in 0..23",
            ),
            (
                FlowFields {
                    trhour: None,
                    ..FLOW
                },
                "trhour is null",
            ),
            (
                FlowFields {
                    trminute: Some(60),
                    ..FLOW
                },
                "trminute 60 is not in 0..59",
            ),
            (
                FlowFields {
                    trsec: Some(-1),
                    ..FLOW
                },
                "trsec -1 is not in 0..59",
            ),
            (
                FlowFields {
                    sip: Field::Null,
                    ..FLOW
                },
                "sip is null",
            ),
            (
                FlowFields {
                    sip: Field::Text(""),
                    ..FLOW
                },
                "sip is empty",
            ),
            (
                FlowFields {
                    dip: Field::Text("-"),
                    ..FLOW
                },
                "dip is '-'",
            ),
            (
                FlowFields {
                    dip: Field::Text("  "),
                    ..FLOW
                },
                "dip is '  '",
            ),
            (
                FlowFields {
                    dport: Some(-5),
                    ..FLOW
                },
                "dport -5 is negative",
            ),
            (FlowFields { ipkt: None, ..FLOW }, "ipkt is null"),
        ];
        for (flow, expected) in cases {
            assert_eq!(reason(flow.check()), expected);
        }
    }

    #[test]
    fn the_first_of_several_reasons_is_given() {
        let flow = FlowFields {
            trsec: Some(99),
            sip: Field::Null,
            sport: None,
            ..FLOW
        };
        assert_eq!(reason(flow.check()), "trsec 99 is not in 0..59");
    }

    #[test]
    fn what_stands_for_nothing_in_an_answer_is_nothing() {
        let cases = [
            (
                DnsFields {
                    frame_time: Some("-"),
                    ..DNS
                },
                "frame_time is '-'",
            ),
            (
                DnsFields {
                    frame_len: Some(-1),
                    ..DNS
                },
                "frame_len -1 is negative",
            ),
            (
                DnsFields {
                    unix_tstamp: None,
                    ..DNS
                },
                "unix_tstamp is null",
            ),
            (
                DnsFields {
                    dns_qry_name: Some("(empty)"),
                    ..DNS
                },
                "dns_qry_name is '(empty)'",
            ),
            (
                DnsFields {
                    ip_dst: Some(""),
                    ..DNS
                },
                "ip_dst is empty",
            ),
        ];
        for (answer, expected) in cases {
            assert_eq!(reason(answer.check()), expected);
        }
    }

    #[test]
    fn one_of_class_type_and_code_is_enough() {
        let nothing = DnsFields {
            dns_qry_rcode: Some(-1),
            dns_qry_class: Some("-"),
            ..DNS
        };
        assert_eq!(
            reason(nothing.check()),
            "dns_qry_class, dns_qry_type and dns_qry_rcode all say nothing"
        );
        let with_class = DnsFields {
            dns_qry_class: Some("0x00000001"),
            ..nothing
        };
        let with_type = DnsFields {
            dns_qry_type: Some(-1),
            ..nothing
        };
        for answer in [DNS, with_class, with_type] {
            assert_eq!(reason(answer.check()), "valid");
        }
    }

    #[test]
    fn a_request_needs_all_five_fields() {
        let request = ProxyFields {
            p_date: Field::Other,
            p_time: Field::Other,
            clientip: Field::Other,
            host: Field::Other,
            fulluri: Field::Other,
        };
        assert_eq!(reason(request.check()), "valid");
        let nameless = ProxyFields {
            host: Field::Null,
            fulluri: Field::Null,
            ..request
        };
        assert_eq!(reason(nameless.check()), "host is null");
    }
}
