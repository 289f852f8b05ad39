//! What a word means, in plain language, for an analyst who has never heard of topic models.
//!
//! Both generations are read. The ranges are those that the bins really stand for; from 1 kB on
//! they are written in powers of 1024, which moves an end by a byte at most. A text that is no word
//! of its kind has no meaning here: nothing is guessed.

mod dns;
mod flow;
mod proxy;

use std::fmt;

pub use dns::dns_word_text;
pub use flow::flow_word_text;
pub use proxy::proxy_word_text;

use super::math::ENTROPY_CUTS;
use super::name::NameClass;

/// From so many bits a character on, a name does not look chosen by a person.
const RANDOM_LOOKING: f64 = 3.9;

/// The fields of a word that has this many.
fn fields<const N: usize>(word: &str) -> Option<[&str; N]> {
    word.split('_').collect::<Vec<_>>().try_into().ok()
}

/// An hour of the day.
fn hour(field: &str) -> Option<u8> {
    field.parse().ok().filter(|hour| *hour < 24)
}

/// The numbers that a bin stands for, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u128,
    last: u128,
}

impl Range {
    /// What `ceil(log2(x + 1))` was made of.
    fn of_ceil_log2(bin: &str) -> Option<Self> {
        let bin = exponent(bin, 1)?;
        Some(Self {
            first: (1 << bin) >> 1,
            last: (1 << bin) - 1,
        })
    }

    /// What `floor(log2(x) / step)` was made of, where 0 has bin 0 too.
    fn of_floor_log2(bin: &str, step: u32) -> Option<Self> {
        let exponent = exponent(bin, step)?;
        Some(Self {
            first: if exponent == 0 { 0 } else { 1 << exponent },
            last: (1 << (exponent + step)) - 1,
        })
    }

    /// What `floor(log2(x + 1) / step)` was made of.
    fn of_size(bin: &str, step: u32) -> Option<Self> {
        let exponent = exponent(bin, step)?;
        Some(Self {
            first: (1 << exponent) - 1,
            last: (1 << (exponent + step)) - 2,
        })
    }

    /// The range with its unit.
    fn of(self, one: &str, many: &str) -> String {
        match (self.first, self.last) {
            (0, 0) => format!("no {many}"),
            (1, 1) => format!("1 {one}"),
            (first, last) if first == last => format!("{first} {many}"),
            (first, last) => format!("{first}-{last} {many}"),
        }
    }

    /// The range as bytes: `255-1022 bytes`, `16-64 kB`, `512 kB-1 MB`.
    fn of_bytes(self) -> String {
        const UNITS: [&str; 7] = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
        if self.first < 1023 {
            return self.of("byte", "bytes");
        }
        let [(first, unit), (last, last_unit)] = [self.first, self.last].map(|end| {
            // The ends lie on a power of two, or one or two below it.
            let power = end.next_power_of_two().ilog2();
            let unit = UNITS.get(power as usize / 10).copied().unwrap_or("EB");
            (1_u128 << (power % 10), unit)
        });
        if unit == last_unit {
            format!("{first}-{last} {unit}")
        } else {
            format!("{first} {unit}-{last} {last_unit}")
        }
    }
}

/// The power of two at which a bin of this step begins; no bin reaches beyond 64 bits.
fn exponent(bin: &str, step: u32) -> Option<u32> {
    let bin: u32 = bin.parse().ok()?;
    bin.checked_mul(step).filter(|exponent| *exponent < 64)
}

/// The entropies that a bin stands for, in bits a character.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bits {
    low: f64,
    high: f64,
}

impl Bits {
    /// What [`entropy_bin`](super::math::entropy_bin) was made of.
    fn of_entropy_bin(bin: &str) -> Option<Self> {
        let bin: usize = bin.parse().ok()?;
        let high = *ENTROPY_CUTS.get(bin)?;
        let low = bin.checked_sub(1).map_or(high, |below| ENTROPY_CUTS[below]);
        Some(Self { low, high })
    }

    /// What `floor(entropy / step)` was made of; no text has more than 16 bits.
    fn of_steps(bin: &str, step: f64) -> Option<Self> {
        let bin: u8 = bin.parse().ok()?;
        let low = f64::from(bin) * step;
        (low <= 16.0).then_some(Self {
            low,
            high: low + step,
        })
    }

