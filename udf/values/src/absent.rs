//! What stands for nothing in logs.

/// What loggers write for nothing, blanks around it left out: nothing, `-`, and Zeek's `(empty)`.
pub fn is_absent(text: &str) -> bool {
    matches!(trimmed(text), "" | "-" | "(empty)")
}

/// Without blanks and control characters (the zeros of fields of fixed width) around it.
pub fn trimmed(text: &str) -> &str {
    let ends = |byte: &u8| byte.is_ascii_graphic();
    if text.as_bytes().first().is_some_and(ends) && text.as_bytes().last().is_some_and(ends) {
        return text;
    }
    text.trim_matches(|char: char| char.is_whitespace() || char.is_control())
}
