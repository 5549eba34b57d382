//! The last act: the phone is stolen while it is locked, wiped by order, and reads nothing that follows.

use serde_json::Value;

use super::card::{list, text};
use super::cast::{FIRST, SECOND, head};
use super::device::{Device, Refusal};
use super::story::{Story, sure};
use super::text::sentence;
use crate::failure::{Failure, Outcome};

impl Story<'_> {
    /// From the theft to the certificate, with a copy of the phone's folder in the thief's hands all along.
    pub(crate) fn stolen(&mut self, group: &str) -> Outcome {
        self.page.act("04:10: the phone is stolen");
        self.cast.first.live.end();
        let copy = self.cast.first.device.copied("the thief's copy")?;
        self.page.text(&format!(
            "{FIRST}'s phone is gone, locked. The thief copies everything on it, and has seen the passphrase being typed."
        ));
        let device = self.ordered()?;
        let certificate = self.obeyed()?;
        self.certified(&device, &certificate)?;
        self.followed(&copy, group)
    }

    /// The administrator looks, then orders.
    fn ordered(&mut self) -> Outcome<String> {
        let admin = &self.cast.admin;
        let lost = admin.ask(&["admin", "lost", FIRST, "--dry-run"])?;
        let found = list(&lost, "devices")
            .next()
            .ok_or_else(|| Failure::new("the administrator finds no device of the clinician"))?;
        let (device, would) = (text(found, "id").to_owned(), &found["dry_run"]);
        sure(
            would["would"] == "done" && would["channel"] == true,
            "an order would reach the phone while it is locked",
        )?;
        self.page.text(&format!(
            "The administrator asks first what would happen: the device “{}” would be excluded and wiped, and every conversation drop it.",
            text(found, "label")
        ));
        let said = admin.ask(&["admin", "wipe", &device, "--reason", "stolen", "--yes"])?;
        let order = list(&said, "devices")
            .next()
            .ok_or_else(|| Failure::new("the order names no device"))?;
        sure(
            said["outcome"] == "done" && order["order"] == "laid",
            "the order is in the log and waits at the relay",
        )?;
        let server = self.server()?.join(" ");
        self.page.text(&format!(
            "Ordered: {} The server: {server}",
            sentence(text(order, "sentence"))
        ));
        Ok(device)
    }

    /// The phone, still locked, checks the order and obeys it. Gives its certificate's digest.
    fn obeyed(&self) -> Outcome<String> {
        let phone = &self.cast.first.device;
        let heard = phone.locked(&["standby", "--once", "--deadline", "20s"])?;
        sure(
            heard["state"] == "wiped" && heard["reported"] == true,
            "the locked phone has wiped itself and said so",
        )?;
        let left = phone.files()?;
        sure(
            left.iter().all(|file| file.starts_with("stub.")),
            "nothing but the note of the wipe is left on the phone",
        )?;
        let refusal = refused(phone.attempt(&["inbox"])?, "a wiped phone showed its inbox")?;
        sure(
            (refusal.exit, &*refusal.code) == (3, "device.wiped"),
            "the wiped phone says that it was wiped",
        )?;
        self.page.text(&format!(
            "The phone, locked, without a passphrase: the order holds. Left on it: {}. It says: {}",
            left.join(", "),
            sentence(&refusal.message)
        ));
        Ok(text(&heard, "certificate").to_owned())
    }

    fn certified(&self, device: &str, digest: &str) -> Outcome {
        let status = self.cast.admin.ask(&["admin", "wipe-status", device])?;
        let wipe = &status["wipe"];
        let certificate = &wipe["certificate"];
        sure(
            wipe["stage"] == "certified" && certificate["complete"] == true,
            "the administrator holds a complete certificate",
        )?;
        sure(
            certificate["sha256"] == digest,
            "it is the one that the phone has signed",
        )?;
        let places = list(certificate, "erased").filter(|one| one["outcome"] == "erased");
        self.page.text(&format!(
            "Certified, signed by the phone's own key ({}…): {} places erased, the key first; {}",
            head(digest, 12),
            places.count(),
            text(certificate, "method")
        ));
        Ok(())
    }

    /// Work goes on; the thief's copy has what was on the phone then, and nothing since.
    fn followed(&mut self, copy: &Device, group: &str) -> Outcome {
        let words = "Bed 12 has moved to intensive care, room 3.";
        self.cast.second.device.ask(&["send", group, words])?;
        self.secrets.push(words.to_owned());
        let seen = copy.ask(&["read", group, "--offline"])?;
        let texts: Vec<&str> = list(&seen, "messages")
            .map(|one| text(one, "text"))
            .collect();
        sure(
            !texts.is_empty() && !texts.contains(&words),
            "the copy shows what the phone showed, and nothing since",
        )?;
        let refusal = refused(copy.attempt(&["sync"])?, "the thief's copy was served")?;
        sure(
            refusal.exit == 3 && refusal.code.starts_with("device."),
            "the copy is refused",
        )?;
        self.page.text(&format!(
            "{SECOND} writes on. With the passphrase, the thief's copy shows the {} messages of that conversation it had, offline. It goes online, and: {}",
            texts.len(),
            sentence(&refusal.message)
        ));
        let late = copy.attempt(&["read", group, "--offline"])?;
        if let Ok(page) = late {
            let new = list(&page, "messages").any(|one| text(one, "text") == words);
            sure(!new, "the copy still shows nothing new")?;
        }
        Ok(())
    }
}

fn refused(answer: Result<Value, Refusal>, otherwise: &str) -> Outcome<Refusal> {
    match answer {
        Err(refusal) => Ok(refusal),
        Ok(_) => Err(Failure::new(otherwise)),
    }
}
