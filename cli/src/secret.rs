//! Where a passphrase comes from: a file descriptor, the terminal, or, in tests alone, the environment. Never an
//! argument: every process of the machine may read those.

use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};
use crate::terminal;

/// Longer lines are no passphrases but a mistake, such as the wrong descriptor.
const LONGEST: usize = 4096;

/// The sources that this invocation allows.
pub(crate) struct Secrets {
    descriptor: Option<u32>,
    pin: Option<u32>,
    test: Option<Zeroizing<String>>,
}

impl Secrets {
    pub(crate) fn new(descriptor: Option<u32>, pin: Option<u32>) -> Self {
        // Two variables, so that neither one left behind in a shell opens a store by accident.
        let testing = std::env::var("SOTTO_TEST").is_ok_and(|value| value == "1");
        let test = testing
            .then(|| std::env::var("SOTTO_TEST_PASSPHRASE").ok())
            .flatten()
            .map(Zeroizing::new);
        Self {
            descriptor,
            pin,
            test,
        }
    }

    /// Whether a passphrase was handed over rather than to be asked for.
    pub(crate) const fn given(&self) -> bool {
        self.descriptor.is_some()
    }

    /// Whether the passphrase is the tests'.
    pub(crate) const fn stands_in_environment(&self) -> bool {
        self.descriptor.is_none() && self.test.is_some()
    }

    /// The passphrase of a store that exists.
    pub(crate) fn passphrase(&self, prompt: &str) -> Outcome<Zeroizing<String>> {
        self.unasked(self.descriptor)?
            .map_or_else(|| ask(prompt), Ok)
    }

    /// A passphrase to protect something new: asked twice where a human types it.
    pub(crate) fn new_passphrase(&self, prompt: &str) -> Outcome<Zeroizing<String>> {
        self.chosen(self.descriptor, prompt)
    }

    /// The PIN of a store that the keyring opens; `None` where nobody is there to give it.
    pub(crate) fn pin(&self) -> Outcome<Option<Zeroizing<String>>> {
        match self.pin {
            Some(number) => read_descriptor(number).map(Some),
            None if self.test.is_some() => Ok(self.test.clone()),
            None if terminal::present() => ask("PIN: ").map(Some),
            None => Ok(None),
        }
    }

    /// A PIN for a new store that the keyring alone opens; `None` where nobody is there to choose one, or chose none.
    pub(crate) fn new_pin(&self, prompt: &str) -> Outcome<Option<Zeroizing<String>>> {
        let chosen = match self.pin {
            Some(number) => read_descriptor(number)?,
            None if terminal::present() => twice(prompt)?,
            None => return Ok(None),
        };
        Ok(Some(chosen).filter(|pin| !pin.is_empty()))
    }

    /// The passphrase of a new file, from its own descriptor.
    pub(crate) fn new_file_passphrase(
        &self,
        descriptor: Option<u32>,
        prompt: &str,
    ) -> Outcome<Zeroizing<String>> {
        self.chosen(descriptor, prompt)
    }

    /// The passphrase of a file that exists, from its own descriptor.
    pub(crate) fn file_passphrase(
        &self,
        descriptor: Option<u32>,
        prompt: &str,
    ) -> Outcome<Zeroizing<String>> {
        self.unasked(descriptor)?.map_or_else(|| ask(prompt), Ok)
    }

    fn chosen(&self, descriptor: Option<u32>, prompt: &str) -> Outcome<Zeroizing<String>> {
        let passphrase = match self.unasked(descriptor)? {
            Some(given) => given,
            None => twice(prompt)?,
        };
        if passphrase.is_empty() {
            return Err(Failure::bad_input(
                "passphrase.empty",
                "an empty passphrase protects nothing",
            ));
        }
        Ok(passphrase)
    }

    fn unasked(&self, descriptor: Option<u32>) -> Outcome<Option<Zeroizing<String>>> {
        match descriptor {
            Some(number) => read_descriptor(number).map(Some),
            None => Ok(self.test.clone()),
        }
    }
}

fn twice(prompt: &str) -> Outcome<Zeroizing<String>> {
    let first = ask(prompt)?;
    if *first != *ask("Once more: ")? {
        return Err(Failure::bad_input(
            "passphrase.differs",
            "the two passphrases differ; nothing was made",
        ));
    }
    Ok(first)
}

fn ask(prompt: &str) -> Outcome<Zeroizing<String>> {
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|_| {
            Failure::usage(
                "passphrase.no_terminal",
                "a passphrase is needed and there is no terminal; use --passphrase-fd",
            )
        })
}

/// Opened by its name below `/dev/fd`, because adopting a bare number is not safe Rust.
fn read_descriptor(number: u32) -> Outcome<Zeroizing<String>> {
    let read = if number == 0 {
        first_line(&mut std::io::stdin().lock())
    } else {
        File::open(format!("/dev/fd/{number}")).and_then(|mut file| first_line(&mut file))
    };
    read.map_err(|error| {
        Failure::usage(
            "passphrase.descriptor",
            format!("descriptor {number} gave no passphrase: {error}"),
        )
    })
}

/// One line without its ending, byte by byte, so that what follows is left for its own reader.
fn first_line(source: &mut dyn Read) -> std::io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = [0u8; 1];
    while source.read(&mut byte)? == 1 && byte[0] != b'\n' {
        if line.len() == LONGEST {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "the line is too long",
            ));
        }
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = std::str::from_utf8(&line).map_err(|_| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, "the line is not UTF-8")
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_taken_and_the_next_is_left() {
        let mut source: &[u8] = b"correct horse\r\nsecond\n";
        assert_eq!(first_line(&mut source).unwrap().as_str(), "correct horse");
        assert_eq!(first_line(&mut source).unwrap().as_str(), "second");
        assert_eq!(first_line(&mut source).unwrap().as_str(), "");
    }

    #[test]
    fn an_endless_line_and_binary_are_refused() {
        assert!(first_line(&mut std::io::repeat(b'a')).is_err());
        let mut binary: &[u8] = &[0xff, 0xfe, b'\n'];
        assert!(first_line(&mut binary).is_err());
    }

    #[test]
    fn a_descriptor_wins_over_the_tests_passphrase() {
        let secrets = Secrets {
            descriptor: Some(7),
            pin: None,
            test: Some(Zeroizing::new("x".into())),
        };
        assert!(!secrets.stands_in_environment());
        let secrets = Secrets {
            descriptor: None,
            pin: None,
            test: Some(Zeroizing::new("x".into())),
        };
        assert!(secrets.stands_in_environment());
        assert_eq!(secrets.passphrase("").unwrap().as_str(), "x");
    }
}
