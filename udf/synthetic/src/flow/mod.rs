//! Netflow: see the [module above](super), and `activity` for what a day is made of.

mod activity;
mod attack;
mod background;
mod columns;
mod kind;
mod talk;

use super::arguments::Date;
use super::draw::Draw;
use super::log::{Column, Log, Planted};
use super::mix::Moment;
use super::population::World;
use activity::{Activity, BACKGROUND};
use arrow::array::ArrayRef;
use datafusion::common::Result;
pub(super) use kind::Flow;
use talk::Row;

impl Log for Flow {
    const NAME: &'static str = "synthetic_flow";
    const TRUTH_NAME: &'static str = "synthetic_flow_truth";
    const COUNTED: &'static str = "flows";
    const STREAM: u64 = 0;
    const COLUMNS: &'static [Column] = columns::COLUMNS;
    const TRUTH: &'static [&'static str] = columns::TRUTH;
    const BACKGROUND: &'static [Activity] = BACKGROUND;
    type Activity = Activity;
    type Row = Row;

    fn new(_: &World, _: Draw) -> Self {
        Self
    }

    fn plan(&mut self, world: &World, draw: Draw) -> Vec<Planted<Row>> {
        attack::plan(self, world, draw)
    }

    fn happen(
        &self,
        activity: &Activity,
        moment: &Moment<'_>,
        draw: &mut Draw,
        rows: &mut Vec<Row>,
    ) {
        background::happen(activity, moment, draw, rows);
    }

    fn column(&self, world: &World, date: Date, rows: &[Row], name: &str) -> Result<ArrayRef> {
        columns::column(world, date, rows, name)
    }
}
