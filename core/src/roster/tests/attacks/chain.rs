//! Entries that do not belong where they are, or are not what they seem.

use super::{Attack, left};
use crate::base::{DeviceId, Digest, InvitationId, OrganisationId};
use crate::roster::authorize::Refusal;
use crate::roster::entry::MAX_ENTRY;
use crate::roster::tests::fixture::DAY;
use crate::roster::{Author, Body, Entry, Junk};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        (
            "an entry larger than the format allows",
            Junk::Oversize,
            |_| vec![0; MAX_ENTRY + 1],
        ),
        ("bytes that are no entry", Junk::Malformed, |_| {
            b"not an entry".to_vec()
        }),
        ("an entry with a byte behind it", Junk::Malformed, |s| {
            [s.tick_by(&s.admin(), |_| {}), vec![0]].concat()
        }),
        ("a body with a byte behind it", Junk::Malformed, |s| {
            s.tick_by(&s.admin(), |e| e.body.push(0))
        }),
        ("a body of another kind", Junk::Malformed, |s| {
            s.tick_by(&s.admin(), |e| e.kind = 13)
        }),
        ("a number that skips", Junk::WrongPredecessor, |s| {
            s.tick_by(&s.admin(), |e| e.seq += 1)
        }),
        ("a wrong previous hash", Junk::WrongPredecessor, |s| {
            s.tick_by(&s.admin(), |e| e.previous = Digest::ZERO)
        }),
        ("an entry appended twice", Junk::WrongPredecessor, |s| {
            s.world.log.last().unwrap().clone()
        }),
        (
            "an entry of another organisation, chained here",
            Junk::Signature,
            |s| {
                let bytes = s.tick_by(&s.admin(), |_| {});
                let mut entry = Entry::from_bytes(&bytes).unwrap();
                entry.sign(&OrganisationId::new([0; 16]), &s.admin().secrets.signature);
                entry.to_bytes().unwrap()
            },
        ),
        ("time going back", Junk::TimeWentBack, |s| {
            s.tick_by(&s.admin(), |e| {
                e.time = e.time.minus(std::time::Duration::from_millis(1))
            })
        }),
        ("a clock fifty years ahead", Junk::TimeLeap, |s| {
            s.tick_by(&s.admin(), |e| e.time = e.time.plus(DAY * 365 * 50))
        }),
        (
            "a critical mark where none belongs",
            Junk::CriticalMark,
            |s| s.tick_by(&s.admin(), |e| e.critical = true),
        ),
        (
            "a critical kind without its mark",
            Junk::CriticalMark,
            |s| {
                let body = Body::from(left(&s.nurse));
                s.world.forge(
                    s.admin().author(),
                    &body,
                    &s.admin().secrets.signature,
                    |e| e.critical = false,
                )
            },
        ),
        ("founding again", Junk::Founding, |s| {
            let first = Entry::from_bytes(&s.world.log[0]).unwrap();
            let body = Body::from_bytes(1, &first.body).unwrap().unwrap();
            s.world.forge(Author::Root, &body, &s.world.root, |_| {})
        }),
        ("an author nobody knows", Junk::UnknownAuthor, |s| {
            s.tick_by(&s.admin(), |e| {
                e.author = Author::Device(DeviceId::new([0; 16]))
            })
        }),
        ("an invitation nobody knows", Junk::UnknownAuthor, |s| {
            s.tick_by(&s.admin(), |e| {
                e.author = Author::Invitation(InvitationId::new([0; 16]))
            })
        }),
        (
            "another's signature under the administrator's name",
            Junk::Signature,
            |s| {
                let body = Body::from(left(&s.physician));
                s.world.forge(
                    s.admin().author(),
                    &body,
                    &s.nurse.secrets.signature,
                    |_| {},
                )
            },
        ),
        ("a body altered after signing", Junk::Signature, |s| {
            let mut entry = Entry::from_bytes(&s.by(&s.admin(), left(&s.nurse))).unwrap();
            entry.body = Body::from(left(&s.physician)).to_bytes();
            entry.to_bytes().unwrap()
        }),
        (
            "the root key acting as an administrator",
            Junk::WrongAuthor,
            |s| {
                s.world.forge(
                    Author::Root,
                    &Body::from(left(&s.nurse)),
                    &s.world.root,
                    |_| {},
                )
            },
        ),
        (
            "an unknown critical kind by who may not change the rules",
            Junk::NoRight(Refusal::NoRole),
            |s| s.tick_by(&s.nurse, |e| (e.kind, e.critical) = (9_999, true)),
        ),
    ]
}
