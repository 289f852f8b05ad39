//! An answer on the wire: what comes back to a question, and how long the frame is.
//!
//! Lengths follow from the parts (Ethernet, IP, UDP, header, question, records), so that a long
//! name makes a long frame. How many records a name has is a property of the name, not of chance.

use super::name::Name;
use crate::draw::Draw;
use crate::log::Record;
use crate::names::Bits;
use crate::population::{HostId, Pool, World};

/// Query types (IANA DNS parameters).
pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const NULL: u16 = 10;
pub(super) const PTR: u16 = 12;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const SRV: u16 = 33;
pub(super) const DS: u16 = 43;
pub(super) const DNSKEY: u16 = 48;
pub(super) const HTTPS: u16 = 65;
pub(super) const AXFR: u16 = 252;
pub(super) const ANY: u16 = 255;
pub(super) const CAA: u16 = 257;

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Found,
    /// The name exists, a record of this type does not.
    Empty,
    /// NXDOMAIN
    Missing,
    /// SERVFAIL
    Failed,
    /// REFUSED
    Refused,
}

/// The address in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    None,
    Host(HostId),
    /// A code of a block list.
    Listed(u8),
}

/// One answer, still without text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Second of the day and, in the lower half, the fraction of the second.
    pub(super) order: u64,
    /// Who asked.
    pub(super) client: HostId,
    pub(super) server: HostId,
    pub(super) name: Name,
    pub(super) kind: u16,
    pub(super) code: u8,
    pub(super) answer: Answer,
    /// Bytes of the records after the question.
    pub(super) records: u16,
}

impl Record for Row {
    fn order(&self) -> u64 {
        self.order
    }
}

impl Row {
    /// Microseconds after the second.
    pub(super) fn micros(&self) -> u32 {
        (((self.order & 0xffff_ffff) * 1_000_000) >> 32) as u32
    }

    /// The length of the frame, given that of the name.
    pub(super) fn frame_len(&self, world: &World, name: usize) -> i32 {
        // Ethernet, IP, UDP, DNS header; the name with its length bytes, type and class.
        let ip = if world.host(self.client).v6 { 40 } else { 20 };
        14 + ip + 8 + 12 + (name as i32 + 2 + 4) + i32::from(self.records)
    }
}

/// A question that was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) client: HostId,
    pub(super) server: HostId,
    pub(super) name: Name,
    pub(super) kind: u16,
}

impl Question {
    /// The answer, `order` being its time. The address and the size of the records are what is
    /// usual for such a name; change them in the row if need be.
    pub(super) fn answered(
        self,
        outcome: Outcome,
        order: u64,
        world: &World,
        draw: &mut Draw,
    ) -> Row {
        let mut bits = Bits::new(self.name.key() ^ u64::from(self.kind) << 48);
        // Stub resolvers ask plainly, servers with EDNS (its record has 11 bytes).
        let edns = !world.range(Pool::Workstation).contains(&self.client);
        let records = match outcome {
            Outcome::Found => found(self.kind, &mut bits, draw),
            // The zone's SOA record: two names and five numbers.
            Outcome::Empty | Outcome::Missing => 12 + 38 + bits.below(36),
            Outcome::Failed | Outcome::Refused => 0,
        } + if edns { 11 } else { 0 };
        let answer = match (self.kind, outcome) {
            (A, Outcome::Found) => self.name.answer(world, draw),
            _ => Answer::None,
        };
        Row {
            order,
            client: self.client,
            server: self.server,
            name: self.name,
            kind: self.kind,
            code: match outcome {
                Outcome::Found | Outcome::Empty => 0,
                Outcome::Failed => 2,
                Outcome::Missing => 3,
                Outcome::Refused => 5,
            },
            answer,
            records: records.min(1_400) as u16,
        }
    }
}

/// Bytes of the records that answer a question of this type.
fn found(kind: u16, bits: &mut Bits, draw: &mut Draw) -> usize {
    // An owner name is a pointer: 2 bytes, then type, class, time to live, length.
    const HEAD: usize = 12;
    let several = |bits: &mut Bits| 1 + [0, 0, 0, 0, 1, 1, 3, 5, 7][bits.below(9)];
    let aliases = |bits: &mut Bits| -> usize {
        let count = [0, 0, 0, 1, 1, 2][bits.below(6)];
        (0..count).map(|_| HEAD + 10 + bits.below(36)).sum()
    };
    match kind {
        A => aliases(bits) + several(bits) * (HEAD + 4),
        AAAA => aliases(bits) + several(bits) * (HEAD + 16),
        PTR | NS | CNAME => HEAD + 14 + bits.below(30),
        MX => several(bits) * (HEAD + 6 + bits.below(16)),
        TXT => HEAD + 24 + bits.below(220),
        SRV => several(bits) * (HEAD + 6 + 20 + bits.below(10) + HEAD + 4),
        SOA => HEAD + 38 + bits.below(36),
        HTTPS => aliases(bits) + HEAD + 12 + bits.below(90),
        DS => HEAD + 36,
        DNSKEY => 2 * (HEAD + 260),
        ANY => 120 + bits.below(300),
        // Data of no fixed shape.
        _ => HEAD + 8 + draw.below(64),
    }
}
