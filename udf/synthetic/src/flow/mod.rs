//! Netflow: see the [module above](super), and `activity` for what a day is made of.

mod activity;
mod attack;
mod background;
mod columns;
mod talk;

use super::day::Day;
use super::draw::Draw;
use super::log::{Column, Log, Planted};
use super::mix::Moment;
use super::population::World;
use activity::{Activity, BACKGROUND};
use arrow::array::ArrayRef;
use datafusion::common::Result;
use talk::Row;

/// Unidirectional netflow. Its rows share nothing but the population.
#[derive(Debug)]
pub(super) struct Flow;

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

    fn column(day: &Day<Self>, rows: &[Row], name: &str) -> Result<ArrayRef> {
        columns::column(day, rows, name)
    }
}
