//! What a kind of log (flow, DNS, proxy) has to say for itself; all else is shared.
//!
//! [`super::day`] cuts a day of any kind into hours and slices, [`super::mix`] says how much of which
//! activity an hour has, [`super::table`] makes streams of batches of it.

use super::arguments::Date;
use super::draw::Draw;
use super::mix::{Moment, Timing};
use super::population::World;
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use std::fmt::Debug;

/// A column: its name, its type, and whether a value may be missing.
pub(super) type Column = (&'static str, DataType, bool);

/// A record, still without text.
pub(super) trait Record: Copy + Debug + Send + Sync + 'static {
    /// Second of the UTC day, and in the lower half 32 random bits: by these it is sorted.
    fn order(&self) -> u64;

    /// The second of the UTC day.
    fn second(&self) -> u32 {
        (self.order() >> 32) as u32
    }
}

/// A moment of a second, as an [order](Record::order).
pub(super) fn order(second: u32, draw: &mut Draw) -> u64 {
    (u64::from(second) << 32) | (draw.word() >> 32)
}

/// Some milliseconds (40 at most) later, within the same second.
pub(super) fn later(order: u64, draw: &mut Draw) -> u64 {
    const MILLISECOND: u64 = (1 << 32) / 1_000;
    let end = order | 0xffff_ffff;
    (order + MILLISECOND * u64::from(draw.between(1, 40))).min(end)
}

/// One planted attack.
#[derive(Debug)]
pub(super) struct Planted<Row> {
    /// The kind, with its ATT&CK technique.
    pub(super) kind: &'static str,
    /// What happened, in one sentence.
    pub(super) story: String,
    /// Its records in order of time.
    pub(super) rows: Vec<Row>,
}

/// A line of the table of background traffic.
pub(super) trait Recurring: Debug + Send + Sync + 'static {
    /// How often its events happen.
    fn timing(&self) -> Timing;
}

/// A kind of log. The value holds what all hours of one day share, beside the population: names,
/// above all.
pub(super) trait Log: Debug + Send + Sync + Sized + 'static {
    /// The table function with the rows, and the one with the truth about them.
    const NAME: &'static str;
    const TRUTH_NAME: &'static str;
    /// What the first argument counts.
    const COUNTED: &'static str;
    /// The first of the day's random streams (24 for the hours, more above): logs of one seed are
    /// drawn independently, in one population and with one set of names.
    const STREAM: u64;
    /// The columns of the ingest table in their order, then its partition columns.
    const COLUMNS: &'static [Column];
    /// Those that name one row in the truth, after `attack` and `story`.
    const TRUTH: &'static [&'static str];
    /// The background: one line a kind of traffic.
    const BACKGROUND: &'static [Self::Activity];
    /// One such line.
    type Activity: Recurring;
    type Row: Record;

    /// What there is before anything happens.
    fn new(world: &World, draw: Draw) -> Self;

    /// The attacks of the day. Texts that only they need are kept in `self`.
    fn plan(&mut self, world: &World, draw: Draw) -> Vec<Planted<Self::Row>>;

    /// One event of the background: a few records, now and then none.
    fn happen(
        &self,
        activity: &Self::Activity,
        moment: &Moment<'_>,
        draw: &mut Draw,
        rows: &mut Vec<Self::Row>,
    );

    /// One column of some rows of a day.
    fn column(&self, world: &World, date: Date, rows: &[Self::Row], name: &str)
    -> Result<ArrayRef>;
}
