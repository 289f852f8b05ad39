//! The times of conversations, gathered and then looked up.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int64Array, Int64Builder};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;

use crate::relation::Error;

/// A time of a conversation, and how many rows have it.
#[derive(Debug, Clone, Copy)]
struct Moment {
    time: i64,
    conversation: u32,
    rows: u32,
}

/// Numbers conversations and gathers their times.
pub(super) struct Gathering {
    conversations: Box<dyn GroupValues>,
    /// In any order, and the same one perhaps several times.
    moments: Vec<Moment>,
    /// The conversations of a batch's rows, kept for its allocation.
    numbers: Vec<usize>,
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering")
            .field("conversations", &self.conversations.len())
            .field("moments", &self.moments.len())
            .finish_non_exhaustive()
    }
}

impl Gathering {
    /// Of conversations with columns of this schema.
    pub(super) fn new(conversation: SchemaRef) -> Result<Self> {
        Ok(Self {
            conversations: new_group_values(conversation, &GroupOrdering::None)?,
            moments: Vec::new(),
            numbers: Vec::new(),
        })
    }

    /// Adds rows; those without a time take no part.
    pub(super) fn add(&mut self, conversation: &[ArrayRef], times: &Int64Array) -> Result<()> {
        self.conversations.intern(conversation, &mut self.numbers)?;
        if self.moments.capacity() - self.moments.len() < times.len() {
            self.condense();
            // Grows only for what is distinct: a flood within one second takes no room.
            if self.moments.len() > self.moments.capacity() / 2 {
                self.moments.reserve(self.moments.capacity());
            }
            self.moments.reserve(times.len());
        }
        for (row, &conversation) in self.numbers.iter().enumerate() {
            if times.is_valid(row) {
                self.moments.push(Moment {
                    time: times.value(row),
                    conversation: u32::try_from(conversation).map_err(|_| Error::TooManyNames)?,
                    rows: 1,
                });
            }
        }
        Ok(())
    }

    /// Sorts, and makes one of what is the same.
    fn condense(&mut self) {
        self.moments
            .sort_unstable_by_key(|moment| (moment.conversation, moment.time));
        self.moments.dedup_by(|next, kept| {
            let same = (next.conversation, next.time) == (kept.conversation, kept.time);
            if same {
                kept.rows = kept.rows.saturating_add(next.rows);
            }
            same
        });
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.conversations.size()
            + self.moments.capacity() * size_of::<Moment>()
            + self.numbers.capacity() * size_of::<usize>()
    }

    /// All is gathered: from now on it is looked up.
    pub(super) fn finish(mut self) -> Times {
        self.condense();
        let conversations = self.conversations.len();
        let mut offsets = vec![0; conversations + 1];
        for moment in &self.moments {
            offsets[moment.conversation as usize + 1] += 1;
        }
        for i in 0..conversations {
            offsets[i + 1] += offsets[i];
        }
        Times {
            gathered: self,
            offsets,
        }
    }
}

/// The times of conversations, in order.
#[derive(Debug)]
pub(super) struct Times {
    gathered: Gathering,
    /// `moments[offsets[i]..offsets[i + 1]]` are those of conversation `i`, in order of time.
    offsets: Vec<usize>,
}

impl Times {
    pub(super) fn conversations(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.gathered.memory_bytes() + self.offsets.capacity() * size_of::<usize>()
    }

