//! IP addresses and ranges of them, as lists and logs write them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An IP address. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`, RFC 4291) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// IPv4.
    V4(u32),
    /// IPv6.
    V6(u128),
}

impl Address {
    /// Reads an address; blanks around it do not matter, nor do brackets around IPv6. `None` for anything else.
    #[inline]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(address) = parse_v4(text.as_bytes()) {
            return Some(Self::V4(address));
        }
        let text = text.trim();
        let text = text
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(text);
        if !text.contains(':') {
            return parse_v4(text.as_bytes()).map(Self::V4);
        }
        let address: Ipv6Addr = text.parse().ok()?;
        Some(match address.to_ipv4_mapped() {
            Some(mapped) => Self::V4(u32::from(mapped)),
            None => Self::V6(u128::from(address)),
        })
    }

    /// Whether it is for private use (RFC 1918, RFC 4193) or the machine's own (loopback, link-local: RFC 1122, 3927,
    /// 4291): another host in every network.
    pub fn is_private(self) -> bool {
        PRIVATE.iter().any(|range| range.holds(self))
    }

    /// As the standard library has it.
    pub fn to_std(self) -> std::net::IpAddr {
        match self {
            Self::V4(address) => Ipv4Addr::from(address).into(),
            Self::V6(address) => Ipv6Addr::from(address).into(),
        }
    }
}

const PRIVATE: [AddressRange; 8] = [
    AddressRange::V4(0x0A00_0000, 0x0AFF_FFFF),
    AddressRange::V4(0xAC10_0000, 0xAC1F_FFFF),
    AddressRange::V4(0xC0A8_0000, 0xC0A8_FFFF),
    AddressRange::V4(0x7F00_0000, 0x7FFF_FFFF),
    AddressRange::V4(0xA9FE_0000, 0xA9FE_FFFF),
    AddressRange::V6(0xFC << 120, (0xFE << 120) - 1),
    AddressRange::V6(0xFE80 << 112, (0xFEC0 << 112) - 1),
    AddressRange::V6(1, 1),
];

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_std().fmt(f)
    }
}

/// Four decimal numbers with dots between, which is what nearly all logs hold: several times faster than
/// the standard library's. Leading zeros are refused, as there: some programs take them for octal.
#[inline]
fn parse_v4(text: &[u8]) -> Option<u32> {
    if text.len() > 15 {
        return None;
    }
    let (mut address, mut octet, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                if digits > 0 && octet == 0 {
                    return None;
                }
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
                if octet > 255 {
                    return None;
                }
            }
            b'.' if digits > 0 && dots < 3 => {
                address = address << 8 | octet;
                (octet, digits) = (0, 0);
                dots += 1;
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0).then_some(address << 8 | octet)
}

/// Addresses from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressRange {
    /// IPv4.
    V4(u32, u32),
    /// IPv6.
    V6(u128, u128),
}

impl AddressRange {
    /// All addresses from `first` to `last`; `None` if they are of two kinds or in the wrong order.
    pub fn between(first: Address, last: Address) -> Option<Self> {
        match (first, last) {
            (Address::V4(first), Address::V4(last)) if first <= last => Some(Self::V4(first, last)),
            (Address::V6(first), Address::V6(last)) if first <= last => Some(Self::V6(first, last)),
            _ => None,
        }
    }

    /// Whether all of it is private, see [`Address::is_private`].
    pub fn is_private(self) -> bool {
        let [first, last] = match self {
            Self::V4(first, last) => [Address::V4(first), Address::V4(last)],
            Self::V6(first, last) => [Address::V6(first), Address::V6(last)],
        };
        PRIVATE
            .iter()
            .any(|range| range.holds(first) && range.holds(last))
    }

    /// Whether it is more than a /8 of IPv4, or a /16 of IPv6: nobody's network is.
    pub fn is_too_wide(self) -> bool {
        match self {
            Self::V4(first, last) => last - first >= 1 << 24,
            Self::V6(first, last) => last - first >= 1 << 112,
        }
    }

    /// Whether it is a CIDR block of several addresses.
    pub fn is_block(self) -> bool {
        match self {
            Self::V4(first, last) => {
                let size = u64::from(last - first) + 1;
                size > 1 && size.is_power_of_two() && u64::from(first).is_multiple_of(size)
            }
            Self::V6(first, last) => (last - first).checked_add(1).is_some_and(|size| {
                size > 1 && size.is_power_of_two() && first.is_multiple_of(size)
            }),
        }
    }

    /// Whether an address is in it.
    pub fn holds(self, address: Address) -> bool {
        match (self, address) {
            (Self::V4(first, last), Address::V4(address)) => (first..=last).contains(&address),
            (Self::V6(first, last), Address::V6(address)) => (first..=last).contains(&address),
            _ => false,
        }
    }

