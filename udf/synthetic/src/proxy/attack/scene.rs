//! Where the attacks of this log play, and how they leave records.

use crate::log::order;
use crate::names::Bits;
use crate::population::HostId;
use crate::proxy::agent::Agent;
use crate::proxy::kind::Proxy;
use crate::proxy::line::request;
use crate::proxy::request::{Content, Method, Row, Scheme, Status};
use crate::proxy::url::{Host, Path};
use crate::scene;

/// Where an attack plays.
pub(super) type Scene<'a> = scene::Scene<'a, Proxy>;

impl Scene<'_> {
    /// A domain of the attacker.
    pub(super) fn domain(&mut self) -> String {
        let mut text = String::new();
        Bits::new(self.draw.word()).coined(&mut text);
        text
    }

    /// Some random characters of an alphabet.
    pub(super) fn data(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut text = String::with_capacity(count);
        Bits::new(self.draw.word()).letters(&mut text, alphabet, count);
        text
    }

    /// A host of that name.
    pub(super) fn host(&mut self, name: &str) -> Host {
        Host::Kept(self.log.texts.keep(name.to_owned()))
    }

    /// A path with its query, `-` for none.
    pub(super) fn path(&mut self, path: &str, query: &str) -> Path {
        let texts = &mut self.log.texts;
        Path::Kept(texts.keep(path.to_owned()), texts.keep(query.to_owned()))
    }

    /// A program of that name.
    pub(super) fn agent(&mut self, name: &str) -> Agent {
        Agent::Kept(self.log.texts.keep(name.to_owned()))
    }

    /// A request over HTTPS; adjust it and [`Self::tell`] it.
    pub(super) fn get(&self, client: HostId, host: Host) -> Row {
        request(0, client, host)
    }

    /// A request over plain HTTP on a port.
    pub(super) fn plain(&self, client: HostId, host: Host, port: u16) -> Row {
        Row {
            scheme: Scheme::Http,
            port,
            ..request(0, client, host)
        }
    }

    /// A tunnel through the proxy.
    pub(super) fn connect(&self, client: HostId, host: Host, port: u16) -> Row {
        Row {
            method: Method::Connect,
            content: Content::None,
            scheme: Scheme::Tcp,
            port,
            ..request(0, client, host)
        }
    }

    /// Writes a request in `second` of the UTC day: the sizes of its bodies, and how it ended.
    pub(super) fn tell(
        &mut self,
        mut row: Row,
        second: u32,
        status: Status,
        (up, down): (f64, f64),
    ) {
        row.order = order(second.min(86_399), &mut self.draw);
        let seconds = match row.method {
            Method::Connect => self.draw.log_normal(20.0, 1.2),
            _ => self.draw.log_normal(0.2, 0.8) + (up + down) / 4e6,
        };
        row.transfer(status, up, down, seconds, &mut self.draw);
        self.rows.push(row);
    }
}
