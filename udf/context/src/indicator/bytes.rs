//! From a file's bytes to its text: packed files, UTF-16, byte order marks; and what is no list at all, by its name.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};

/// The most that a packed file may hold: more is a trap rather than a list.
const MOST: u64 = 4 << 30;

/// The first bytes of files that are no text.
const OTHERS: [(&[u8], &str); 7] = [
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it"),
    (b"BZh", "packed with bzip2; unpack it"),
    (b"\xfd7zXZ", "packed with xz; unpack it"),
    (b"PK\x03\x04", "a zip archive; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"%PDF", "a PDF document"),
    (
        b"PAR1",
        "a Parquet file; make the list of a table with AS SELECT",
    ),
];

/// Reads a file as UTF-8, unpacked and without byte order mark.
///
/// # Errors
/// A file that cannot be read, or is no text.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
    let no_list =
        |problem: &str| Error::format(&path.display().to_string(), "a list of indicators", problem);
    let bytes = match bytes.starts_with(b"\x1f\x8b") {
        true => {
            let mut unpacked = Vec::new();
            MultiGzDecoder::new(bytes.as_slice())
                .take(MOST)
                .read_to_end(&mut unpacked)
                .map_err(|source| Error::read(path, source))?;
            unpacked
        }
        false => bytes,
    };
    if bytes.is_empty() {
        return Err(no_list("it is empty: it has 0 bytes"));
    }
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(no_list(&format!("it is {what}")));
    }
    let wide = |little: bool| {
        let units: Vec<u16> = bytes[2..]
            .chunks_exact(2)
            .map(|pair| match little {
                true => u16::from_le_bytes([pair[0], pair[1]]),
                false => u16::from_be_bytes([pair[0], pair[1]]),
            })
            .collect();
        String::from_utf16_lossy(&units).into_bytes()
    };
    let bytes = match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(true),
        [0xfe, 0xff, ..] => wide(false),
        // A byte order mark says nothing here.
        [0xef, 0xbb, 0xbf, text @ ..] => text.to_vec(),
        _ => bytes,
    };
    let beginning = &bytes[..bytes.len().min(4096)];
    if beginning.contains(&0) {
        return Err(no_list(
            "it holds NUL bytes: it is no text, or UTF-16 without a byte order mark",
        ));
    }
    let text = String::from_utf8_lossy(beginning)
        .trim_start()
        .to_ascii_lowercase();
    if ["<!doctype", "<html", "<?xml", "<head", "<body"]
        .iter()
        .any(|it| text.starts_with(it))
    {
        return Err(no_list(
            "it is an HTML or XML page: what it was fetched from may have answered with an error",
        ));
    }
    Ok(bytes)
}
