//! Shannon entropy of a text, in bits a character.
//!
//! Characters are UTF-16 code units, as in the original: one beyond the Basic Multilingual Plane
//! counts as two. Every call sums in the same order, so that equal texts have equal bits.

use super::math::entropy_bin;

/// How many characters may share one count before it is added on its own.
const GROUPED_COUNTS: usize = 16;

/// Computes entropies one after the other; keeps the space that texts beyond ASCII need.
#[derive(Debug, Default, Clone)]
pub struct EntropyMeter {
    units: Vec<u16>,
    letters: String,
}

impl EntropyMeter {
    /// The entropy of `text` in bits; 0 for the empty text.
    pub fn entropy(&mut self, text: &str) -> f64 {
        if text.is_ascii() {
            ascii_entropy(text.as_bytes())
        } else {
            self.utf16_entropy(text)
        }
    }

    /// The entropy of `text` with its dots left out; 0 for dots alone.
    pub fn entropy_without_dots(&mut self, text: &str) -> f64 {
        if !text.contains('.') {
            return self.entropy(text);
        }
        let mut letters = std::mem::take(&mut self.letters);
        letters.clear();
        letters.extend(text.split('.'));
        let entropy = self.entropy(&letters);
        self.letters = letters;
        entropy
    }

    /// The [bin](entropy_bin) of the entropy of `text`.
    pub fn bin(&mut self, text: &str) -> i32 {
        entropy_bin(self.entropy(text))
    }

    fn utf16_entropy(&mut self, text: &str) -> f64 {
        self.units.clear();
        self.units.extend(text.encode_utf16());
        self.units.sort_unstable();
        let mut sum = Sum::new(self.units.len());
        for run in self.units.chunk_by(|a, b| a == b) {
            sum.add(run.len());
        }
        sum.entropy()
    }
}

/// The entropy of `text` in bits a UTF-16 code unit; 0 for the empty text.
///
/// For many texts [`EntropyMeter`] saves an allocation for each that is not ASCII.
///
/// ```
/// assert_eq!(spotql_words::entropy::entropy("abcd"), 2.0);
/// ```
pub fn entropy(text: &str) -> f64 {
    EntropyMeter::default().entropy(text)
}

/// The length of `text` in UTF-16 code units, which is what the original calls its length.
#[inline]
pub fn utf16_len(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

fn ascii_entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in text {
        counts[usize::from(byte & 0x7f)] += 1;
    }
    let mut sum = Sum::new(text.len());
    if text.len() < counts.len() {
        // A short text names its characters sooner than the table does.
        for byte in text {
            let count = std::mem::take(&mut counts[usize::from(byte & 0x7f)]);
            if count > 0 {
                sum.add(count as usize);
            }
        }
    } else {
        for count in counts {
            if count > 0 {
                sum.add(count as usize);
            }
        }
    }
    sum.entropy()
}

/// The sum of -p log2(p). Characters that occur equally often share one logarithm.
struct Sum {
    length: f64,
    grouped: [u32; GROUPED_COUNTS],
    rest: f64,
}

impl Sum {
    fn new(length: usize) -> Self {
        Self {
            length: length as f64,
            grouped: [0; GROUPED_COUNTS],
            rest: 0.0,
        }
    }

    /// Adds a character that occurs `count` times.
    #[inline]
    fn add(&mut self, count: usize) {
        match self.grouped.get_mut(count) {
            Some(characters) => *characters += 1,
            None => self.rest += self.term(count),
        }
    }

    fn entropy(self) -> f64 {
        let grouped = self.grouped.iter().enumerate();
        grouped
            .filter(|(_, characters)| **characters > 0)
            .fold(self.rest, |sum, (count, n)| {
                sum + f64::from(*n) * self.term(count)
            })
    }

    /// -p log2(p), by the quotient of decimal logarithms like every logarithm of the words. It is
    /// exact where an entropy can fall on a cut of the bins: p a power of two.
    fn term(&self, count: usize) -> f64 {
        let p = count as f64 / self.length;
        -(p * (p.log10() / 2.0_f64.log10()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_repeated_carries_nothing() {
        for text in ["", "a", "aaaaaaaaaaaaaaaaaaaa", "ééé"] {
            assert_eq!(entropy(text), 0.0, "{text:?}");
            assert!(entropy(text).is_sign_positive(), "{text:?} has entropy -0");
        }
    }

    #[test]
    fn equal_shares_give_the_logarithm_of_their_number() {
        assert_eq!(entropy("ab"), 1.0);
        assert_eq!(entropy("abcdefgh"), 3.0);
        assert_eq!(entropy("aaabbbcccdddeeefffggghhh"), 3.0);
        assert_eq!(entropy("aabc"), 1.5);
    }

    #[test]
    fn dots_can_be_left_out() {
        let mut meter = EntropyMeter::default();
        for (text, entropy) in [("ab.cd", 2.0), ("a.a", 0.0), ("...", 0.0), ("abcd", 2.0)] {
            assert_eq!(meter.entropy_without_dots(text), entropy, "{text:?}");
        }
    }

    #[test]
    fn entropy_on_a_cut_stays_on_it_whatever_the_length() {
        let mut meter = EntropyMeter::default();
        for repeats in 1..40 {
            assert_eq!(
                meter.bin(&"abcdefgh".repeat(repeats)),
                10,
                "{repeats} repeats"
            );
            assert_eq!(
                meter.bin(&"äbcdefgh".repeat(repeats)),
                10,
                "{repeats} repeats"
            );
            assert_eq!(meter.bin(&"aabc".repeat(repeats)), 5, "{repeats} repeats");
        }
    }

    #[test]
    fn a_character_beyond_16_bits_counts_as_two() {
        // U+1F600 twice is the pair of units D83D DE00 twice.
        assert_eq!(entropy("😀😀"), 1.0);
        assert_eq!(utf16_len("😀é"), 3);
    }

    #[test]
    fn the_order_of_characters_does_not_change_a_bit() {
        let (a, b) = ("www.google.com", "moc.elgoog.www");
        assert_eq!(entropy(a).to_bits(), entropy(b).to_bits());
    }
}