    fn random_looking(self) -> bool {
        self.low >= RANDOM_LOOKING
    }
}

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The steps are tenths, but for what binary fractions make of them.
        let [low, high] = [self.low, self.high].map(|bits| (bits * 10.0).round() / 10.0);
        if high == f64::INFINITY {
            write!(f, "more than {low} bits a character")
        } else if low == high {
            write!(f, "{low} bits a character")
        } else {
            write!(f, "{low}-{high} bits a character")
        }
    }
}

/// Whose a name is.
fn owner(class: NameClass) -> &'static str {
    match class {
        NameClass::Address => "an IP address",
        NameClass::Reverse => "a reverse name",
        NameClass::Single => "a local name without dots",
        NameClass::User => "one of your own domains",
        NameClass::Top => "a top domain",
        NameClass::Other => "an unknown domain",
    }
}

/// The same for the first generation, which knows three classes.
fn first_owner(class: &str) -> Option<&'static str> {
    let class = match class {
        "2" => NameClass::User,
        "1" => NameClass::Top,
        "0" => NameClass::Other,
        _ => return None,
    };
    Some(owner(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{ceil_log2, floor_log2, log2_of_size};

    #[test]
    fn a_range_holds_what_its_bin_was_made_of_and_no_more() {
        for x in 0..5000_i64 {
            let binned = [
                Range::of_ceil_log2(&ceil_log2(x + 1).to_string()),
                Range::of_floor_log2(&floor_log2(x).to_string(), 1),
                Range::of_size(&log2_of_size(x).to_string(), 1),
                Range::of_size(&(log2_of_size(x) / 2).to_string(), 2),
            ];
            for range in binned {
                let Range { first, last } = range.unwrap();
                assert!((first..=last).contains(&(x as u128)), "{x}: {range:?}");
            }
        }
        let ends = |bin: fn(&str) -> Option<Range>| {
            let ranges: Vec<Range> = (0..64).filter_map(|k| bin(&format!("{k}"))).collect();
            assert_eq!(ranges[0].first, 0);
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].last + 1, pair[1].first);
            }
            ranges.len()
        };
        assert_eq!(ends(Range::of_ceil_log2), 64);
        assert_eq!(ends(|bin| Range::of_floor_log2(bin, 1)), 64);
        assert_eq!(ends(|bin| Range::of_size(bin, 1)), 64);
        assert_eq!(ends(|bin| Range::of_size(bin, 2)), 32);
    }

    #[test]
    fn ranges_are_written_with_their_unit() {
        for (range, expected) in [
            (Range::of_ceil_log2("0"), "no bytes"),
            (Range::of_ceil_log2("1"), "1 byte"),
            (Range::of_ceil_log2("10"), "512-1023 bytes"),
            (Range::of_ceil_log2("11"), "1-2 kB"),
            (Range::of_ceil_log2("15"), "16-32 kB"),
            (Range::of_ceil_log2("20"), "512 kB-1 MB"),
            (Range::of_size("0", 2), "0-2 bytes"),
            (Range::of_size("4", 2), "255-1022 bytes"),
            (Range::of_size("5", 2), "1-4 kB"),
            (Range::of_size("7", 2), "16-64 kB"),
            (Range::of_size("31", 2), "4-16 EB"),
            (Range::of_floor_log2("63", 1), "8-16 EB"),
        ] {
            assert_eq!(range.unwrap().of_bytes(), expected, "{range:?}");
        }
        for bin in ["64", "-1", "x", "", "4294967295"] {
            assert_eq!(Range::of_size(bin, 2), None, "{bin:?}");
        }
    }

    #[test]
    fn entropies_are_written_in_tenths() {
        for (bits, expected) in [
            (Bits::of_entropy_bin("0"), "0 bits a character"),
            (Bits::of_entropy_bin("10"), "2.7-3 bits a character"),
            (Bits::of_entropy_bin("19"), "more than 5.4 bits a character"),
            (Bits::of_steps("4", 1.0), "4-5 bits a character"),
            (Bits::of_steps("3", 0.6), "1.8-2.4 bits a character"),
        ] {
            assert_eq!(bits.unwrap().to_string(), expected);
        }
        assert_eq!(Bits::of_entropy_bin("20"), None);
        assert_eq!(Bits::of_steps("200", 1.0), None);
    }
}
