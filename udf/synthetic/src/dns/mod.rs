//! DNS answers as a sensor before the organisation's resolvers sees them, and at the perimeter.
//!
//! `activity` says who asks for what, `name` how names are written, `reply` what an answer
//! weighs: background and attacks go through all of them alike.

mod activity;
mod attack;
mod background;
mod columns;
mod kind;
mod name;
mod reply;

use super::arguments::Date;
use super::draw::Draw;
use super::log::{Column, Log, Planted};
use super::mix::Moment;
use super::names::{Names, Texts};
use super::population::World;
use activity::{Activity, BACKGROUND};
use arrow::array::ArrayRef;
use datafusion::common::Result;
pub(super) use kind::Dns;
use reply::Row;

impl Log for Dns {
    const NAME: &'static str = "synthetic_dns";
    const TRUTH_NAME: &'static str = "synthetic_dns_truth";
    const COUNTED: &'static str = "responses";
    const STREAM: u64 = 10_000;
    const COLUMNS: &'static [Column] = columns::COLUMNS;
    const TRUTH: &'static [&'static str] = columns::TRUTH;
    const BACKGROUND: &'static [Activity] = BACKGROUND;
    type Activity = Activity;
    type Row = Row;

    fn new(world: &World, mut draw: Draw) -> Self {
        Self {
            sites: Names::new(world, &mut draw),
            texts: Texts::default(),
        }
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
        columns::column(self, world, date, rows, name)
    }
}
