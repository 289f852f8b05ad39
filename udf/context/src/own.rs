//! What means another thing in every network: nothing that others could say or be told anything about.

use spotql_values::address::{Address, AddressRange};

/// Addresses that are no one host's, or another one's in every network, beside those of [`Address::is_private`]: "this
/// network" (RFC 791), the provider's (RFC 6598), multicast, reserved and broadcast (RFC 1112, 4291), none (RFC 4291).
const NO_HOSTS: [AddressRange; 5] = [
    AddressRange::V4(0, 0x00FF_FFFF),
    AddressRange::V4(0x6440_0000, 0x647F_FFFF),
    AddressRange::V4(0xE000_0000, 0xFFFF_FFFF),
    AddressRange::V6(0, 0),
    AddressRange::V6(0xFF << 120, u128::MAX),
];

/// Top-level domains of one's own network (RFC 6761, 6762, 8375; `internal` by ICANN's decision of 2024), and those that
/// networks use without anybody's leave.
const OWN_ZONES: [&str; 7] = [
    "corp",
    "home",
    "internal",
    "lan",
    "local",
    "localdomain",
    "localhost",
];

/// Whether an address is one of these; private ones are too.
pub fn is_own_address(address: Address) -> bool {
    address.is_private() || NO_HOSTS.iter().any(|range| range.holds(address))
}

/// Whether a name, in any case, is in such a zone.
pub fn is_own_name(name: &str) -> bool {
    let zone = name.trim_end_matches('.').rsplit('.').next();
    zone.is_some_and(|zone| OWN_ZONES.iter().any(|own| zone.eq_ignore_ascii_case(own)))
}
