//! Writes words one after the other into one buffer: fields with a `_` between them.

/// Numbers below this are copied from a table, and those below its square from two.
const TABULATED: usize = 1000;

/// The digits of small numbers with the `_` behind them.
const DIGITS: [[u8; 4]; TABULATED] = {
    let mut table = PADDED;
    let mut number = 0;
    while number < 100 {
        let [_, tens, ones, _] = PADDED[number];
        table[number] = if number < 10 {
            [ones, b'_', b'_', b'_']
        } else {
            [tens, ones, b'_', b'_']
        };
        number += 1;
    }
    table
};

/// The same with zeros in front: three digits always.
const PADDED: [[u8; 4]; TABULATED] = {
    let mut table = [[b'_'; 4]; TABULATED];
    let mut number = 0;
    while number < TABULATED {
        table[number] = [
            b'0' + (number / 100) as u8,
            b'0' + (number / 10 % 10) as u8,
            b'0' + (number % 10) as u8,
            b'_',
        ];
        number += 1;
    }
    table
};

/// What a field begins with that is only worth naming if it is common in the corpus.
///
/// The training folds rare ones to this mark alone, so that thousands of ports that were seen once
/// do not become thousands of words. Words of generation v2 only.
pub const FOLDABLE: char = '~';

/// Text fields of generation v2 are cut to so many characters.
pub const LONGEST_TEXT: usize = 16;

/// What stands in generation v2 for a text that is missing or empty.
pub const BLANK: &str = "-";

/// A growing buffer of words, and the end of the last field in it.
///
/// Every field is written with a `_` behind it; [`finish_word`](Self::finish_word) takes the last
/// one back. What lies behind the end is of no meaning.
#[derive(Debug, Default)]
pub struct WordWriter {
    bytes: Vec<u8>,
    end: usize,
}

impl WordWriter {
    /// A writer that will not have to grow before it holds this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: vec![0; bytes],
            end: 0,
        }
    }

    /// Appends an integer field.
    #[inline]
    pub fn number(&mut self, number: i64) {
        match usize::try_from(number) {
            Ok(small) if small < TABULATED => self.put(DIGITS[small], digits(small) + 1),
            Ok(port) if port < TABULATED * TABULATED => {
                let (thousands, rest) = (port / TABULATED, port % TABULATED);
                self.put(DIGITS[thousands], digits(thousands));
                self.put(PADDED[rest], 4);
            }
            _ => self.any_number(number),
        }
    }

    /// Appends the field `-1` if `wanted`, which need not be predictable.
    #[inline]
    pub fn minus_one_if(&mut self, wanted: bool) {
        self.put(*b"-1__", 3 * usize::from(wanted));
    }

    /// Appends a text field.
    #[inline]
    pub fn text(&mut self, text: &str) {
        // Most protocols and methods have three letters, which take no call to be copied.
        if let Ok([a, b, c]) = <[u8; 3]>::try_from(text.as_bytes()) {
            return self.put([a, b, c, b'_'], 4);
        }
        let room = self.room(text.len() + 1);
        room[..text.len()].copy_from_slice(text.as_bytes());
        room[text.len()] = b'_';
        self.end += text.len() + 1;
    }

    /// Appends a text field that can be told from its neighbours: cut to [`LONGEST_TEXT`]
    /// characters, with `-` for every `_` and for [`FOLDABLE`] in front, and [`BLANK`] for the
    /// empty text.
    #[inline]
    pub fn plain_text(&mut self, text: &str) {
        let cut = text
            .char_indices()
            .nth(LONGEST_TEXT)
            .map_or(text, |(end, _)| &text[..end]);
        if cut.is_empty() {
            return self.text(BLANK);
        }
        let start = self.end;
        self.text(cut);
        let field = &mut self.bytes[start..self.end - 1];
        for (at, byte) in field.iter_mut().enumerate() {
            if *byte == b'_' || (at == 0 && *byte == FOLDABLE as u8) {
                *byte = b'-';
            }
        }
    }

    /// [`plain_text`](Self::plain_text) with its ASCII letters in upper case.
    #[inline]
    pub fn upper_text(&mut self, text: &str) {
        let start = self.end;
        self.plain_text(text);
        self.bytes[start..self.end].make_ascii_uppercase();
    }

    /// [`plain_text`](Self::plain_text) with its ASCII letters in lower case.
    #[inline]
    pub fn lower_text(&mut self, text: &str) {
        let start = self.end;
        self.plain_text(text);
        self.bytes[start..self.end].make_ascii_lowercase();
    }

    /// Appends an integer field with [`FOLDABLE`] in front.
    #[inline]
    pub fn foldable_number(&mut self, number: i64) {
        self.put([FOLDABLE as u8; 4], 1);
        self.number(number);
    }

    fn any_number(&mut self, number: i64) {
        self.text(itoa::Buffer::new().format(number));
    }

    /// Writes all four bytes and keeps the first `kept` of them.
    #[inline]
    fn put(&mut self, bytes: [u8; 4], kept: usize) {
        if let Some(room) = self.room(bytes.len()).first_chunk_mut() {
            *room = bytes;
        }
        self.end += kept;
    }

    /// Ends a word of at least one field. Gives the end of all words so far.
    #[inline]
    pub fn finish_word(&mut self) -> usize {
        self.end = self.end.saturating_sub(1);
        self.end
    }

    /// All words, without anything between them.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }

    /// The bytes behind the end, at least as many as asked for.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.bytes.len() < self.end + bytes {
            self.grow(bytes);
        }
        &mut self.bytes[self.end..]
    }

    #[cold]
    fn grow(&mut self, bytes: usize) {
        self.bytes.resize(2 * (self.end + bytes), 0);
    }
}

