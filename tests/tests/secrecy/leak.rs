//! The positive control: a device that forgets to encrypt, on the same relay program, and the same search.

use std::collections::BTreeSet;
use std::time::Duration;

use flate2::Compression;
use flate2::read::ZlibEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sotto_core::base::VerifyingKey;
use sotto_core::transport::{Auth, Endpoint, ProxySetting, Timeouts, Transport};
use sotto_tests::canary::{Form, Piece, forms_of_text};
use sotto_tests::{Seed, Tap, World, memory};
use sotto_wire::op::{RosterAppend, TenantRegister};
use sotto_wire::{Bearer, Digest, Position, Sealed, TenantId, roster, tenant};

use crate::canaries::Canaries;
use crate::night::unhex;

/// Every canary in every form, and all of them inside compressed streams, as if they were ciphertext.
fn unsealed(canaries: &Canaries) -> Vec<Sealed> {
    let texts: Vec<&str> = canaries
        .readable()
        .into_iter()
        .chain(canaries.typed())
        .map(|(_, text)| text)
        .collect();
    let all = texts.join("\n").repeat(2);
    let mut zlib = Vec::new();
    std::io::Read::read_to_end(
        &mut ZlibEncoder::new(all.as_bytes(), Compression::best()),
        &mut zlib,
    )
    .unwrap();
    let zstd = compress_to_vec(all.as_bytes(), CompressionLevel::Fastest);
    let forms = texts.iter().map(|text| {
        let forms = forms_of_text(text).into_iter().map(|(_, bytes)| bytes);
        forms.collect::<Vec<_>>().join(b"  ".as_slice())
    });
    forms.chain([zlib, zstd]).map(Sealed::new).collect()
}

fn transport(world: &World, tap: &Tap) -> Transport {
    let (signing_key, tenant) = (
        world.relay(|relay| relay.signing_key),
        TenantId::new([7; 16]),
    );
    Transport::new(Endpoint {
        host: tap.address.ip().to_string(),
        port: tap.address.port(),
        pins: vec![unhex(&tap.pin).try_into().unwrap()],
        signing_key: VerifyingKey::new(*signing_key.as_bytes()),
        tenant,
        proxy: ProxySetting::None,
        timeouts: Timeouts::default(),
    })
    .unwrap()
}

fn sha256(bytes: &[u8]) -> Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Digest::new(digest.as_ref().try_into().unwrap())
}

/// A search that had nothing to find would be content with anything.
#[test]
fn the_same_search_finds_every_canary_in_a_run_that_leaks_on_purpose() {
    let canaries = Canaries::new(&mut Seed::printed(
        "the_same_search_finds_every_canary_in_a_run_that_leaks_on_purpose",
    ));
    let world = World::new();
    let tap = Tap::before(world.relay(|relay| relay.address));
    let transport = transport(&world, &tap);
    let (bearer, patience) = (Bearer::new([8; 32]), Duration::from_secs(30));
    let register = tenant::Register {
        token: Bearer::new(unhex(&world.token()).try_into().unwrap()),
        tenant: TenantId::new([7; 16]),
        bearer_hash: sha256(bearer.expose()),
        admin_capability_hash: sha256(&[9; 32]),
    };
    let append = roster::Append {
        expect: Position(0),
        entries: unsealed(&canaries),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        transport
            .call::<TenantRegister>(&Auth::None, &register, patience)
            .await
            .unwrap();
        transport
            .call::<RosterAppend>(&Auth::Submit(bearer), &append, patience)
            .await
            .unwrap();
    });

    let searcher = canaries.searcher();
    let (texts, _) = searcher.size();
    let files = searcher.search(&Piece::files(&world.relay_data()));
    let lines = tap.lines();
    let traffic: Vec<Piece> = lines
        .iter()
        .enumerate()
        .flat_map(|(number, line)| line.pieces(number))
        .collect();
    let traffic = searcher.search(&traffic);
    for (what, report) in [("files", &files), ("traffic", &traffic)] {
        assert_eq!(
            report.names().len(),
            texts,
            "{what}: only {:?}",
            report.names()
        );
        let forms: BTreeSet<Form> = report.finds.iter().map(|find| find.form).collect();
        assert_eq!(forms.len(), 9, "{what}: only {forms:?}");
        for kind in ["› zlib", "› zstd"] {
            assert!(
                report.finds.iter().any(|find| find.piece.contains(kind)),
                "{what}: nothing inside {kind}"
            );
        }
    }
    let process = memory::process_with(&world.relay_data()).expect("the relay is up");
    let found = memory::of(process).map(|memory| searcher.search(&memory));
    match &found {
        Ok(report) => assert_eq!(
            report.names().len(),
            texts,
            "memory: only {:?}",
            report.names()
        ),
        Err(why) => say(&format!("the relay's memory was not searched: {why}")),
    }
    say(&format!(
        "control: all {texts} canaries found in the relay's files ({files}) and in the traffic ({traffic})"
    ));
}

#[allow(clippy::print_stdout)] // what was searched is part of the proof
pub(crate) fn say(line: &str) {
    println!("{line}");
}