    /// Reads an address, a CIDR block (`10.0.0.0/8`; bits after the prefix do not matter) or a range
    /// (`10.0.0.1-10.0.0.9`). `None` for anything else.
    ///
    /// ```
    /// use spotql_values::address::AddressRange;
    /// assert_eq!(AddressRange::parse("10.1.2.3/8"), Some(AddressRange::V4(0x0A00_0000, 0x0AFF_FFFF)));
    /// assert_eq!(AddressRange::parse("10.0.0.9-10.0.0.1"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((first, last)) = text.split_once('-') {
            return Self::between(Address::parse(first)?, Address::parse(last)?);
        }
        let Some((address, prefix)) = text.split_once('/') else {
            let address = Address::parse(text)?;
            return Self::between(address, address);
        };
        let prefix = prefix.trim();
        if prefix.is_empty() || prefix.len() > 3 || !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let prefix: u32 = prefix.parse().ok()?;
        match Address::parse(address)? {
            // An IPv4 address in IPv6 notation may bring an IPv6 prefix along.
            Address::V4(address) => {
                let prefix = match (address_is_v6(text), prefix) {
                    (true, 96..=128) => prefix - 96,
                    (false, 0..=32) => prefix,
                    _ => return None,
                };
                let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
                Some(Self::V4(address & !hosts, address | hosts))
            }
            Address::V6(address) if prefix <= 128 => {
                let hosts = u128::MAX.checked_shr(prefix).unwrap_or(0);
                Some(Self::V6(address & !hosts, address | hosts))
            }
            Address::V6(_) => None,
        }
    }
}

/// As it is read: an address, a CIDR block where it is one, or a range.
impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last, prefix) = match *self {
            Self::V4(first, last) => {
                let hosts = first ^ last;
                let block = first & hosts == 0 && hosts & hosts.wrapping_add(1) == 0;
                let prefix = block.then(|| hosts.leading_zeros());
                (Address::V4(first), Address::V4(last), prefix)
            }
            Self::V6(first, last) => {
                let hosts = first ^ last;
                let block = first & hosts == 0 && hosts & hosts.wrapping_add(1) == 0;
                let prefix = block.then(|| hosts.leading_zeros());
                (Address::V6(first), Address::V6(last), prefix)
            }
        };
        match prefix {
            _ if first == last => first.fmt(f),
            Some(prefix) => write!(f, "{first}/{prefix}"),
            None => write!(f, "{first}-{last}"),
        }
    }
}

fn address_is_v6(text: &str) -> bool {
    text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0.0.0.0",
            "255.255.255.255",
            "10.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            ".1.2.3",
            "1.2.3.",
            "",
            "a.b.c.d",
            "1.2.3.4/8",
            "1000.1.1.1",
            "-1.2.3.4",
        ] {
            let expected: Option<Ipv4Addr> = text.parse().ok();
            assert_eq!(
                Address::parse(text),
                expected.map(|it| Address::V4(it.into())),
                "{text:?}"
            );
        }
        for text in ["::1", "2001:db8::7", "fe80::", "1:2:3:4:5:6:7:8"] {
            let expected: Ipv6Addr = text.parse().unwrap();
            assert_eq!(Address::parse(text), Some(Address::V6(expected.into())));
        }
    }

    #[test]
    fn other_ways_of_writing_an_address_mean_the_same() {
        let v4 = Some(Address::V4(0x0102_0304));
        assert_eq!(Address::parse(" 1.2.3.4 "), v4);
        assert_eq!(Address::parse("::ffff:1.2.3.4"), v4);
        assert_eq!(Address::parse("[::1]"), Some(Address::V6(1)));
        for text in ["::g", "[::1", "fe80::1%eth0", "1:2", "12345::"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_are_written_as_they_are_read() {
        for text in [
            "1.2.3.4",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "1.2.3.4/31",
            "1.2.3.4-1.2.3.9",
            "::/0",
            "2001:db8::/32",
            "2001:db8::1",
            "::1-::3",
        ] {
            assert_eq!(AddressRange::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn ranges_are_addresses_blocks_or_both_ends() {
        let v4 = |first, last| Some(AddressRange::V4(first, last));
        for (text, expected) in [
            ("1.2.3.4", v4(0x0102_0304, 0x0102_0304)),
            ("1.2.3.4/32", v4(0x0102_0304, 0x0102_0304)),
            ("1.2.3.4/0", v4(0, u32::MAX)),
            ("192.168.7.7 / 16", v4(0xC0A8_0000, 0xC0A8_FFFF)),
            ("1.2.3.4 - 1.2.3.9", v4(0x0102_0304, 0x0102_0309)),
            ("::ffff:1.2.3.4/120", v4(0x0102_0300, 0x0102_03FF)),
            ("::/0", Some(AddressRange::V6(0, u128::MAX))),
            ("::8/127", Some(AddressRange::V6(8, 9))),
        ] {
            assert_eq!(AddressRange::parse(text), expected, "{text}");
        }
        for text in [
            "",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "1.2.3.4/+8",
            "::/129",
            "1.2.3.4-::1",
            "1.2.3.9-1.2.3.4",
            "1.2.3.4-",
            "::ffff:1.2.3.4/8",
            "10/8",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
