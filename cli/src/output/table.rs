//! Aligned columns. The last one is not padded; an empty table says so in words.

use super::text::{clean, padded, width};

/// Rows under a heading. Cells are cleaned as they come in.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows
            .push(cells.iter().map(|cell| clean(cell)).collect());
    }

    /// A row of a table whose columns are not known beforehand.
    pub(crate) fn row_of(&mut self, cells: &[String]) {
        self.rows
            .push(cells.iter().map(|cell| clean(cell)).collect());
    }

    /// The table, or `empty` where it has no rows.
    pub(crate) fn render(&self, empty: &str) -> String {
        if self.rows.is_empty() {
            return format!("{empty}\n");
        }
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                lines()
                    .filter_map(|line| line.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for line in lines() {
            let cells: Vec<String> = line
                .iter()
                .zip(&widths)
                .map(|(cell, columns)| padded(cell, *columns))
                .collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&["NAME", "UNIT"]);
        table.row(["Zoë Lang", "5W"]);
        table.row(["检验科", "LAB\u{1b}"]);
        assert_eq!(
            table.render("Nobody."),
            "NAME      UNIT\nZoë Lang  5W\n检验科    LAB\n"
        );
    }

    #[test]
    fn an_empty_table_is_a_sentence() {
        assert_eq!(
            Table::new(&["NAME"]).render("Nobody is here yet."),
            "Nobody is here yet.\n"
        );
    }
}
