//! One synthetic day, cut into 24 hours that are made independently of each other.
//!
//! Each hour is a stream of its own, so that 24 threads can work at once and yet the rows are
//! the same whatever their number. Inside an hour, rows are made in slices of time, short enough
//! that a slice always fits in memory, and sorted by time within it.

use super::arguments::Request;
use super::draw::Draw;
use super::log::{Log, Planted, Record, Recurring};
use super::mix::{Mix, Moment, Timing};
use super::population::World;
use arrow::array::ArrayRef;
use datafusion::common::Result;
use std::sync::Arc;

/// Hours, and so partitions, of a day.
pub(super) const HOURS: u32 = 24;
/// A slice holds about so many rows on average.
const SLICE_ROWS: f64 = 8_192.0;

/// Everything about a day that its hours share.
#[derive(Debug)]
pub(super) struct Day<L: Log> {
    pub(super) request: Request,
    pub(super) world: World,
    /// What else the rows of this kind of log share.
    pub(super) log: L,
    pub(super) attacks: Vec<Planted<L::Row>>,
    mixes: Vec<Mix>,
    /// Background rows in each hour; they add up to exactly `request.rows`.
    rows: Vec<u64>,
}

impl<L: Log> Day<L> {
    /// Draws the population and the attacks: some milliseconds, and some megabytes for the
    /// largest days.
    pub(super) fn new(request: Request) -> Self {
        let key = request.key();
        let world = World::new(&key, request.rows);
        // The same names in every log.
        let mut log = L::new(&world, Draw::new(&key, 1_500));
        let attacks = log.plan(&world, Draw::new(&key, L::STREAM + 2_000));
        let timings: Vec<Timing> = L::BACKGROUND.iter().map(Recurring::timing).collect();
        let mixes: Vec<Mix> = (0..HOURS)
            .map(|hour| Mix::new(&timings, &world, world.local_hour(hour)))
            .collect();
        let weights: Vec<f64> = mixes.iter().map(Mix::hour).collect();
        let rows = portions(request.rows, &weights);
        Self {
            request,
            world,
            log,
            attacks,
            mixes,
            rows,
        }
    }

    /// One column of some of its rows.
    pub(super) fn column(&self, rows: &[L::Row], name: &str) -> Result<ArrayRef> {
        self.log.column(&self.world, self.request.date, rows, name)
    }
}

/// Divides `total` in proportion to `weights`; the portions add up to `total`.
fn portions(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let (mut seen, mut given) = (0.0, 0);
    let mut portions: Vec<u64> = Vec::with_capacity(weights.len());
    for weight in weights {
        seen += weight;
        let until = ((total as f64 * (seen / sum)).round() as u64).clamp(given, total);
        portions.push(until - given);
        given = until;
    }
    if let Some(last) = portions.last_mut() {
        *last += total - given;
    }
    portions
}

/// The rows of one hour, slice by slice, in order of time.
pub(super) struct Hour<L: Log> {
    day: Arc<Day<L>>,
    hour: u32,
    draw: Draw,
    /// Seconds in a slice.
    length: u32,
    /// Background rows in each slice.
    wanted: Vec<u64>,
    slice: usize,
    /// Background rows that earlier slices made beyond what was wanted of them.
    ahead: u64,
    /// Background rows of this hour still to be made.
    left: u64,
    /// Attack rows of this hour in order of time.
    planted: Vec<L::Row>,
}

impl<L: Log> Hour<L> {
    /// Hour `hour` (0 to 23, UTC) of the day.
    pub(super) fn new(day: Arc<Day<L>>, hour: u32) -> Self {
        let mut draw = Draw::new(&day.request.key(), L::STREAM + u64::from(hour));
        let total = day.request.rows as f64;
        let length = [60, 20, 5]
            .into_iter()
            .find(|&length| total / 86_400.0 * f64::from(length) <= SLICE_ROWS)
            .unwrap_or(1);
        let mix = &day.mixes[hour as usize];
        let mut weights = Vec::with_capacity((3_600 / length) as usize);
        for minute in 0..60 {
            // Traffic is bursty: minutes of one hour differ.
            let weight = mix.minute(minute) * draw.log_normal(1.0, 0.15);
            weights.extend((0..60 / length).map(|_| weight));
        }
        let left = day.rows[hour as usize];
        let wanted = portions(left, &weights);
        let seconds = hour * 3_600..(hour + 1) * 3_600;
        let mut planted: Vec<L::Row> = day
            .attacks
            .iter()
            .flat_map(|attack| &attack.rows)
            .filter(|row| seconds.contains(&row.second()))
            .copied()
            .collect();
        planted.sort_unstable_by_key(Record::order);
        Self {
            day,
            hour,
            draw,
            length,
            wanted,
            slice: 0,
            ahead: 0,
            left,
            planted,
        }
    }

    /// Appends the rows of the next slice to `rows`, in order of time; false after the last.
    pub(super) fn next_slice(&mut self, rows: &mut Vec<L::Row>) -> bool {
        let Some(&wanted) = self.wanted.get(self.slice) else {
            return false;
        };
        let start = self.hour * 3_600 + self.slice as u32 * self.length;
        self.slice += 1;
        let first = rows.len();
        let mix = &self.day.mixes[self.hour as usize];
        let moment = Moment {
            world: &self.day.world,
            mix,
            start,
            length: self.length,
        };
        while ((rows.len() - first) as u64) + self.ahead < wanted {
            let activity = &L::BACKGROUND[mix.kind(start, &mut self.draw)];
            let log = &self.day.log;
            log.happen(activity, &moment, &mut self.draw, rows);
        }
        // The last event of an hour may be cut, so that the day has as many rows as asked.
        let made = ((rows.len() - first) as u64).min(self.left);
        rows.truncate(first + made as usize);
        self.left -= made;
        self.ahead = (made + self.ahead).saturating_sub(wanted);

        let end = start + self.length;
        let until = self.planted.partition_point(|row| row.second() < end);
        rows.extend(self.planted.drain(..until));
        rows[first..].sort_unstable_by_key(Record::order);
        true
    }

    /// The day that this hour belongs to.
    pub(super) fn day(&self) -> &Arc<Day<L>> {
        &self.day
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Date;
    use crate::flow::Flow;

    #[test]
    fn portions_add_up_to_the_total() {
        for total in [0, 1, 7, 1_000_000_007] {
            let portions = portions(total, &[0.1, 3.0, 0.0, 2.2]);
            assert_eq!(portions.iter().sum::<u64>(), total);
            assert_eq!(portions[2], 0);
        }
    }

    #[test]
    fn a_slice_of_the_largest_day_stays_small() {
        let date = Date {
            year: 2016,
            month: 7,
            day: 8,
            epoch: 16_990,
        };
        let day = Arc::new(Day::<Flow>::new(Request {
            rows: 1_000_000_000,
            seed: 1,
            date,
        }));
        for hour in 0..HOURS {
            let most = Hour::new(day.clone(), hour)
                .wanted
                .into_iter()
                .max()
                .unwrap();
            assert!(most < 60_000, "{most}");
        }
    }
}
