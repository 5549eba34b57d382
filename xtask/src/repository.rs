//! Where things are: the root of the sources, the target folder, the folder of tools.

use std::path::{Path, PathBuf};

use crate::command::{cargo, output};
use crate::failure::{Failure, Outcome, While};

/// The folders every command needs.
pub(crate) struct Repository {
    pub(crate) root: PathBuf,
    /// Cargo's target folder; `CARGO_TARGET_DIR` and Cargo's configuration are respected.
    pub(crate) target: PathBuf,
}

impl Repository {
    /// Finds the repository around the current folder.
    pub(crate) fn find() -> Outcome<Self> {
        let here =
            std::env::current_dir().while_doing(|| "asking for the current folder".to_owned())?;
        let root = root_above(&here)?;
        let answer = output(cargo(&root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value =
            serde_json::from_str(&answer).while_doing(|| "reading cargo's metadata".to_owned())?;
        let target = metadata["target_directory"]
            .as_str()
            .ok_or_else(|| Failure::new("cargo names no target folder"))?;
        Ok(Self {
            target: PathBuf::from(target),
            root,
        })
    }

    /// Target folder of the relay that ships. It is a folder of its own because Cargo unifies features over everything
    /// it builds together: beside the device's code the relay would link SQLCipher.
    pub(crate) fn relay_target(&self) -> PathBuf {
        self.target.join("relay-ship")
    }

    /// Tools built from source, kept beside the target folder so that cleaning one leaves the other.
    pub(crate) fn tools(&self) -> PathBuf {
        let mut name = self.target.file_name().unwrap_or_default().to_owned();
        name.push("-tools");
        self.target.with_file_name(name)
    }
}

fn root_above(here: &Path) -> Outcome<PathBuf> {
    here.ancestors()
        .find(|folder| {
            std::fs::read_to_string(folder.join("Cargo.toml"))
                .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
        })
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            Failure::new("not inside Sotto's sources: no workspace above the current folder")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_a_package_folder() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            root_above(&package.join("src")).unwrap(),
            package.parent().unwrap()
        );
    }

    #[test]
    fn tools_stand_beside_the_target_folder() {
        let repository = Repository {
            root: PathBuf::from("/r"),
            target: PathBuf::from("/cache/target"),
        };
        assert_eq!(repository.tools(), Path::new("/cache/target-tools"));
    }
}
