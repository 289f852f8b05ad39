//! When things happen: which activities an hour has, how many, and who of the staff is at work.

use super::draw::{Alias, Draw};
use super::population::{HostId, Pool, World};

/// Polling happens in every fifth minute.
const POLL: u32 = 5;

/// When in the local day something happens: relative intensity by local hour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hours {
    /// Office hours with a dip at noon.
    Office,
    /// Around the clock.
    Always,
    /// The public, at work and at home in the evening.
    Public,
    /// Visitors of the building.
    Guests,
    /// One to three at night.
    Backup,
    /// Machines and people logging in.
    Morning,
    /// Late evening jobs.
    Evening,
}

impl Hours {
    /// The intensity in each of the 24 local hours, in any unit.
    pub(super) fn profile(self) -> [u8; 24] {
        match self {
            Self::Office => [
                2, 2, 2, 2, 2, 4, 10, 35, 80, 100, 100, 95, 75, 90, 100, 98, 90, 65, 30, 14, 8, 5,
                3, 2,
            ],
            Self::Always => [100; 24],
            Self::Public => [
                30, 22, 18, 16, 16, 20, 30, 50, 70, 85, 90, 92, 90, 90, 92, 92, 90, 88, 88, 92, 95,
                85, 65, 45,
            ],
            Self::Guests => [
                0, 0, 0, 0, 0, 0, 1, 5, 20, 50, 80, 90, 100, 95, 80, 70, 60, 40, 25, 15, 8, 4, 1, 0,
            ],
            Self::Backup => [
                0, 100, 100, 60, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
            Self::Morning => [
                2, 2, 2, 4, 2, 3, 20, 70, 100, 60, 25, 15, 10, 20, 12, 10, 8, 5, 3, 2, 2, 2, 2, 2,
            ],
            Self::Evening => [
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 40, 80, 100, 60, 0,
            ],
        }
    }
}

/// How often the events of an activity happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// Its part of the day's records, in thousandths (the sum is about 1000 and is normalised).
    pub(super) share: f64,
    pub(super) hours: Hours,
    /// True if it happens only in every fifth minute (polling).
    pub(super) polled: bool,
    /// How many records one event makes on average.
    pub(super) rows: f64,
}

impl Timing {
    /// Records in a minute of this hour, in thousandths of an average minute.
    fn rate(&self, local_hour: usize, polling: bool) -> f64 {
        let profile = self.hours.profile();
        let mean = profile.iter().map(|&p| f64::from(p)).sum::<f64>() / 24.0;
        let polls = match (self.polled, polling) {
            (false, _) => 1.0,
            (true, true) => f64::from(POLL),
            (true, false) => 0.0,
        };
        self.share * f64::from(profile[local_hour]) / mean * polls
    }
}

/// What can happen in one hour of the day, with its probabilities.
#[derive(Debug)]
pub(super) struct Mix {
    /// Kinds of traffic in an ordinary minute and in one with polling.
    kinds: [Alias; 2],
    /// Expected records a minute, in any unit, likewise.
    rate: [f64; 2],
    /// Who of the workstations is active.
    workstations: Alias,
}

impl Mix {
    /// The mix of an hour of the local day, of activities with these timings.
    pub(super) fn new(timings: &[Timing], world: &World, local_hour: usize) -> Self {
        let events = |polling: bool| -> Vec<f64> {
            timings
                .iter()
                .map(|timing| timing.rate(local_hour, polling) / timing.rows)
                .collect()
        };
        let records = |polling| timings.iter().map(|t| t.rate(local_hour, polling)).sum();
        Self {
            kinds: [Alias::new(&events(false)), Alias::new(&events(true))],
            rate: [records(false), records(true)],
            workstations: world.workstations_at(local_hour),
        }
    }

    /// The expected number of records in a minute of the hour, relative to other minutes.
    pub(super) fn minute(&self, minute: u32) -> f64 {
        self.rate[usize::from(minute.is_multiple_of(POLL))]
    }

    /// The expected number of records in the hour, relative to other hours.
    pub(super) fn hour(&self) -> f64 {
        (0..60).map(|minute| self.minute(minute)).sum()
    }

    /// The number of an activity that happens in a slice of time that starts in `start`.
    pub(super) fn kind(&self, start: u32, draw: &mut Draw) -> usize {
        let polling = usize::from((start / 60).is_multiple_of(POLL));
        self.kinds[polling].pick(draw.word())
    }
}

/// A slice of time, and who is there.
pub(super) struct Moment<'a> {
    pub(super) world: &'a World,
    pub(super) mix: &'a Mix,
    /// First second of the UTC day, and how many seconds.
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Moment<'_> {
    /// A second within the slice.
    pub(super) fn second(&self, draw: &mut Draw) -> u32 {
        self.start + draw.below(self.length as usize) as u32
    }

    /// Who of a pool is active: of the workstations, by the habits of their owners.
    pub(super) fn client(&self, pool: Pool, draw: &mut Draw) -> HostId {
        match pool {
            Pool::Workstation => {
                let staff = self.world.range(Pool::Workstation);
                staff.start + self.mix.workstations.pick(draw.word()) as u32
            }
            pool => self.world.member(pool, draw.word()),
        }
    }
}
