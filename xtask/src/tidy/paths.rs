//! Every path a Rust file writes: in imports, expressions, types, patterns, attributes, and, as far as tokens tell, in
//! macros.

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};

/// One path as written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) segments: Vec<String>,
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    /// Inline modules around it, from the file inwards.
    pub(crate) modules: Vec<String>,
    /// Inside an item that is compiled for tests only.
    pub(crate) in_tests: bool,
}

/// How a path is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// An import, and the name it gets here.
    Import(String),
    /// An import of everything below.
    Glob,
    /// The name of a macro that is called or defined here.
    Macro,
}

/// All paths of a file.
pub(crate) fn of(file: &syn::File) -> Vec<Written> {
    let mut collector = Collector::default();
    collector.visit_file(file);
    collector.found
}

/// Names of the modules a file declares, with their text elsewhere, for tests only.
pub(crate) fn test_modules(file: &syn::File) -> impl Iterator<Item = String> {
    file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) if item.content.is_none() && item.attrs.iter().any(is_for_tests) => {
            Some(name(&item.ident))
        }
        _ => None,
    })
}

#[derive(Default)]
struct Collector {
    found: Vec<Written>,
    modules: Vec<String>,
    tests: usize,
}

impl Collector {
    fn push(&mut self, segments: Vec<String>, kind: Kind, span: Span) {
        let (modules, in_tests) = (self.modules.clone(), self.tests > 0);
        self.found.push(Written {
            segments,
            kind,
            line: span.start().line,
            modules,
            in_tests,
        });
    }

