//! Requests as the organisation's web proxy logs them: the fields of a ProxySG access log.
//!
//! `activity` says who fetches what, `page` what a browser fetches with a page, `url` and `agent` how the texts are
//! written, `request` what else a line has. Background and attacks go through all of them alike.

mod activity;
mod agent;
mod attack;
mod background;
mod columns;
mod kind;
mod line;
mod lists;
mod page;
mod path;
mod request;
mod url;

use super::arguments::Date;
use super::draw::Draw;
use super::log::{Column, Log, Planted};
use super::mix::Moment;
use super::names::{Names, Texts};
use super::population::World;
use activity::{Activity, BACKGROUND};
use arrow::array::ArrayRef;
use datafusion::common::Result;
pub(super) use kind::Proxy;
use request::Row;

impl Log for Proxy {
    const NAME: &'static str = "synthetic_proxy";
    const TRUTH_NAME: &'static str = "synthetic_proxy_truth";
    const COUNTED: &'static str = "requests";
    const STREAM: u64 = 20_000;
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
