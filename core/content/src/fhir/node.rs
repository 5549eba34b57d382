//! A place in a JSON document that knows its own path.

use crate::refusal::{Cause, Refusal};
use serde_json::Value as Json;

/// A value and the path that leads to it.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Json,
    path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Json) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    /// The same place under another name: paths begin with the resource's type.
    pub(super) fn named(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self.value) as usize
    }

    pub(super) fn same_content(&self, other: &Self) -> bool {
        self.value == other.value
    }

    pub(super) fn refuse(&self, cause: Cause) -> Refusal {
        Refusal::new(self.path.clone(), cause)
    }

    pub(super) fn refuse_at(&self, key: &str, cause: Cause) -> Refusal {
        Refusal::new(self.path_of(key), cause)
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A member; null counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Node {
            value,
            path: self.path_of(key),
        })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some_and(|value| !value.is_null())
    }

    pub(super) fn object(&self, key: &str) -> Result<Option<Node<'a>>, Refusal> {
        match self.get(key) {
            Some(node) if !node.value.is_object() => Err(node.refuse(Cause::Expected("an object"))),
            node => Ok(node),
        }
    }

    pub(super) fn list(&self, key: &str) -> Result<Vec<Node<'a>>, Refusal> {
        let Some(node) = self.get(key) else {
            return Ok(Vec::new());
        };
        let items = node
            .value
            .as_array()
            .ok_or_else(|| node.refuse(Cause::Expected("a list")))?;
        let items = items
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.is_null());
        Ok(items
            .map(|(at, value)| Node {
                value,
                path: format!("{}[{at}]", node.path),
            })
            .collect())
    }

    /// A list of objects.
    pub(super) fn objects(&self, key: &str) -> Result<Vec<Node<'a>>, Refusal> {
        let items = self.list(key)?;
        match items.iter().find(|item| !item.value.is_object()) {
            Some(item) => Err(item.refuse(Cause::Expected("an object"))),
            None => Ok(items),
        }
    }

    /// The text at this place; blanks around it are not kept, and blanks alone are no text.
    pub(super) fn as_text(&self) -> Result<Option<&'a str>, Refusal> {
        let text = self
            .value
            .as_str()
            .ok_or_else(|| self.refuse(Cause::Expected("a text")))?;
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, Refusal> {
        self.get(key).map_or(Ok(None), |node| node.as_text())
    }

    pub(super) fn owned_text(&self, key: &str) -> Result<Option<String>, Refusal> {
        Ok(self.text(key)?.map(str::to_owned))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Refusal> {
        let mut texts = Vec::new();
        for item in self.list(key)? {
            texts.extend(item.as_text()?.map(str::to_owned));
        }
        Ok(texts)
    }

    pub(super) fn is_text(&self, text: &str) -> bool {
        self.value.as_str() == Some(text)
    }

    pub(super) fn boolean(&self) -> Result<bool, Refusal> {
        self.value
            .as_bool()
            .ok_or_else(|| self.refuse(Cause::Expected("true or false")))
    }

    /// The exact text of a number.
    pub(super) fn number(&self) -> Result<String, Refusal> {
        match self.value {
            Json::Number(number) => Ok(number.to_string()),
            _ => Err(self.refuse(Cause::Expected("a number"))),
        }
    }

    pub(super) fn resource_type(&self) -> Result<&'a str, Refusal> {
        if !self.value.is_object() {
            return Err(Refusal::new("file", Cause::Expected("an object")));
        }
        self.text("resourceType")?
            .ok_or_else(|| self.refuse_at("resourceType", Cause::Missing))
    }
}
