//! Nothing in the sources of the machine they were written on: no absolute workplace path, no download address that a
//! tool wrote into a lock file.

use super::Finding;
use super::tree::Tree;

/// Written in halves, so that this file is not its own finding. A folder name counts where something follows it.
const FOLDERS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
];

const HOSTS: [&str; 8] = [
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npmjs", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("repo1.maven", ".org"),
    concat!("repo.maven.apache", ".org"),
    concat!("proxy.golang", ".org"),
    concat!("deb.debian", ".org"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            for folder in FOLDERS.iter().filter(|folder| names(line, folder)) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("`{folder}` is a path of one machine"),
                ));
            }
            for host in HOSTS.iter().filter(|host| line.contains(*host)) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("`{host}` is where a machine downloads from"),
                ));
            }
            if file.extension() == "json" && line.contains("\"resolved\": \"http") {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    "a download address in a lock file",
                ));
            }
        }
    }
    findings
}

fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        line[at + folder.len()..].starts_with(|c: char| c.is_ascii_lowercase() || c == '.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::planted(&[(path, text)])).len()
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_text() {
        for folder in FOLDERS {
            assert_eq!(
                found("docs/A.md", &format!("see {folder}main/x")),
                1,
                "{folder}"
            );
            assert_eq!(
                found("a.toml", &format!("path = \"{folder}.cargo\"")),
                1,
                "{folder}"
            );
            assert_eq!(
                found("a.rs", &format!("// the folder {folder} alone")),
                0,
                "{folder}"
            );
        }
    }

    #[test]
    fn a_download_address_is_found() {
        for host in HOSTS {
            assert_eq!(
                found("a.lock", &format!("url = https://{host}/x")),
                1,
                "{host}"
            );
        }
        assert_eq!(
            found(
                "ui/package-lock.json",
                concat!("  \"resolved\": \"ht", "tp://localhost/a.tgz\",")
            ),
            1
        );
    }
}
