//! Orders that nobody gave: a member who knows the seal of every channel, and signs what they may not sign.

use sotto_core::base::SystemRandom;
use sotto_core::membership::Context;
use sotto_core::roster::kind::{Body, DeviceRevoked, RevocationMode};
use sotto_core::roster::record::{DeviceRecord, DeviceState};
use sotto_core::roster::{Author, ChannelDetails, OrderProof, SealedFor};

use crate::insider::Insider;

/// What makes an order.
#[derive(Debug, Clone, Copy)]
pub struct Forged<'a> {
    /// Label of the device whose channel it is sealed for.
    pub channel: &'a str,
    /// Label of the device that the entry names.
    pub names: &'a str,
    /// What the entry says the device is to do.
    pub mode: RevocationMode,
}

impl Insider {
    /// The key of a device's wipe channel.
    #[must_use]
    pub fn channel_of(&self, label: &str) -> Vec<u8> {
        self.judged(|context| channel(device(context, label)).key.as_bytes().to_vec())
    }

    /// An order signed by this device, sealed as if it were one.
    #[must_use]
    pub fn order(&self, forged: Forged<'_>) -> Vec<u8> {
        self.judged(|context| {
            let mut composer = context.roster.composer().unwrap();
            let body = Body::DeviceRevoked(Box::new(DeviceRevoked {
                device: device(context, forged.names).details.device,
                mode: forged.mode,
                suspect_since: None,
                reason: None,
            }));
            let author = Author::Device(context.me.device);
            let entry = composer
                .entry(author, context.now, &body, &context.me.signing)
                .unwrap();
            let proof = OrderProof::new(vec![entry]).to_bytes().unwrap();
            seal(context, forged.channel, &proof)
        })
    }

    /// The order that was given to one device, sealed for another's channel.
    #[must_use]
    pub fn transplanted(&self, order: &[u8], from: &str, to: &str) -> Vec<u8> {
        self.judged(|context| {
            let source = device(context, from);
            let organisation = context.me.organisation;
            let plain = channel(source)
                .open(
                    SealedFor::Order,
                    &organisation,
                    &source.details.device,
                    order,
                )
                .unwrap();
            seal(context, to, &plain)
        })
    }

    fn judged<T>(&self, work: impl FnOnce(&Context<'_>) -> T) -> T {
        self.engine
            .write("an insider", |_, context| Ok(work(context)))
            .unwrap()
    }
}

fn device<'a>(context: &'a Context<'_>, label: &str) -> &'a DeviceRecord {
    context
        .roster
        .devices_in(DeviceState::Confirmed)
        .chain(context.roster.devices_in(DeviceState::Revoked))
        .find(|one| one.details.label.as_str() == label)
        .expect("the roster has the device")
}

fn channel(record: &DeviceRecord) -> &ChannelDetails {
    record.details.channel.as_ref().expect("it has a channel")
}

fn seal(context: &Context<'_>, label: &str, plain: &[u8]) -> Vec<u8> {
    let target = device(context, label);
    channel(target)
        .seal(
            SealedFor::Order,
            &context.me.organisation,
            &target.details.device,
            plain,
            &SystemRandom,
        )
        .unwrap()
}
