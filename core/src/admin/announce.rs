//! A device's own word that it can be reached while it is locked: its wipe channel, entered once. A log that began under
//! release 0.1 takes no enrolment with one, so it follows the enrolment as an entry of its own.

use std::sync::Arc;

use super::AdminError;
use super::append::append;
use crate::membership::Context;
use crate::roster::ChannelSecret;
use crate::roster::kind::DeviceChannel;
use crate::sync::{Engine, SyncError};

/// Whether the roster lacks this device's wipe channel. A device that waits for approval cannot say anything yet.
fn lacks(context: &Context<'_>) -> bool {
    let record = context.device(&context.me.device);
    context.is_confirmed(&context.me.device)
        && record.is_some_and(|record| record.details.channel.is_none())
}

/// Enters this device's wipe channel where the roster does not show one yet. With nothing to do it asks the relay nothing.
/// Says whether it did.
///
/// # Errors
/// [`AdminError`]; the next time tries again.
pub async fn announce_channel(engine: &Arc<Engine>) -> Result<bool, AdminError> {
    if !engine.read(|_, context| Ok(lacks(context)))? {
        return Ok(false);
    }
    // A store of release 0.1 has none yet. It is kept before anybody hears of it.
    let channel = engine.write("drawing a wipe channel", |tx, context| {
        if let Some(secret) = &context.me.channel {
            return Ok(ChannelSecret::new(secret.clone()));
        }
        let drawn = ChannelSecret::random(context.random);
        let mut me = context.me.clone();
        me.channel = Some(drawn.secret().clone());
        tx.put_device_self(&me)?;
        Ok::<_, SyncError>(drawn)
    })?;
    let channel = channel.details();
    append(engine, |draft| {
        let record = draft.roster().device(&draft.me.device);
        match record.map(|record| record.details.channel) {
            Some(None) => draft.add(DeviceChannel { channel }).map(|()| true),
            _ => Ok(false),
        }
    })
    .await
}
