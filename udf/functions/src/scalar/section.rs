//! The chapters of the reference of functions.

use datafusion::logical_expr::DocSection;

/// A chapter of the reference of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) label: &'static str,
    pub(crate) about: &'static str,
    /// Files that the statements read: their names and what they hold.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Statements that the examples need before them.
    pub(crate) setup: &'static [&'static str],
}

impl Section {
    /// The chapter, as DataFusion's documentation has it.
    pub(crate) fn documented(self) -> DocSection {
        DocSection {
            include: true,
            label: self.label,
            description: Some(self.about),
        }
    }
}

pub(crate) const WORDS: Section = Section {
    label: "Words",
    about: "A word is a short text that says what a record is like. Topic models are trained on words. These functions \
            make words of records, say what a word means, and say why a record has none.",
    files: &[],
    setup: &[],
};

pub(crate) const NAMES: Section = Section {
    label: "Names and addresses",
    about: "Logs write one address, name or protocol in several ways. These functions give each value one form, and take \
            names apart.",
    files: &[],
    setup: &[],
};

pub(crate) const CONTEXT: Section = Section {
    label: "Context",
    about: "These functions say what is known of addresses, names and numbers. They read the sources of context that you \
            create: geo databases, network lists, indicator lists and reputation services.",
    files: &[(
        "places.csv",
        "8.8.8.0,8.8.8.255,US,United States,California,Mountain View,37.4,-122.1,Google LLC,google.com\n",
    )],
    setup: &[
        "CREATE GEO DATABASE places LOCATION 'places.csv'",
        "CREATE NETWORK LIST offices AS SELECT '10.1.2.0/24' AS network, 'print server' AS name",
        "CREATE INDICATOR LIST feed AS SELECT '192.0.2.0/24' AS indicator, 'emotet' AS text, 3 AS severity",
    ],
};

pub(crate) const INDICATORS: Section = Section {
    label: "Indicators for others",
    about: "These functions make indicators of your own findings, and write them as STIX 2.1. The table function \
            indicators() does it for whole tables.",
    files: &[],
    setup: &[],
};

pub(crate) const TIME: Section = Section {
    label: "Time",
    about: "These functions read times in the notations of logs, and write them as the ingest tables hold them.",
    files: &[],
    setup: &[],
};

pub(crate) const HIVE: Section = Section {
    label: "Hive",
    about: "Functions of Hive and Impala that DataFusion lacks, with Hive's names and results.",
    files: &[],
    setup: &[],
};
