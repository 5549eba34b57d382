//! Observations, their components and the members of panels.

use super::datatype::{concept, concept_at, concepts, moment, period, quantity_at, value};
use super::index::{Index, Resource, tail};
use super::node::Node;
use super::{MAX_PANEL_DEPTH, Reading};
use crate::card::{
    AbsentReason, CRITICAL_BY_SENDER, Concept, MAX_OBSERVATIONS, Observation, ObservationStatus,
    ReferenceRange, SUB_ID, Value,
};
use crate::refusal::{Cause, NoteKind, Refusal};
use std::collections::HashSet;

/// Collects the observations of one card, members directly after their panel.
pub(super) struct Collector<'r, 'a> {
    pub(super) reading: &'r mut Reading<'a>,
    pub(super) found: Vec<Observation>,
    seen: HashSet<usize>,
    subject: Option<Node<'a>>,
    report: Resource<'a>,
}

impl<'r, 'a> Collector<'r, 'a> {
    pub(super) fn new(
        reading: &'r mut Reading<'a>,
        report: &Resource<'a>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            subject: report.node.object("subject")?,
            report: report.clone(),
            reading,
            found: Vec::new(),
            seen: HashSet::new(),
        })
    }

    /// Follows the references at `key`. An observation that is a member of another keeps its place there.
    pub(super) fn references(
        &mut self,
        from: &Resource<'a>,
        key: &str,
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), Refusal> {
        if depth > MAX_PANEL_DEPTH {
            return Err(from.node.refuse_at(key, Cause::TooDeep));
        }
        let mut later = HashSet::new();
        let items = from.node.objects(key)?;
        if items.len() > MAX_OBSERVATIONS {
            return Err(from.node.refuse_at(key, Cause::TooLarge(MAX_OBSERVATIONS)));
        }
        let mut targets = Vec::new();
        for item in items {
            let target = self.reading.index.resolve(&item, from)?;
            if let Some(target) = &target {
                later.extend(member_addresses(&self.reading.index, target)?);
            }
            targets.push((item, target));
        }
        for (item, target) in &targets {
            match target {
                Some(target) if !target.is("Observation") => {
                    self.reading.note(item, NoteKind::NotPartOfTheReport);
                }
                Some(target) if parent.is_none() && later.contains(&target.address()) => {}
                Some(target) => self.add(target, parent, depth)?,
                None => {
                    self.reading.note(item, NoteKind::NotIncluded);
                    let label = item.text("display")?.unwrap_or("Observation not included");
                    let mut missing = Observation::of(
                        Concept::of_text(label),
                        ObservationStatus::Unknown,
                        Value::Absent(AbsentReason::Unknown),
                    );
                    missing.parent = parent;
                    self.push(item, missing)?;
                }
            }
        }
        // Panels that are members of each other would wait for one another: none of them is lost.
        for target in targets.iter().filter_map(|(_, target)| target.as_ref()) {
            if target.is("Observation") {
                self.add(target, parent, depth)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, node: &Node<'_>, observation: Observation) -> Result<usize, Refusal> {
        if self.found.len() >= MAX_OBSERVATIONS {
            return Err(node.refuse(Cause::TooLarge(MAX_OBSERVATIONS)));
        }
        self.found.push(observation);
        Ok(self.found.len() - 1)
    }

    /// Adds one Observation with its components and members.
    pub(super) fn add(
        &mut self,
        resource: &Resource<'a>,
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), Refusal> {
        if !self.seen.insert(resource.address()) {
            return Ok(());
        }
        let node = &resource.node;
        self.same_patient(resource)?;
        let status = status(node)?;
        let mut observation = self.one(node, status)?;
        observation.parent = parent;
        observation.effective = effective(node)?.0;
        observation.critical_by_sender = self.reading.own && has_critical_mark(node)?;
        observation.sub_id = sub_id(node)?;
        let place = self.push(node, observation)?;
        for component in node.objects("component")? {
            let mut part = self.one(&component, status)?;
            part.parent = Some(place);
            self.push(&component, part)?;
        }
        self.references(resource, "hasMember", Some(place), depth + 1)?;
        let has_members = self.found.len() > place + 1;
        let head = &mut self.found[place];
        if has_members
            && head.value == Value::Absent(AbsentReason::Unknown)
            && !node.has("dataAbsentReason")
        {
            head.value = Value::Heading;
        }
        Ok(())
    }

    /// What an Observation and a component have in common.
    fn one(&mut self, node: &Node<'a>, status: ObservationStatus) -> Result<Observation, Refusal> {
        let code =
            concept_at(node, "code")?.ok_or_else(|| node.refuse_at("code", Cause::Missing))?;
        let value = match value(node)? {
            Some(value) => value,
            None => Value::Absent(absent_reason(node)?),
        };
        if value == Value::Absent(AbsentReason::Unsupported) && node.has("valueSampledData") {
            self.reading.note(node, NoteKind::NotCarried);
        }
        let mut observation = Observation::of(code, status, value);
        observation.interpretation = concepts(node, "interpretation")?;
        for range in node.objects("referenceRange")? {
            let range = ReferenceRange {
                low: quantity_at(&range, "low")?,
                high: quantity_at(&range, "high")?,
                kind: concept_at(&range, "type")?,
                text: range.owned_text("text")?,
            };
            if !range.is_empty() {
                observation.reference_ranges.push(range);
            }
        }
        for note in node.objects("note")? {
            observation.notes.extend(note.owned_text("text")?);
        }
        Ok(observation)
    }

    /// A result under another patient's report is refused, never shown.
    fn same_patient(&self, resource: &Resource<'a>) -> Result<(), Refusal> {
        let (Some(theirs), Some(ours)) = (resource.node.object("subject")?, &self.subject) else {
            return Ok(());
        };
        let target = |node: &Node<'a>, from| self.reading.index.resolve(node, from);
        let same = match (target(&theirs, resource)?, target(ours, &self.report)?) {
            (Some(a), Some(b)) => a.address() == b.address() || a.node.same_content(&b.node),
            _ => match (theirs.text("reference")?, ours.text("reference")?) {
                (Some(a), Some(b)) => tail(a) == tail(b),
                _ => true,
            },
        };
        if same {
            Ok(())
        } else {
            Err(theirs.refuse(Cause::AnotherPatient))
        }
    }
}

pub(super) fn status(node: &Node<'_>) -> Result<ObservationStatus, Refusal> {
    let code = node
        .text("status")?
        .ok_or_else(|| node.refuse_at("status", Cause::Missing))?;
    ObservationStatus::parse(code)
        .ok_or_else(|| node.refuse_at("status", Cause::UnknownCode("observation-status")))
}

/// Beginning and end of when something was observed.
pub(super) fn effective(
    node: &Node<'_>,
) -> Result<(Option<crate::moment::Moment>, Option<crate::moment::Moment>), Refusal> {
    if let Some(node) = node.object("effectivePeriod")? {
        return period(&node);
    }
    let start = match moment(node, "effectiveDateTime")? {
        Some(moment) => Some(moment),
        None => moment(node, "effectiveInstant")?,
    };
    Ok((start, None))
}

fn absent_reason(node: &Node<'_>) -> Result<AbsentReason, Refusal> {
    let Some(reason) = node.object("dataAbsentReason")? else {
        return Ok(AbsentReason::Unknown);
    };
    let codes = concept(&reason)?.unwrap_or_default();
    let known = codes
        .codings
        .iter()
        .find_map(|coding| AbsentReason::parse(coding.code.as_deref()?));
    Ok(known.unwrap_or(AbsentReason::Unknown))
}

fn has_critical_mark(node: &Node<'_>) -> Result<bool, Refusal> {
    let marks = node.objects("extension")?;
    Ok(marks.iter().any(|extension| {
        extension
            .get("url")
            .is_some_and(|url| url.is_text(CRITICAL_BY_SENDER))
    }))
}

fn sub_id(node: &Node<'_>) -> Result<Option<String>, Refusal> {
    for identifier in node.objects("identifier")? {
        if identifier
            .get("system")
            .is_some_and(|system| system.is_text(SUB_ID))
        {
            return identifier.owned_text("value");
        }
    }
    Ok(None)
}

fn member_addresses<'a>(index: &Index<'a>, from: &Resource<'a>) -> Result<Vec<usize>, Refusal> {
    addresses(index, from, "hasMember")
}

fn addresses<'a>(index: &Index<'a>, from: &Resource<'a>, key: &str) -> Result<Vec<usize>, Refusal> {
    let mut found = Vec::new();
    for item in from.node.objects(key)? {
        found.extend(index.resolve(&item, from)?.map(|target| target.address()));
    }
    Ok(found)
}

/// Every Observation that is a member of another one.
pub(super) fn members<'a>(
    index: &Index<'a>,
    observations: &[Resource<'a>],
) -> Result<HashSet<usize>, Refusal> {
    let mut all = HashSet::new();
    for observation in observations {
        all.extend(member_addresses(index, observation)?);
    }
    Ok(all)
}

/// The Observations a report names.
pub(super) fn results<'a>(index: &Index<'a>, report: &Resource<'a>) -> Result<Vec<usize>, Refusal> {
    addresses(index, report, "result")
}