    /// `pause`, `pause_before` and `at_once` of rows; NULLs for rows that were not gathered.
    pub(super) fn look_up(
        &mut self,
        conversation: &[ArrayRef],
        times: &Int64Array,
    ) -> Result<[ArrayRef; 3]> {
        let Gathering {
            conversations,
            moments,
            numbers,
        } = &mut self.gathered;
        conversations.intern(conversation, numbers)?;
        let mut columns = [(); 3].map(|()| Int64Builder::with_capacity(times.len()));
        for (row, &number) in numbers.iter().enumerate() {
            let known = match self.offsets.get(number..=number + 1) {
                Some(&[from, to]) if times.is_valid(row) => &moments[from..to],
                _ => &[],
            };
            let found = known.binary_search_by_key(&times.value(row), |moment| moment.time);
            let before = |place: usize| {
                let [earlier, later] = [place.checked_sub(1)?, place].map(|i| known[i].time);
                Some(later.saturating_sub(earlier))
            };
            let values = match found {
                Ok(place) => [
                    before(place),
                    place.checked_sub(1).and_then(before),
                    Some(i64::from(known[place].rows)),
                ],
                Err(_) => [None; 3],
            };
            for (column, value) in columns.iter_mut().zip(values) {
                column.append_option(value);
            }
        }
        Ok(columns.map(|mut column| Arc::new(column.finish()) as ArrayRef))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray, StringViewArray};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn gathering() -> Gathering {
        let field = Field::new("c", DataType::Utf8View, true);
        Gathering::new(Arc::new(Schema::new(vec![field]))).unwrap()
    }

    fn rows(rows: &[(&str, Option<i64>)]) -> (Vec<ArrayRef>, Int64Array) {
        let names: StringViewArray = rows.iter().map(|row| Some(row.0)).collect();
        (
            vec![Arc::new(names)],
            rows.iter().map(|row| row.1).collect(),
        )
    }

    fn looked_up(times: &mut Times, asked: &[(&str, Option<i64>)]) -> Vec<[Option<i64>; 3]> {
        let (conversation, time) = rows(asked);
        let columns = times.look_up(&conversation, &time).unwrap();
        (0..asked.len())
            .map(|row| {
                columns
                    .each_ref()
                    .map(|column| column.as_primitive::<Int64Type>().iter().nth(row).unwrap())
            })
            .collect()
    }

    #[test]
    fn pauses_reach_back_within_the_conversation() {
        let mut gathering = gathering();
        let day = [
            ("a", Some(100)),
            ("b", Some(7)),
            ("a", Some(40)),
            ("a", Some(90)),
        ];
        let (conversation, time) = rows(&day);
        gathering.add(&conversation, &time).unwrap();
        let mut times = gathering.finish();
        assert_eq!(times.conversations(), 2);
        assert_eq!(
            looked_up(&mut times, &day),
            [
                [Some(10), Some(50), Some(1)],
                [None, None, Some(1)],
                [None, None, Some(1)],
                [Some(50), None, Some(1)],
            ]
        );
    }

    #[test]
    fn rows_of_one_time_are_alike_and_extremes_do_not_overflow() {
        let mut gathering = gathering();
        let day = [
            ("a", Some(i64::MAX)),
            ("a", Some(i64::MIN)),
            ("a", Some(i64::MAX)),
            ("a", None),
        ];
        for row in day {
            let (conversation, time) = rows(&[row]);
            gathering.add(&conversation, &time).unwrap();
        }
        let mut times = gathering.finish();
        let last = [Some(i64::MAX), None, Some(2)];
        assert_eq!(
            looked_up(&mut times, &day),
            [last, [None, None, Some(1)], last, [None; 3]]
        );
    }

    #[test]
    fn what_was_not_gathered_is_unknown() {
        let mut gathering = gathering();
        let (conversation, time) = rows(&[("a", Some(1))]);
        gathering.add(&conversation, &time).unwrap();
        let mut times = gathering.finish();
        let asked = [("z", Some(1)), ("a", Some(2)), ("a", Some(1))];
        let known = [None, None, Some(1)];
        assert_eq!(looked_up(&mut times, &asked), [[None; 3], [None; 3], known]);
    }

    #[test]
    fn a_flood_takes_no_room() {
        let mut gathering = gathering();
        let (conversation, time) = rows(&[("a", Some(5)); 1000]);
        for _ in 0..1000 {
            gathering.add(&conversation, &time).unwrap();
        }
        assert!(gathering.memory_bytes() < 1 << 20);
        let mut times = gathering.finish();
        assert_eq!(
            looked_up(&mut times, &[("a", Some(5))]),
            [[None, None, Some(1_000_000)]]
        );
    }
}
