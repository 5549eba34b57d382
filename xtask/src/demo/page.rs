//! The page: a story in three columns, as wide as the terminal, plain where nobody looks.

use std::io::IsTerminal as _;

use super::text::wrap;
use crate::steps::say;

const TIME: usize = 10;
const GAP: usize = 2;
/// Narrower columns than this break every other word; the story then stands in one.
const NARROWEST: usize = 24;
const WIDEST: usize = 44;

/// Who knows it: the place of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Laboratory,
    Ward,
    Server,
}

/// The page that is being written.
pub(crate) struct Page {
    column: Option<usize>,
    width: usize,
    decorated: bool,
}

/// What one moment of the story adds, per column.
#[derive(Default)]
pub(crate) struct Moment {
    at: String,
    lines: [Vec<String>; 3],
}

impl Moment {
    /// At a time that a process gave (RFC 3339).
    pub(crate) fn at(time: &str) -> Self {
        Self {
            at: clock(time),
            ..Self::default()
        }
    }

    /// Adds a line to a column.
    pub(crate) fn line(mut self, column: Column, text: impl Into<String>) -> Self {
        self.lines[column as usize].push(text.into());
        self
    }

    pub(crate) fn lab(self, text: impl Into<String>) -> Self {
        self.line(Column::Laboratory, text)
    }

    pub(crate) fn ward(self, text: impl Into<String>) -> Self {
        self.line(Column::Ward, text)
    }

    pub(crate) fn server(self, lines: Vec<String>) -> Self {
        lines
            .into_iter()
            .fold(self, |moment, line| moment.line(Column::Server, line))
    }
}

impl Page {
    /// For the terminal there is, or for a file.
    pub(crate) fn open() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width = terminal.then(columns).flatten().unwrap_or(118);
        Self::of(width, terminal && std::env::var_os("NO_COLOR").is_none())
    }

    fn of(width: usize, decorated: bool) -> Self {
        let column = width.saturating_sub(TIME + 2 * GAP) / 3;
        Self {
            column: (column >= NARROWEST).then_some(column.min(WIDEST)),
            width: width.clamp(40, TIME + 2 * GAP + 3 * WIDEST),
            decorated,
        }
    }

    /// The heading of an act.
    pub(crate) fn act(&self, title: &str) {
        say("");
        say(&self.styled("1", title));
    }

    /// A breath between two acts.
    #[allow(clippy::unused_self, reason = "all of the page is written through it")]
    pub(crate) fn gap(&self) {
        say("");
    }

    /// Running text over the whole width.
    pub(crate) fn text(&self, text: &str) {
        for line in wrap(text, self.width.saturating_sub(2)) {
            say(&format!("  {line}"));
        }
    }

    /// The names of the columns.
    pub(crate) fn columns(&self, zone: &str) {
        if let Some(width) = self.column {
            let names = ["THE LABORATORY KNOWS", "THE WARD KNOWS", "THE SERVER HOLDS"];
            let cells: Vec<String> = names.iter().map(|name| format!("{name:<width$}")).collect();
            let head = format!("{zone:<TIME$}{}", cells.join("  "));
            say("");
            say(&self.styled("2", head.trim_end()));
            let rules = vec!["─".repeat(width); 3].join("  ");
            say(&self.styled("2", &format!("{:TIME$}{rules}", "")));
        }
    }

    /// One moment of the story.
    pub(crate) fn moment(&self, moment: &Moment) {
        for line in self.lines(moment) {
            say(&line);
        }
    }

    fn lines(&self, moment: &Moment) -> Vec<String> {
        let Some(width) = self.column else {
            return self.stacked(moment);
        };
        let cells: Vec<Vec<String>> = moment
            .lines
            .iter()
            .map(|lines| lines.iter().flat_map(|line| wrap(line, width)).collect())
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |column: usize, row: usize| cells[column].get(row).map_or("", String::as_str);
        (0..height)
            .map(|row| {
                let time = if row == 0 { moment.at.as_str() } else { "" };
                let text: Vec<String> = (0..3)
                    .map(|column| format!("{:<width$}", cell(column, row)))
                    .collect();
                format!("{time:<TIME$}{}", text.join("  "))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }

    fn stacked(&self, moment: &Moment) -> Vec<String> {
        let names = ["laboratory: ", "ward: ", "server: "];
        let mut out = vec![moment.at.clone()];
        for (name, lines) in names
            .iter()
            .zip(&moment.lines)
            .filter(|(_, lines)| !lines.is_empty())
        {
            let whole = format!("{name}{}", lines.join("; "));
            out.extend(
                wrap(&whole, self.width.saturating_sub(2))
                    .into_iter()
                    .map(|line| format!("  {line}")),
            );
        }
        out
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.decorated {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// `03:04:10` of an RFC 3339 time in UTC.
pub(crate) fn clock(rfc3339: &str) -> String {
    rfc3339.get(11..19).unwrap_or("").to_owned()
}

/// Columns of the terminal.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_beside_each_other_and_no_line_is_wider_than_the_terminal() {
        let page = Page::of(100, false);
        let moment = Moment::at("2026-11-22T03:04:10.120Z")
            .lab("a result of some length that does not fit into a single line of its column")
            .server(vec!["16,453 bytes".to_owned()]);
        let lines = page.lines(&moment);
        assert!(lines[0].starts_with("03:04:10"), "{lines:?}");
        assert!(lines[0].ends_with("16,453 bytes"), "{lines:?}");
        assert!(lines.len() > 1);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 100),
            "{lines:?}"
        );
    }

    #[test]
    fn a_narrow_terminal_gets_one_column() {
        let lines = Page::of(60, false).lines(
            &Moment::at("")
                .ward("seen")
                .server(vec!["nothing".to_owned()]),
        );
        assert_eq!(lines[1..], ["  ward: seen", "  server: nothing"]);
    }
}
