//! Where the attacks of this log play, and how they leave records.

use crate::dns::background::server;
use crate::dns::kind::Dns;
use crate::dns::name::Name;
use crate::dns::reply::{Answer, Outcome, Question};
use crate::log::{later, order};
use crate::names::Bits;
use crate::population::{HostId, Pool};
use crate::scene;

/// Where an attack plays.
pub(super) type Scene<'a> = scene::Scene<'a, Dns>;

impl Scene<'_> {
    /// A domain of the attacker, with a dot before it.
    pub(super) fn domain(&mut self) -> String {
        let mut text = String::from(".");
        Bits::new(self.draw.word()).coined(&mut text);
        text
    }

    /// Some random characters of an alphabet: what encoded or encrypted data looks like.
    pub(super) fn data(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut text = String::with_capacity(count);
        Bits::new(self.draw.word()).letters(&mut text, alphabet, count);
        text
    }

    /// A number in `low..=high` of things.
    pub(super) fn count(&mut self, low: u32, high: u32) -> usize {
        self.draw.between(low, high) as usize
    }

    /// The answer to a question that `client` asks its resolver in `second`.
    pub(super) fn ask(
        &mut self,
        client: HostId,
        name: Name,
        kind: u16,
        outcome: Outcome,
        second: u32,
    ) {
        let order = order(second.min(86_399), &mut self.draw);
        let question = Question {
            client,
            server: server(self.world, Pool::Resolver, client),
            name,
            kind,
        };
        let row = question.answered(outcome, order, self.world, &mut self.draw);
        self.rows.push(row);
    }

    /// The same for a text, which is kept.
    pub(super) fn say(
        &mut self,
        client: HostId,
        text: String,
        kind: u16,
        outcome: Outcome,
        second: u32,
    ) {
        let name = Name::Kept(self.log.texts.keep(text));
        self.ask(client, name, kind, outcome, second);
    }

    /// Changes the size of the last answer's records, which the attacker's own server chose.
    pub(super) fn weighing(&mut self, bytes: u32) {
        if let Some(row) = self.rows.last_mut() {
            row.records = bytes.min(1_400) as u16;
        }
    }

    /// Changes the address in the last answer.
    pub(super) fn resolving_to(&mut self, host: HostId) {
        if let Some(row) = self.rows.last_mut() {
            row.answer = Answer::Host(host);
        }
    }

    /// Moves the last answer to some milliseconds after `order`, and gives its time.
    pub(super) fn right_after(&mut self, order: u64) -> u64 {
        let time = later(order, &mut self.draw);
        if let Some(row) = self.rows.last_mut() {
            row.order = time;
        }
        time
    }

    /// The time of the last answer.
    pub(super) fn last_order(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.order)
    }

    /// A machine's name for stories.
    pub(super) fn who(&self, host: HostId) -> String {
        self.address(host).to_owned()
    }
}
