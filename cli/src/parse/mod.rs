//! Words of the command line that are more than text. Every function here is a clap value parser or the reverse of one:
//! it gives back a sentence instead of an error type, because a human reads it next to the argument's name.

mod duration;
mod hex;
mod moment;

pub(crate) use duration::{duration, duration_text};
pub(crate) use hex::bytes_32;
pub(crate) use moment::{from, since, until};

use sotto_core::Proxy;

/// `none`, or a URL whose scheme core's transport knows.
pub(crate) fn proxy(text: &str) -> Result<Proxy, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Proxy::None);
    }
    let known = ["http://", "https://", "socks5://", "socks5h://"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(Proxy::Url(text.to_owned())),
        _ => Err("expected none, or a URL with http://, https://, socks5:// or socks5h://".into()),
    }
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
pub(crate) fn host_port(text: &str) -> Result<(String, u16), String> {
    const EXPECTED: &str = "expected HOST:PORT, such as relay.example.org:8443 or [::1]:8443";
    let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match bare {
        Some(bare) => bare,
        None if host.contains(':') => return Err(EXPECTED.into()),
        None => host,
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || "/@?#[]".contains(c)) {
        return Err(EXPECTED.into());
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host.to_owned(), port)),
        _ => Err(EXPECTED.into()),
    }
}

/// `SYSTEM=VALUE`: an identifier elsewhere, such as `NPI=1234567893`.
pub(crate) fn external_id(text: &str) -> Result<(String, String), String> {
    match text
        .split_once('=')
        .map(|(system, value)| (system.trim(), value.trim()))
    {
        Some((system, value)) if !system.is_empty() && !value.is_empty() => {
            Ok((system.into(), value.into()))
        }
        _ => Err("expected SYSTEM=VALUE, such as NPI=1234567893".into()),
    }
}

/// Names of roles, separated by commas or semicolons.
pub(crate) fn roles(text: &str) -> Vec<String> {
    text.split([',', ';'])
        .map(str::trim)
        .filter(|role| !role.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_a_host_and_a_port() {
        assert_eq!(
            host_port("relay.example.org:8443"),
            Ok(("relay.example.org".into(), 8443))
        );
        assert_eq!(host_port("127.0.0.1:1"), Ok(("127.0.0.1".into(), 1)));
        assert_eq!(host_port("[::1]:8443"), Ok(("::1".into(), 8443)));
        for wrong in [
            "",
            "relay",
            "relay:",
            ":1",
            "relay:0",
            "relay:70000",
            "::1:8443",
            "https://relay:1",
            "a b:1",
            "[]:1",
        ] {
            assert!(host_port(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_a_url_of_a_known_kind_or_none() {
        assert!(matches!(proxy("none"), Ok(Proxy::None)));
        assert!(
            matches!(proxy("socks5h://proxy:1080"), Ok(Proxy::Url(url)) if url == "socks5h://proxy:1080")
        );
        for wrong in ["", "proxy:1080", "ftp://proxy", "http://"] {
            assert!(proxy(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_external_id_names_its_system() {
        assert_eq!(
            external_id("NPI=1234567893"),
            Ok(("NPI".into(), "1234567893".into()))
        );
        assert_eq!(external_id("x = a=b"), Ok(("x".into(), "a=b".into())));
        for wrong in ["1234567893", "=1", "NPI=", ""] {
            assert!(external_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn roles_are_separated_by_commas_or_semicolons() {
        assert_eq!(roles("physician; admin,"), ["physician", "admin"]);
        assert!(roles(" ").is_empty());
    }
}