    fn use_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[name(ident)]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|item| self.use_tree(before, item)),
            syn::UseTree::Glob(glob) => {
                self.push(before.to_vec(), Kind::Glob, glob.star_token.spans[0])
            }
            syn::UseTree::Name(it) => self.import(with(&it.ident), None, it.ident.span()),
            syn::UseTree::Rename(it) => {
                self.import(with(&it.ident), Some(name(&it.rename)), it.ident.span())
            }
        }
    }

    /// `use a::b::{self}` names `a::b`.
    fn import(&mut self, mut segments: Vec<String>, rename: Option<String>, span: Span) {
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let here = rename
            .or_else(|| segments.last().cloned())
            .unwrap_or_default();
        self.push(segments, Kind::Import(here), span);
    }

    /// Paths among bare tokens: a run of names joined by `::`, with `a::{b, c}` and `a::*` opened up.
    fn tokens(&mut self, before: &[String], stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        let mut fresh = true;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(first) => {
                    let mut segments = before_if(before, fresh);
                    segments.push(name(first));
                    at += 1;
                    while let (true, Some(TokenTree::Ident(next))) =
                        (joined(&tokens, at), tokens.get(at + 2))
                    {
                        segments.push(name(next));
                        at += 3;
                    }
                    match tokens.get(at + 2).filter(|_| joined(&tokens, at)) {
                        Some(TokenTree::Group(group)) => {
                            self.tokens(&segments, group.stream());
                            at += 3;
                        }
                        Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                            self.push(segments, Kind::Glob, first.span());
                            at += 3;
                        }
                        _ if segments.len() > 1 => self.push(segments, Kind::Plain, first.span()),
                        _ => {}
                    }
                    fresh = false;
                }
                TokenTree::Group(group) => {
                    self.tokens(&[], group.stream());
                    at += 1;
                    fresh = false;
                }
                TokenTree::Punct(punct) => {
                    fresh = punct.as_char() == ',';
                    at += 1;
                }
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    /// Attributes may hold paths as text: `#[serde(with = "crate::a")]`.
    fn literals(&mut self, stream: TokenStream) {
        for token in stream {
            match token {
                TokenTree::Group(group) => self.literals(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"')) {
                        self.push(
                            path.segments.iter().map(|it| name(&it.ident)).collect(),
                            Kind::Plain,
                            literal.span(),
                        );
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn maybe_for_tests(&mut self, attributes: &[syn::Attribute], inner: impl FnOnce(&mut Self)) {
        let for_tests = attributes.iter().any(is_for_tests);
        self.tests += usize::from(for_tests);
        inner(self);
        self.tests -= usize::from(for_tests);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            let segments = path.segments.iter().map(|it| name(&it.ident)).collect();
            self.push(segments, Kind::Plain, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.maybe_for_tests(&item.attrs, |inner| inner.use_tree(&[], &item.tree));
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        // `extern crate self as x` gives the crate's root another name.
        let krate = if item.ident == "self" {
            "crate".to_owned()
        } else {
            name(&item.ident)
        };
        let here = item
            .rename
            .as_ref()
            .map_or_else(|| krate.clone(), |(_, rename)| name(rename));
        self.push(vec![krate], Kind::Import(here), item.ident.span());
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.maybe_for_tests(&item.attrs, |inner| {
            if item.content.is_some() {
                inner.modules.push(name(&item.ident));
                visit::visit_item_mod(inner, item);
                inner.modules.pop();
            }
        });
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.maybe_for_tests(&item.attrs, |inner| visit::visit_item_fn(inner, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.maybe_for_tests(&item.attrs, |inner| visit::visit_item_impl(inner, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.maybe_for_tests(&item.attrs, |inner| visit::visit_impl_item_fn(inner, item));
    }

    // `pub(in crate::a)` shows something to a place; it takes nothing from there.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if let Some(first) = item.path.segments.first() {
            let segments = item
                .path
                .segments
                .iter()
                .map(|it| name(&it.ident))
                .collect();
            self.push(segments, Kind::Macro, first.ident.span());
        }
        self.tokens(&[], item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.visit_path(attribute.path());
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&[], list.tokens.clone());
            self.literals(list.tokens.clone());
        }
    }
}

fn name(ident: &syn::Ident) -> String {
    ident.unraw().to_string()
}

fn before_if(before: &[String], fresh: bool) -> Vec<String> {
    if fresh { before.to_vec() } else { Vec::new() }
}

/// Whether two colons stand at this place.
fn joined(tokens: &[TokenTree], at: usize) -> bool {
    match (tokens.get(at), tokens.get(at + 1)) {
        (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(b))) => {
            a.as_char() == ':' && a.spacing() == Spacing::Joint && b.as_char() == ':'
        }
        _ => false,
    }
}

fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else {
        return attribute
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "test");
    };
    let condition = list.tokens.to_string();
    let has = |wanted: &str| {
        condition
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == wanted)
    };
    list.path.is_ident("cfg") && has("test") && !has("not")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        of(&syn::parse_file(text).unwrap())
            .into_iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn imports_are_opened_up() {
        let paths = written("use crate::a::{self, b::C, d::{E as F, *}};");
        assert_eq!(
            paths,
            [
                "crate::a",
                "crate::a::b::C",
                "crate::a::d::E",
                "crate::a::d"
            ]
        );
    }

    #[test]
    fn paths_are_found_in_types_expressions_patterns_macros_and_attributes() {
        for text in [
            "fn f(x: Vec<crate::up::T>) {}",
            "fn f() { crate::up::T::new(); }",
            "fn f(x: X) { if let crate::up::T::A = x {} }",
            "fn f() { vec![crate::up::T::new()]; }",
            "macro_rules! m { () => { $crate::up::T } }",
            "macro_rules! m { () => { use $crate::{a::B, up::T}; } }",
            "#[derive(Serialize)] struct S { #[serde(with = \"crate::up::T\")] x: u8 }",
            "#[crate::up::T] fn f() {}",
            "impl crate::up::T for X {}",
            "fn f() -> <X as crate::up::T>::Y {}",
        ] {
            let paths = written(text);
            assert!(
                paths.iter().any(|path| path.starts_with("crate::up::T")),
                "{text}: {paths:?}"
            );
        }
    }

    #[test]
    fn visibility_is_no_import() {
        assert!(written("pub(in crate::up) struct S; pub(crate) fn f() {}").is_empty());
    }

    #[test]
    fn what_is_compiled_for_tests_is_marked() {
        let file = syn::parse_file(
            "#[cfg(test)] mod t { fn f() { a::b(); } }\n#[cfg(not(test))] fn g() { c::d(); }",
        );
        let paths = of(&file.unwrap());
        let of = |first: &str| paths.iter().find(|path| path.segments[0] == first).unwrap();
        assert!(of("a").in_tests && of("a").modules == ["t"]);
        assert!(!of("c").in_tests);
    }
}
