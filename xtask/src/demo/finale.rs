//! The end: every byte the server has is searched for what the patient would not want it to know.

use std::path::Path;

use super::cast::Cast;
use super::page::Page;
use super::search::{Needle, SHORTEST, Searched, files, forms, look};
use super::story::sure;
use super::text::grouped;
use crate::failure::{Failure, Outcome, While};

/// Searches, and proves that the search would have found.
pub(crate) fn search(cast: &Cast, secrets: &[String], folder: &Path, page: &Page) -> Outcome {
    page.act("What the server has of all this");
    let check = cast.relay.operate(&["check"])?;
    let good = check.lines().filter(|line| line.starts_with("ok ")).count();
    sure(
        good > 0 && good == check.lines().count(),
        "the relay's own check finds nothing wrong",
    )?;
    page.text(&format!(
        "Its own check finds everything in order ({good} points)."
    ));

    let mut texts: Vec<&String> = secrets
        .iter()
        .filter(|text| text.len() >= SHORTEST)
        .collect();
    texts.sort();
    texts.dedup();
    let short = secrets.iter().filter(|text| text.len() < SHORTEST).count();
    sure(texts.len() >= 3, "there is something to search for")?;
    let needles: Vec<Needle> = texts.iter().flat_map(|text| forms(text)).collect();
    let quoted: Vec<String> = texts.iter().map(|text| format!("“{text}”")).collect();
    page.text(&format!("Searched for: {}", quoted.join(", ")));
    if short > 0 {
        page.text(&format!(
            "{short} texts are too short to prove anything and were left out."
        ));
    }
    page.text(
        "as they are, in capitals and in small letters, each also in base64, hexadecimal, UTF-16, percent-encoded",
    );

    let metrics = cast.relay.metrics()?;
    let mut searched = Searched::default();
    let data = files(&cast.relay.data)?;
    for file in data.iter().chain([&cast.relay.log]) {
        look(
            &needles,
            &file.display().to_string(),
            &read(file)?,
            &mut searched,
        );
    }
    look(&needles, "metrics", metrics.as_bytes(), &mut searched);
    look(&needles, "check", check.as_bytes(), &mut searched);
    let names: Vec<String> = data
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .collect();
    page.text(&format!(
        "in: {}, the log, the metrics, the check.",
        names.join(", ")
    ));
    if let Some((place, file)) = searched.found.first() {
        let needle = &needles[*place];
        return Err(Failure::new(format!(
            "“{}” ({}) stands in {file}",
            needle.text, needle.form
        )));
    }
    page.text(&format!(
        "{} bytes in {} pieces, {} forms of {} texts: NONE FOUND.",
        grouped(searched.bytes),
        searched.pieces,
        needles.len(),
        texts.len()
    ));
    control(&needles, &data, folder, page)
}

/// The same search over a copy into which every form was planted, each at another place.
fn control(needles: &[Needle], data: &[std::path::PathBuf], folder: &Path, page: &Page) -> Outcome {
    let database = data.iter().find(|file| file.ends_with("relay.db"));
    let database =
        database.ok_or_else(|| Failure::new("the relay's database is not where it was"))?;
    let mut bytes = read(database)?;
    sure(!bytes.is_empty(), "the relay's database holds something")?;
    let step = (bytes.len() / (needles.len() + 1)).max(1);
    for (place, needle) in needles.iter().enumerate().rev() {
        let at = ((place + 1) * step).min(bytes.len());
        bytes.splice(at..at, needle.bytes.iter().copied());
    }
    let copy = folder.join("planted.db");
    std::fs::write(&copy, &bytes)
        .while_doing(|| "writing the copy with planted texts".to_owned())?;
    let mut searched = Searched::default();
    look(needles, "the copy", &read(&copy)?, &mut searched);
    let all =
        (0..needles.len()).all(|place| searched.found.iter().any(|(found, _)| *found == place));
    sure(all, "the search finds every form where it was planted")?;
    page.text(&format!(
        "The control: the same search found all {} forms in a copy of the database into which they had been planted.",
        needles.len()
    ));
    Ok(())
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(file).while_doing(|| format!("reading {}", file.display()))
}
