//! A source file is one thought: 600 lines are the wall.

use super::Finding;
use super::tables::{SOURCE_EXTENSIONS, WALL};
use super::tree::Tree;

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|file| SOURCE_EXTENSIONS.contains(&file.extension()))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > WALL)
        .map(|(file, lines)| {
            Finding::new(
                &file.path,
                WALL,
                format!("{lines} lines: split it by meaning"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_after_the_wall_is_found() {
        let long = "x\n".repeat(WALL + 1);
        let files = [
            ("a.rs", &long[2..]),
            ("b.sql", long.as_str()),
            ("c.json", long.as_str()),
        ];
        let found = check(&Tree::planted(&files));
        assert_eq!(
            found.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
            ["b.sql"]
        );
    }
}
