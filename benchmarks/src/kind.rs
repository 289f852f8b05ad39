//! The kinds of log.

/// A kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Flow,
    Dns,
    Proxy,
}

impl Kind {
    /// As the ingest table, the scripts and `source => …` call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Dns => "dns",
            Self::Proxy => "proxy",
        }
    }
}
