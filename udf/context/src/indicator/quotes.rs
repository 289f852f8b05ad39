//! CSV as feeds write it, made into CSV as RFC 4180 has it.

use std::borrow::Cow;

/// A CSV text without the blanks that stand between a comma and a quote (`"a", "b"`, as in ThreatFox's exports), which
/// would make the quote part of the field.
///
/// # Errors
/// The line (from 1) of a quote that is never closed, and would swallow all lines after it.
pub(super) fn tidied(text: &[u8]) -> Result<Cow<'_, [u8]>, usize> {
    let mut tidy: Option<Vec<u8>> = None;
    let mut kept = 0;
    let (mut line, mut opened) = (1, 1);
    let mut place = 0;
    // At the beginning of a field, as far as blanks go.
    let mut field = Some(0);
    let mut quoted = false;
    while let Some(&byte) = text.get(place) {
        line += usize::from(byte == b'\n');
        match byte {
            b'"' if quoted => match text.get(place + 1) {
                // A quote within quotes.
                Some(b'"') => place += 1,
                _ => quoted = false,
            },
            _ if quoted => {}
            b'"' => {
                if let Some(begin) = field.take() {
                    if begin < place {
                        let tidy = tidy.get_or_insert_with(|| Vec::with_capacity(text.len()));
                        tidy.extend_from_slice(&text[kept..begin]);
                        kept = place;
                    }
                    (quoted, opened) = (true, line);
                }
            }
            b',' | b'\n' | b'\r' => field = Some(place + 1),
            b' ' | b'\t' => {}
            _ => field = None,
        }
        place += 1;
    }
    if quoted {
        return Err(opened);
    }
    Ok(match tidy {
        Some(mut tidy) => {
            tidy.extend_from_slice(&text[kept..]);
            Cow::Owned(tidy)
        }
        None => Cow::Borrowed(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_before_quotes_go_and_all_else_stays() {
        for (text, expected) in [
            ("a,b\n", "a,b\n"),
            (
                "\"a\", \"b, \"\"c\"\"\",\t\"d\"\n",
                "\"a\",\"b, \"\"c\"\"\",\"d\"\n",
            ),
            ("  \"a\", b \"c\" , \"d\"", "\"a\", b \"c\" ,\"d\""),
            (
                "# \"x\", \"y\"\n \"1\", \"2\"\r\n",
                "# \"x\",\"y\"\n\"1\",\"2\"\r\n",
            ),
            ("", ""),
        ] {
            let tidy = tidied(text.as_bytes()).unwrap();
            assert_eq!(std::str::from_utf8(&tidy).unwrap(), expected, "{text}");
        }
        assert_eq!(tidied(b"a,b\n\"c\",\"d\ne,f\n"), Err(2));
    }
}
