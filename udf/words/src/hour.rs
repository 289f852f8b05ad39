//! The hour of a time text, read as the original read it: Java's `split` and `Integer.parseInt`.
//!
//! No range is checked, so that `25:00:00` has hour 25 and a signed hour is accepted; whatever
//! `Integer.parseInt` refuses has no hour. Decimal digits of all scripts count, as in Java.

/// The code points of the digit 0 of every script in the Basic Multilingual Plane, ascending; the
/// digits 1 to 9 follow each (Unicode 13, general category Nd). Java reads 16-bit characters, so
/// that digits beyond this plane are none.
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
    0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
    0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0xff10,
];

/// The hour of `HH:MM:SS`: what stands before the first colon, as an integer.
///
/// ```
/// use spotql_words::hour::hour_of_time;
/// assert_eq!(hour_of_time("14:23:11"), Some(14));
/// assert_eq!(hour_of_time("14 :23:11"), None);
/// ```
pub fn hour_of_time(time: &str) -> Option<i32> {
    let hour = time.split_once(':').map_or(time, |(hour, _)| hour);
    integer(hour)
}

/// The hour of TShark's `frame.time` (`Jul  8 2016 00:04:17.123000000 UTC`): the fourth
/// blank-separated token, up to its first colon, as an integer.
///
/// Runs of blanks count once; a leading blank makes an empty first token; only U+0020 is a blank.
pub fn hour_of_frame_time(frame_time: &str) -> Option<i32> {
    let mut rest = frame_time;
    for _ in 0..3 {
        let (_, after) = rest.split_once(' ')?;
        rest = after.trim_start_matches(' ');
    }
    let token = rest.split_once(' ').map_or(rest, |(token, _)| token);
    hour_of_time(token)
}

/// What Java's `Integer.parseInt` makes of the text.
fn integer(text: &str) -> Option<i32> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_i64;
    for digit in digits.chars() {
        value = value * 10 + i64::from(digit_value(digit)?);
        if value > -i64::from(i32::MIN) {
            return None;
        }
    }
    i32::try_from(if negative { -value } else { value }).ok()
}

/// The value of a decimal digit of any script.
#[inline]
fn digit_value(digit: char) -> Option<u32> {
    if digit.is_ascii() {
        return digit.to_digit(10);
    }
    let code = u16::try_from(u32::from(digit)).ok()?;
    let script = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    let value = code - ZEROS[script];
    (value < 10).then_some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_leading_zeros_are_read_as_java_reads_them() {
        assert_eq!(hour_of_time("-1:00:00"), Some(-1));
        assert_eq!(hour_of_time("+5:00:00"), Some(5));
        assert_eq!(hour_of_time("00008:00"), Some(8));
        assert_eq!(hour_of_time("--1:00"), None);
        assert_eq!(hour_of_time("+:00"), None);
    }

    #[test]
    fn an_hour_beyond_32_bits_is_none() {
        assert_eq!(hour_of_time("2147483647"), Some(i32::MAX));
        assert_eq!(hour_of_time("2147483648"), None);
        assert_eq!(hour_of_time("-2147483648"), Some(i32::MIN));
        assert_eq!(hour_of_time("99999999999999999999999999"), None);
    }

    #[test]
    fn digits_of_other_scripts_are_digits() {
        assert_eq!(hour_of_time("١٤:00"), Some(14));
        assert_eq!(hour_of_time("１２:00"), Some(12));
        // Mathematical digits lie beyond 16 bits; superscripts are no decimal digits.
        assert_eq!(hour_of_time("𝟏𝟐:00"), None);
        assert_eq!(hour_of_time("²:00"), None);
    }

    #[test]
    fn an_empty_text_has_no_hour() {
        assert_eq!(hour_of_time(""), None);
        assert_eq!(hour_of_time(":14"), None);
        assert_eq!(hour_of_frame_time(""), None);
        assert_eq!(hour_of_frame_time("   "), None);
    }

    #[test]
    fn the_hour_of_a_frame_is_in_its_fourth_token() {
        assert_eq!(
            hour_of_frame_time("Jul  8 2016 00:04:17.123000000 UTC"),
            Some(0)
        );
        assert_eq!(hour_of_frame_time("a  b   c    14:00:00     UTC"), Some(14));
        assert_eq!(hour_of_frame_time("Mar 5 2024"), None);
        assert_eq!(hour_of_frame_time("Mar 5 2024 "), None);
        assert_eq!(hour_of_frame_time("Mar\t5\t2024\t14:00"), None);
    }

    #[test]
    fn a_leading_blank_shifts_the_tokens() {
        assert_eq!(hour_of_frame_time("   Mar 5 2024 14:00:00"), Some(2024));
    }
}
