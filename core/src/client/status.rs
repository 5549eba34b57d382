//! The states of a message: the relay's word, then what each person's devices have proven.

use std::collections::{BTreeMap, BTreeSet};

use sotto_content::statement::{Signed, Statement};

use super::{Client, Error, MessageStatusView, StateTime, StatusView};
use crate::base::{MessageId, Owner};
use crate::conversation::ConversationError;
use crate::timeline::State;

impl Client {
    /// What the relay and each addressee have proven about a message. A person counts as far as their furthest device.
    ///
    /// # Errors
    /// `message.not_found`.
    pub fn status(&self, message: MessageId) -> Result<MessageStatusView, Error> {
        self.render(|renderer| {
            let row = renderer
                .tx
                .message(message)?
                .ok_or(ConversationError::NoMessage)?;
            let conversation = renderer
                .tx
                .conversation(row.conversation)?
                .ok_or(ConversationError::NoConversation)?;
            let sender = Owner::from_parts(row.owner_kind, &row.owner);
            let mut people: BTreeMap<Owner, Vec<(State, i64, Option<u32>)>> = BTreeMap::new();
            let mut queued = None;
            for proven in renderer.tx.message_states(message)? {
                let Some(state) = State::from_code(proven.state) else {
                    continue;
                };
                let Some(device) = proven.device else {
                    queued = Some(proven.at.to_rfc3339());
                    continue;
                };
                let Some(owner) = renderer.context.owner_of(&device) else {
                    continue;
                };
                if Some(owner) == sender && state <= State::Seen {
                    // The sender's other devices hold it too; that tells nothing about whom it is for.
                    continue;
                }
                let version = Signed::<Statement>::decode(&proven.proof)
                    .ok()
                    .map(|s| s.body.subject.version);
                people
                    .entry(owner)
                    .or_default()
                    .push((state, proven.at.millis(), version));
            }
            let awaited: BTreeSet<Owner> = renderer
                .tx
                .receipts_awaited(message)?
                .iter()
                .filter_map(|device| renderer.context.owner_of(device))
                .collect();
            // Whose receipts are asked for is whom it was addressed to, whoever joined or left since. A large group is
            // asked for none, and a draft not yet: there it is the members. What others sent is theirs to tell.
            let unasked = row.mine && awaited.is_empty() && people.values().all(Vec::is_empty);
            if unasked {
                let members = renderer.owners(&conversation)?;
                people.extend(
                    members
                        .into_iter()
                        .filter(|owner| Some(*owner) != sender)
                        .map(|owner| (owner, Vec::new())),
                );
            }
            for owner in awaited.iter().filter(|owner| Some(**owner) != sender) {
                people.entry(*owner).or_default();
            }
            if !row.mine && Some(renderer.context.me.owner) != sender {
                // This device holds it: its own word.
                let own = people.entry(renderer.context.me.owner).or_default();
                own.push((State::Delivered, row.received.millis(), None));
            }
            let people = people
                .into_iter()
                .map(|(owner, mut states)| {
                    let given = queued.is_some() && (unasked || awaited.contains(&owner));
                    let before = if given {
                        State::Queued.as_str()
                    } else {
                        "waiting"
                    };
                    states.sort_unstable_by_key(|(state, at, _)| (*state, *at));
                    // The first device to reach a state is when the person reached it.
                    states.dedup_by_key(|(state, ..)| *state);
                    let furthest = states.last().map_or(before, |(state, ..)| state.as_str());
                    StatusView {
                        id: owner.to_string(),
                        name: renderer.context.name_of(&owner),
                        state: furthest,
                        version: states.iter().rev().find_map(|(.., version)| *version),
                        times: states
                            .iter()
                            .map(|(state, at, _)| StateTime {
                                state: state.as_str(),
                                at: crate::base::Timestamp::from_millis(*at).to_rfc3339(),
                            })
                            .collect(),
                    }
                })
                .collect();
            Ok(MessageStatusView {
                message: message.to_string(),
                queued,
                people,
            })
        })
    }
}