/// How many digits a number below 1000 has.
#[inline]
fn digits(number: usize) -> usize {
    1 + usize::from(number >= 10) + usize::from(number >= 100)
}

/// The one word that `write` makes.
#[cfg(test)]
pub(crate) fn word(write: impl FnOnce(&mut WordWriter)) -> String {
    let mut writer = WordWriter::default();
    write(&mut writer);
    writer.finish_word();
    String::from_utf8(writer.into_bytes()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_written() {
        let numbers = [
            65_535,
            333_333,
            999_999,
            1_000_000,
            -1,
            i64::from(i32::MIN),
            i64::MAX,
            i64::MIN,
        ];
        for number in numbers {
            assert_eq!(word(|writer| writer.number(number)), number.to_string());
        }
        for number in 0..11_000 {
            assert_eq!(word(|writer| writer.number(number)), number.to_string());
        }
    }

    #[test]
    fn fields_are_separated_and_may_be_empty() {
        let written = word(|writer| {
            writer.text("");
            writer.number(7);
            writer.text("é");
            writer.text("");
        });
        assert_eq!(written, "_7_é_");
    }

    #[test]
    fn plain_texts_hold_nothing_that_parts_words() {
        for (text, expected) in [
            ("", "-"),
            ("TCP", "TCP"),
            ("RPC_IN_DATA", "RPC-IN-DATA"),
            ("_", "-"),
            ("~a~b", "-a~b"),
            ("0123456789abcdefg", "0123456789abcdef"),
            ("ééééééééééééééééé", "éééééééééééééééé"),
        ] {
            assert_eq!(word(|writer| writer.plain_text(text)), expected, "{text:?}");
        }
        let after_another = word(|writer| {
            writer.number(1);
            writer.plain_text("~_");
            writer.foldable_number(8443);
        });
        assert_eq!(after_another, "1_--_~8443");
    }

    #[test]
    fn minus_one_is_written_if_wanted() {
        for (wanted, expected) in [(true, "-1_443"), (false, "443")] {
            let written = word(|writer| {
                writer.minus_one_if(wanted);
                writer.number(443);
            });
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn words_follow_each_other_without_a_gap() {
        let mut writer = WordWriter::with_capacity(3);
        let mut ends = Vec::new();
        for repeats in [1, 40, 2] {
            for _ in 0..repeats {
                writer.number(42);
            }
            writer.text(&"x".repeat(repeats));
            ends.push(writer.finish_word());
        }
        let bytes = writer.into_bytes();
        assert_eq!(ends, [4, 4 + 160, 4 + 160 + 8]);
        assert_eq!(&bytes[..4], b"42_x");
        assert_eq!(&bytes[164..], b"42_42_xx");
    }
}
