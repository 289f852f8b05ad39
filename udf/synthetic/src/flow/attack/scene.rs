//! Where the attacks of this log play, and how they leave records.

use crate::flow::background::ephemeral;
use crate::flow::kind::Flow;
use crate::flow::talk::{Outcome, Talk, Transport};
use crate::population::HostId;
use crate::scene;

/// Where an attack plays.
pub(super) type Scene<'a> = scene::Scene<'a, Flow>;

impl Scene<'_> {
    /// A conversation over TCP from an ephemeral port, answered; adjust it and [`Self::tell`] it.
    pub(super) fn tcp(&mut self, client: HostId, server: HostId, dport: u16) -> Talk {
        Talk {
            client,
            server,
            v6: false,
            transport: Transport::Tcp,
            sport: ephemeral(client, &mut self.draw),
            dport,
            up: 500.0,
            down: 500.0,
            seconds: 1.0,
            chunk: 1_460.0,
            tos: 0,
            outcome: Outcome::Answered,
        }
    }

    /// Writes the flows of a conversation that ends in `second` of the UTC day.
    pub(super) fn tell(&mut self, talk: Talk, second: u32) {
        talk.tell(second.min(86_399), &mut self.draw, &mut self.rows);
    }
}
