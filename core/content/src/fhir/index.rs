//! What refers to what inside one file.

use super::node::Node;
use crate::refusal::{Cause, Refusal};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

const MAX_ENTRIES: usize = 50_000;

/// A resource, and the one whose `contained` its local references mean.
#[derive(Clone)]
pub(super) struct Resource<'a> {
    pub(super) node: Node<'a>,
    home: Node<'a>,
}

impl<'a> Resource<'a> {
    pub(super) fn whole(node: Node<'a>) -> Self {
        Self {
            home: node.clone(),
            node,
        }
    }

    pub(super) fn is(&self, resource_type: &str) -> bool {
        self.node
            .get("resourceType")
            .is_some_and(|node| node.is_text(resource_type))
    }

    pub(super) fn address(&self) -> usize {
        self.node.address()
    }
}

/// All resources of a file by what may refer to them.
pub(super) struct Index<'a> {
    entries: Vec<Resource<'a>>,
    /// `None` where two different resources share a key: then the reference leads nowhere rather than to a wrong one.
    by_reference: HashMap<String, Option<usize>>,
    /// Contained resources by id, for each resource that was asked for one.
    contained: RefCell<HashMap<usize, Rc<HashMap<&'a str, Node<'a>>>>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(root: &Node<'a>) -> Result<Self, Refusal> {
        let mut index = Self {
            entries: Vec::new(),
            by_reference: HashMap::new(),
            contained: RefCell::default(),
        };
        if !root
            .get("resourceType")
            .is_some_and(|node| node.is_text("Bundle"))
        {
            return Ok(index);
        }
        let entries = root.clone().named("Bundle").objects("entry")?;
        if entries.len() > MAX_ENTRIES {
            return Err(Refusal::new("Bundle.entry", Cause::TooLarge(MAX_ENTRIES)));
        }
        for entry in entries {
            let Some(node) = entry.object("resource")? else {
                continue;
            };
            let place = index.entries.len();
            let mut keys = Vec::new();
            keys.extend(entry.text("fullUrl")?.map(str::to_owned));
            if let (Some(resource_type), Some(id)) = (node.text("resourceType")?, node.text("id")?)
            {
                keys.push(format!("{resource_type}/{id}"));
            }
            index.entries.push(Resource::whole(node));
            for key in keys {
                index.add(key, place);
            }
        }
        Ok(index)
    }

    fn add(&mut self, key: String, place: usize) {
        let entries = &self.entries;
        self.by_reference
            .entry(key)
            .and_modify(|known| {
                let same = known.is_some_and(|known| {
                    known == place || entries[known].node.same_content(&entries[place].node)
                });
                if !same {
                    *known = None;
                }
            })
            .or_insert(Some(place));
    }

    pub(super) fn entries(&self) -> &[Resource<'a>] {
        &self.entries
    }

    /// The resource that a Reference means, if it is in the file.
    pub(super) fn resolve(
        &self,
        reference: &Node<'a>,
        from: &Resource<'a>,
    ) -> Result<Option<Resource<'a>>, Refusal> {
        let Some(target) = reference.text("reference")? else {
            return Ok(None);
        };
        if let Some(id) = target.strip_prefix('#') {
            let found = self.contained_in(&from.home)?.get(id).cloned();
            return Ok(found.map(|node| Resource {
                node,
                home: from.home.clone(),
            }));
        }
        let target = target.split("/_history/").next().unwrap_or(target);
        let place = self
            .by_reference
            .get(target)
            .or_else(|| self.by_reference.get(tail(target)))
            .or_else(|| {
                let uuid = target.strip_prefix("urn:uuid:")?;
                self.by_reference.get(&format!(
                    "{}/{uuid}",
                    reference.get("type")?.as_text().ok()??
                ))
            });
        Ok(place
            .copied()
            .flatten()
            .map(|place| self.entries[place].clone()))
    }
}

impl<'a> Index<'a> {
    fn contained_in(&self, home: &Node<'a>) -> Result<Rc<HashMap<&'a str, Node<'a>>>, Refusal> {
        if let Some(known) = self.contained.borrow().get(&home.address()) {
            return Ok(known.clone());
        }
        let mut by_id = HashMap::new();
        for node in home.objects("contained")? {
            if let Some(id) = node.text("id")? {
                by_id.entry(id).or_insert(node);
            }
        }
        let by_id = Rc::new(by_id);
        self.contained
            .borrow_mut()
            .insert(home.address(), by_id.clone());
        Ok(by_id)
    }
}

/// `Patient/1` of `https://server/base/Patient/1`.
pub(super) fn tail(reference: &str) -> &str {
    let mut slashes = reference.rmatch_indices('/').map(|(at, _)| at);
    match (slashes.next(), slashes.next()) {
        (Some(_), Some(second)) => &reference[second + 1..],
        _ => reference,
    }
}
