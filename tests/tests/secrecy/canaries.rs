//! The texts that are planted, and where.

use sotto_tests::Seed;
use sotto_tests::canary::Searcher;

/// Texts nobody else writes, new for each run.
#[derive(Debug)]
pub(crate) struct Canaries {
    pub(crate) organisation: String,
    pub(crate) unit: String,
    pub(crate) person: String,
    pub(crate) place: String,
    pub(crate) device: String,
    pub(crate) external: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) edited: String,
    pub(crate) family: String,
    pub(crate) given: String,
    pub(crate) number: String,
    pub(crate) value: String,
    pub(crate) note: String,
    pub(crate) file_name: String,
    pub(crate) metadata: String,
    pub(crate) file: String,
    pub(crate) reason: String,
    pub(crate) purpose: String,
    /// Typed where it is wrong: a value, an identifier, a passphrase, words of an invitation, a result nobody can read.
    pub(crate) typed: String,
    pub(crate) typed_number: String,
    pub(crate) passphrase: String,
    pub(crate) malformed: String,
}

impl Canaries {
    pub(crate) fn new(seed: &mut Seed) -> Self {
        let mut letters = |count: usize| -> String {
            (0..count)
                .map(|_| char::from(b'a' + u8::try_from(seed.below(26)).unwrap()))
                .collect()
        };
        let mut word = |kind: &str| format!("{kind}{}", letters(12));
        let text = format!("the {} is {}", word("tx"), word("ty"));
        let number = |word: String| {
            word.bytes()
                .map(|letter| char::from(b'0' + letter % 10))
                .collect::<String>()
        };
        Self {
            organisation: word("Or"),
            unit: word("Un"),
            person: word("Pe"),
            place: word("Pl"),
            device: word("De"),
            external: word("Ex"),
            title: word("Ti"),
            text,
            edited: word("Ed"),
            family: word("FA"),
            given: word("GI"),
            number: number(word("nu")),
            value: word("Va"),
            note: word("No"),
            file_name: word("fi"),
            metadata: word("Me"),
            file: word("Fc"),
            reason: word("Re"),
            purpose: word("Pu"),
            typed: word("Ty"),
            typed_number: number(word("tn")),
            passphrase: word("Ps"),
            malformed: word("Ma"),
        }
    }

    /// What a member of the conversations can read: the run must show each of it to somebody.
    pub(crate) fn readable(&self) -> [(&'static str, &str); 17] {
        [
            ("name of the organisation", &self.organisation),
            ("unit, also in a role", &self.unit),
            ("name of a person", &self.person),
            ("name of a place", &self.place),
            ("name of a device", &self.device),
            ("external identifier", &self.external),
            ("title of a group", &self.title),
            ("text of a message", &self.text),
            ("text of an edit", &self.edited),
            ("family name of the patient", &self.family),
            ("given name of the patient", &self.given),
            ("number of the patient", &self.number),
            ("value of the result", &self.value),
            ("note of the result", &self.note),
            ("name of a file", &self.file_name),
            ("metadata of an image", &self.metadata),
            ("content of a file", &self.file),
        ]
    }

    /// What is typed and should stay where it was typed.
    pub(crate) fn typed(&self) -> [(&'static str, &str); 6] {
        [
            ("reason of a refusal", &self.reason),
            ("reason of opening a card", &self.purpose),
            ("a wrong identifier", &self.typed),
            ("a wrong value", &self.typed_number),
            ("a wrong passphrase", &self.passphrase),
            ("a result that cannot be read", &self.malformed),
        ]
    }

    /// A search for all of them.
    pub(crate) fn searcher(&self) -> Searcher {
        let mut searcher = Searcher::default();
        for (name, text) in self.readable().into_iter().chain(self.typed()) {
            searcher.text(name, text);
        }
        searcher
    }

    /// A critical number and a critical text of one patient, as a laboratory writes it.
    pub(crate) fn result(&self, potassium: &str, status: &str) -> String {
        let Self {
            unit,
            family,
            given,
            number,
            value,
            note,
            ..
        } = self;
        [
            &format!("MSH|^~\\&|LABSYS|LAB^2.16.840.1.113883.19.4.6^ISO|SOTTO|M|20261122083500||ORU^R01^ORU_R01|N{number}|P|2.5.1"),
            &format!("PID|1||{number}^^^MERIDIAN&2.16.840.1.113883.19.5&ISO^MR||{family}^{given}^^^^^L||19610314|F"),
            &format!("PV1|1|I|{unit}^12^B"),
            &format!("OBR|1|P-1^OE|F-{number}^LAB|24326-1^Electrolytes panel^LN|||20261122081200|||||||||||||||20261122083400|||{status}"),
            &format!("OBX|1|NM|2823-3^Potassium^LN||{potassium}|mmol/L^mmol/L^UCUM|3.5-5.1|HH|||{status}"),
            &format!("NTE|1|L|{note}"),
            &format!("OBX|2|TX|600-7^Remark^LN||{value}||||||{status}"),
        ]
        .map(String::as_str)
        .join("\r")
    }

    /// An image with metadata: a JPEG's beginning with an EXIF description, and bytes that stand for the picture.
    pub(crate) fn image(&self, picture: &[u8]) -> Vec<u8> {
        let description = [
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02".as_slice(),
            self.metadata.as_bytes(),
            b"\0",
        ]
        .concat();
        let length = u16::try_from(description.len() + 2).unwrap().to_be_bytes();
        [
            b"\xff\xd8\xff\xe1",
            length.as_slice(),
            &description,
            picture,
            self.file.as_bytes(),
            b"\xff\xd9",
        ]
        .concat()
    }
}
