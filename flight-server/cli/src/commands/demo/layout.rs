//! Lines of a limited width.

/// The widest line of the report, in characters.
pub(super) const WIDTH: usize = 110;

/// A text in lines of at most `width` characters, broken at spaces; a longer word is broken anywhere.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length <= width {
            used += 1 + length;
            if let Some(line) = lines.last_mut() {
                line.push(' ');
                line.push_str(word);
            }
            continue;
        }
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(width) {
            if used > 0 {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.extend(part);
            }
            used = part.len();
        }
    }
    lines
}

/// The same with spaces before every line; the lines with them keep to [`WIDTH`].
pub(super) fn indented(text: &str, spaces: usize) -> String {
    let indent = " ".repeat(spaces);
    let lines = wrapped(text, WIDTH - spaces).into_iter();
    let lines: Vec<String> = lines.map(|line| format!("{indent}{line}")).collect();
    lines.join("\n")
}

/// A text cut to `width` characters, with a sign that it was.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

/// The width of the widest text.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    let widths = texts.into_iter().map(|text| text.chars().count());
    widths.max().unwrap_or(0)
}

/// A number with commas between thousands.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match number < 0 {
        true => format!("-{text}"),
        false => text,
    }
}

/// A word of a shell's command: quoted where the shell would take it apart.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_keep_to_the_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a bcdefghij kl", 4), ["a", "bcde", "fghi", "j kl"]);
        assert_eq!(wrapped("ééé é", 3), ["ééé", "é"]);
        assert_eq!(wrapped("", 3), [""]);
        let text = "word ".repeat(100);
        assert!(indented(&text, 6).lines().all(|line| line.len() <= WIDTH));
    }

    #[test]
    fn a_text_that_is_cut_says_so() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdef", 5), "abcd…");
    }

    #[test]
    fn numbers_have_commas() {
        let texts = [0, 999, 1000, 300_328, -1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "300,328", "-1,234,567"]);
    }

    #[test]
    fn a_shell_takes_a_quoted_word_as_one() {
        assert_eq!(quoted("target/release/spotql"), "target/release/spotql");
        assert_eq!(quoted("my demo's"), r"'my demo'\''s'");
    }
}
