//! Aligned columns for a terminal.

use std::io::Write;

use arrow::array::Array;
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;

use super::Error;

/// Rows that decide the widths of the columns; a wider cell further down pushes its row aside.
const SAMPLE: usize = 1000;

/// Writes rows as a table.
#[derive(Debug)]
pub(crate) struct TableWriter {
    names: Vec<String>,
    right: Vec<bool>,
    /// The rows seen until the widths are decided.
    sample: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl TableWriter {
    /// A writer of rows of this schema.
    #[must_use]
    pub(crate) fn new(schema: &Schema) -> Self {
        let fields = schema.fields();
        Self {
            names: fields.iter().map(|field| field.name().clone()).collect(),
            right: fields
                .iter()
                .map(|field| is_number(field.data_type()))
                .collect(),
            sample: Vec::new(),
            widths: None,
        }
    }

    /// Writes the rows, or keeps them until enough have come to decide the widths.
    ///
    /// # Errors
    /// When a value cannot be formatted or the output fails.
    pub(crate) fn write(
        &mut self,
        batch: &RecordBatch,
        output: &mut dyn Write,
    ) -> Result<(), Error> {
        let options = FormatOptions::default().with_null("NULL");
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref() as &dyn Array, &options))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| spotql_sql::Error::from(DataFusionError::from(error)))?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = formatters
                .iter()
                .map(|formatter| printable(&formatter.value(row)))
                .collect();
            match &self.widths {
                Some(widths) => self.line(&cells, widths, output)?,
                None => {
                    self.sample.push(cells);
                    if self.sample.len() >= SAMPLE {
                        self.begin(output)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When the output fails.
    pub(crate) fn end(&mut self, output: &mut dyn Write) -> Result<(), Error> {
        if self.widths.is_none() {
            self.begin(output)?;
        }
        Ok(())
    }

    fn begin(&mut self, output: &mut dyn Write) -> Result<(), Error> {
        let mut widths: Vec<usize> = self.names.iter().map(|name| width(name)).collect();
        for row in &self.sample {
            for (widest, cell) in widths.iter_mut().zip(row) {
                let lines = cell.lines().map(width).max().unwrap_or(0);
                *widest = (*widest).max(lines);
            }
        }
        self.line(&self.names, &widths, output)?;
        let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        writeln!(output, "{}", rules.join("  "))?;
        for row in &self.sample {
            self.line(row, &widths, output)?;
        }
        self.sample = Vec::new();
        self.widths = Some(widths);
        Ok(())
    }

    fn line(
        &self,
        cells: &[String],
        widths: &[usize],
        output: &mut dyn Write,
    ) -> Result<(), Error> {
        // A cell of several lines, such as a plan, makes a row of as many.
        let cells: Vec<Vec<&str>> = cells.iter().map(|cell| cell.lines().collect()).collect();
        for i in 0..cells.iter().map(Vec::len).max().unwrap_or(0).max(1) {
            let part: Vec<&str> = cells
                .iter()
                .map(|lines| lines.get(i).copied().unwrap_or_default())
                .collect();
            self.single_line(&part, widths, output)?;
        }
        Ok(())
    }

    fn single_line(
        &self,
        cells: &[&str],
        widths: &[usize],
        output: &mut dyn Write,
    ) -> Result<(), Error> {
        let mut line = String::new();
        for (i, (cell, &to)) in cells.iter().zip(widths).enumerate() {
            let padding = " ".repeat(to.saturating_sub(width(cell)));
            if i > 0 {
                line.push_str("  ");
            }
            if self.right[i] {
                line.push_str(&padding);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&padding);
            }
        }
        writeln!(output, "{}", line.trim_end())?;
        Ok(())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A value without control characters but line ends: a log holds what an attacker wrote, and a
/// terminal obeys escape sequences, and marks that turn the direction of what follows.
pub(crate) fn printable(value: &impl ToString) -> String {
    let text = value.to_string();
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmless = |c: char| c == '\n' || !(c.is_control() || turns(c));
    if text.chars().all(harmless) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if harmless(c) {
            shown.push(c)
        } else {
            shown.extend(c.escape_default())
        }
    }
    shown
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, StringArray};

    use super::*;

    fn written(columns: Vec<(&str, ArrayRef)>) -> String {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = TableWriter::new(&batch.schema());
        let mut output = Vec::new();
        writer.write(&batch, &mut output).unwrap();
        writer.end(&mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn numbers_stand_right_and_texts_left() {
        let text = written(vec![
            (
                "host",
                Arc::new(StringArray::from(vec![Some("a"), None])) as ArrayRef,
            ),
            (
                "score",
                Arc::new(Float64Array::from(vec![0.5, 12.0])) as ArrayRef,
            ),
        ]);
        assert_eq!(text, "host  score\n----  -----\na       0.5\nNULL   12.0\n");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        let text = written(vec![(
            "name",
            Arc::new(StringArray::from(vec!["\u{1b}[2J"])) as _,
        )]);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        // Shown as it is, this name would end in `exe.jpg`.
        let turned = "photo\u{202e}gpj.exe\u{2066}\u{200f}";
        let text = written(vec![(
            "name",
            Arc::new(StringArray::from(vec![turned])) as _,
        )]);
        assert!(
            text.contains(r"photo\u{202e}gpj.exe\u{2066}\u{200f}"),
            "{text:?}"
        );
    }

    #[test]
    fn a_cell_of_two_lines_makes_two_lines() {
        let text = written(vec![
            ("a", Arc::new(StringArray::from(vec!["x\nyy"])) as ArrayRef),
            ("b", Arc::new(StringArray::from(vec!["z"])) as ArrayRef),
        ]);
        assert_eq!(text, "a   b\n--  -\nx   z\nyy\n");
    }

    #[test]
    fn a_result_without_rows_has_its_header() {
        let empty = StringArray::from(Vec::<&str>::new());
        assert_eq!(
            written(vec![("name", Arc::new(empty) as _)]),
            "name\n----\n"
        );
    }
}
