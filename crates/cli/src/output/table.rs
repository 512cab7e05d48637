//! Columns that stand below each other.

use std::fmt::{self, Display};

use super::Plain;

/// A table with a heading. It is shown without a last line break, columns as wide as their widest
/// cell.
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(heading: [&str; COLUMNS]) -> Table<COLUMNS> {
        Table { rows: vec![heading.map(str::to_owned)] }
    }

    /// Nothing in a cell can move the cursor of a terminal.
    pub(crate) fn push(&mut self, row: [&dyn Display; COLUMNS]) {
        self.rows.push(row.map(|cell| Plain(&cell.to_string()).to_string()));
    }

    /// There is nothing below the heading.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }
}

impl<const COLUMNS: usize> Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for (i, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths);
            let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "N"]);
        assert!(table.is_empty());
        table.push([&"é\nlong", &7]);
        table.push([&"b", &""]);
        assert_eq!(table.to_string(), "NAME     N\né\\nlong  7\nb");
    }
}
