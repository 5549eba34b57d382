//! `cargo xtask demo [FILE]`: a critical result at 03:04, from the laboratory to the ward, over a relay that cannot read it.
//!
//! Every device is a process of its own with an encrypted store of its own. Nothing on the page is written in advance but the
//! words between: values, names, times, states and refusals are what the processes said, and each statement is checked
//! before it is told. The command succeeds only if all of them hold.

mod card;
mod cast;
mod device;
mod finale;
mod live;
mod page;
mod readback;
mod relay;
mod search;
mod sequel;
mod story;
mod text;
mod theft;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::build;
use crate::failure::{Outcome, While};
use crate::repository::Repository;
use crate::requirements;
use crate::steps::Steps;
use page::Page;
use story::Story;

const SAMPLE: &str = "core/content/samples/potassium-critical.hl7";
const CORRECTION: &str = "core/content/samples/potassium-corrected.hl7";

/// Tells the story with the sample, or with a result of the caller's.
pub(crate) fn run(file: Option<&Path>) -> Outcome {
    let repository = Repository::find()?;
    let (result, correction) = match file {
        Some(file) => (
            std::path::absolute(file).while_doing(|| format!("finding {}", file.display()))?,
            None,
        ),
        None => (
            repository.root.join(SAMPLE),
            Some(repository.root.join(CORRECTION)),
        ),
    };
    let mut steps = Steps::default();
    requirements::ensure(&mut steps)?;
    let programs = build::shipped(&repository, &mut steps)?;

    let began = Instant::now();
    let page = Page::open();
    let folder = tempfile::Builder::new()
        .prefix("sotto-demo-")
        .tempdir()
        .while_doing(|| "making a temporary folder".to_owned())?;
    let mut cast = cast::gather(&programs, folder.path(), &page)?;
    let secrets = tell(&mut Story::begin(&mut cast, &page)?, &result, correction)?;
    finale::search(&cast, &secrets, folder.path(), &page)?;
    page.act(&format!(
        "Everything above was checked. {:.0} seconds.",
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn tell(story: &mut Story<'_>, result: &Path, correction: Option<PathBuf>) -> Outcome<Vec<String>> {
    story.page.act("03:04");
    story.page.columns("UTC");
    story.sent(result)?;
    let card = story.opened()?;
    story.page.gap();
    story.read_back(&card)?;
    story.page.gap();
    let group = story.colleague(&card)?;
    story.page.gap();
    match correction {
        Some(correction) => story.corrected(&correction, &group)?,
        None => story
            .page
            .text("There is no correction of this file, so that act is left out."),
    }
    story.stolen(&group)?;
    Ok(std::mem::take(&mut story.secrets))
}
