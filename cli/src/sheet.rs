//! The printable sheet of many invitations: one card per person, the link as a QR code, and the six words on a strip of
//! their own below a cut line, because the two travel by different hands. One file, nothing fetched from anywhere.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};
use sotto_core::InvitationView;

use crate::failure::{Failure, Outcome};
use crate::output::moment::Wall;
use crate::output::text::clean;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sotto invitations</title>
<style>
body { font: 11pt/1.4 system-ui, sans-serif; color: #000; background: #fff; margin: 0; }
section { break-inside: avoid; padding: 8mm; border-bottom: 1px solid #999; }
.card { display: flex; gap: 8mm; align-items: center; }
.card svg { width: 45mm; height: 45mm; flex: none; }
h2 { font-size: 14pt; margin: 0 0 2mm; }
p { margin: 0 0 1mm; }
.cut { border: 0; border-top: 1px dashed #000; margin: 6mm 0 3mm; }
.words { font: 13pt/1.5 ui-monospace, monospace; }
@page { margin: 12mm; }
</style>
</head>
<body>
"#;

/// The sheet as HTML.
pub(crate) fn html(invitations: &[InvitationView], wall: &Wall) -> Outcome<String> {
    let mut page = HEAD.to_owned();
    for invitation in invitations {
        page.push_str(&card(invitation, wall)?);
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn card(invitation: &InvitationView, wall: &Wall) -> Outcome<String> {
    let name = escape(&invitation.name);
    let mut html = String::from("<section>\n<div class=\"card\">\n");
    html.push_str(&qr_svg(&invitation.link)?);
    html.push_str("\n<div>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(html, "<h2>{name}</h2>");
    let _ = writeln!(
        html,
        "<p>Open Sotto, choose “Join” and show this code to the camera.</p>"
    );
    if invitation.approval {
        html.push_str(
            "<p>An administrator confirms your device: compare the code on both screens.</p>\n",
        );
    }
    let _ = writeln!(
        html,
        "<p>Good until {}.</p>",
        escape(&wall.at(&invitation.expires))
    );
    html.push_str("</div>\n</div>\n");
    if !invitation.words.is_empty() {
        html.push_str("<hr class=\"cut\">\n<p>Cut here. Hand over the words separately from the code above.</p>\n");
        let _ = writeln!(
            html,
            "<p>{name}</p>\n<p class=\"words\">{}</p>",
            escape(&invitation.words)
        );
    }
    html.push_str("</section>\n");
    Ok(html)
}

/// Text in HTML, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

fn qr(link: &str) -> Outcome<QrCode> {
    QrCode::with_error_correction_level(link, EcLevel::M).map_err(|_| {
        Failure::bad_input(
            "sheet.link",
            "the invitation's link is too long for a QR code",
        )
    })
}

/// Inline in HTML there is no XML declaration.
fn qr_svg(link: &str) -> Outcome<String> {
    let svg = qr(link)?
        .render::<svg::Color>()
        .module_dimensions(4, 4)
        .build();
    Ok(svg
        .find("<svg")
        .map_or_else(String::new, |start| svg[start..].to_owned()))
}

/// The code for a terminal, light on dark as most are.
pub(crate) fn qr_terminal(link: &str) -> Outcome<String> {
    let code = qr(link)?;
    let (dark, light) = (unicode::Dense1x2::Light, unicode::Dense1x2::Dark);
    Ok(code
        .render::<unicode::Dense1x2>()
        .dark_color(dark)
        .light_color(light)
        .build())
}

/// Opens a file that holds secrets: new, for its owner alone.
pub(crate) fn create_private(path: &Path) -> Outcome<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::bad_input(
            "file.exists",
            format!("{} exists already; choose another name", path.display()),
        ),
        _ => Failure::io("making a file", &error),
    })
}

/// Writes it whole and to disk.
pub(crate) fn fill(mut file: std::fs::File, text: &str) -> Outcome {
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| Failure::io("writing a file", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(name: &str, words: &str) -> InvitationView {
        InvitationView {
            id: "0a".repeat(16),
            name: name.into(),
            link: "https://relay.example.org:8443/i#secret".into(),
            words: words.into(),
            expires: "2031-05-08T03:04:10Z".into(),
            approval: false,
        }
    }

    fn wall() -> Wall {
        Wall::fixed(jiff::civil::date(2031, 5, 6))
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let name = "</h2><script>alert('x')</script>\"&";
        let page = html(&[invitation(name, "")], &wall()).unwrap();
        assert!(!page.contains("<script>"), "{page}");
        assert!(
            page.contains("&lt;/h2&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;")
        );
    }

    #[test]
    fn words_stand_below_the_cut_line_and_the_link_only_in_the_code() {
        let page = html(
            &[invitation("Chen", "one two three four five six")],
            &wall(),
        )
        .unwrap();
        let cut = page.find("<hr class=\"cut\">").unwrap();
        assert!(page.find("one two three").unwrap() > cut);
        assert!(page.find("<svg").unwrap() < cut);
        assert!(!page.contains("#secret"), "the link stands in clear");
        assert!(!page.contains("<?xml"));
        assert!(!page.contains("src="), "nothing is fetched");
    }

    #[test]
    fn an_invitation_face_to_face_has_no_strip() {
        let page = html(&[invitation("Chen", "")], &wall()).unwrap();
        assert!(!page.contains("Cut here"));
        assert_eq!(page.matches("<section>").count(), 1);
    }

    #[test]
    fn a_sheet_never_replaces_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sheet.html");
        fill(create_private(&path).unwrap(), "x").unwrap();
        assert_eq!(create_private(&path).unwrap_err().code(), "file.exists");
    }
}
