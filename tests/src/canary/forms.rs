//! The forms in which a program might write something down.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names say it
pub enum Form {
    Raw,
    Uppercase,
    Lowercase,
    Hex,
    Utf16Le,
    Utf16Be,
    Percent,
    Base64,
    Sha256,
}

/// All forms of a text.
#[must_use]
pub fn forms_of_text(text: &str) -> Vec<(Form, Vec<u8>)> {
    let mut forms = vec![(Form::Raw, text.as_bytes().to_vec())];
    for (form, spelling) in [
        (Form::Raw, text.to_owned()),
        (Form::Uppercase, text.to_uppercase()),
        (Form::Lowercase, text.to_lowercase()),
    ] {
        forms.push((form, spelling.as_bytes().to_vec()));
        forms.push((
            Form::Utf16Le,
            spelling.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ));
        forms.push((
            Form::Utf16Be,
            spelling.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ));
        forms.push((Form::Percent, percent(spelling.as_bytes())));
        forms.extend(written(spelling.as_bytes()));
    }
    let hash = digest(&SHA256, text.as_bytes());
    forms.push((Form::Sha256, hash.as_ref().to_vec()));
    forms.extend(
        written(hash.as_ref())
            .into_iter()
            .map(|(_, bytes)| (Form::Sha256, bytes)),
    );
    forms.sort();
    forms.dedup_by(|one, other| one.1 == other.1);
    forms
}

/// All forms of bytes that are no text.
#[must_use]
pub fn forms_of_bytes(bytes: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let mut forms = written(bytes);
    forms.push((Form::Raw, bytes.to_vec()));
    forms
}

/// Hexadecimal and base64.
fn written(bytes: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        (Form::Hex, hex.to_uppercase().into_bytes()),
        (Form::Hex, hex.into_bytes()),
    ];
    for offset in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            // What stands before decides how the bytes fall into groups of three; letters that depend on it, or on what
            // follows, are left out.
            let whole = engine.encode([vec![0; offset], bytes.to_vec()].concat());
            let first = (offset * 8).div_ceil(6);
            let last = (offset + bytes.len()) * 8 / 6;
            forms.push((Form::Base64, whole.as_bytes()[first..last].to_vec()));
        }
    }
    forms
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    bytes.iter().map(escape).collect::<String>().into_bytes()
}
