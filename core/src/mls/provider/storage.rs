//! The engine's storage trait, one row per value. Methods come in families of the same shape, so macros write them.

use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};

use super::table::{Kind, StateError, Table, decode, encode};

/// One value per group: write, read, delete.
macro_rules! group_value {
    ($kind:ident, $bound:ident, $write:ident, $read:ident, $delete:ident) => {
        fn $write<G: traits::GroupId<V>, T: traits::$bound<V>>(
            &self,
            group: &G,
            value: &T,
        ) -> Result<(), StateError> {
            self.put(Kind::$kind, group, &[], value)
        }
        fn $read<G: traits::GroupId<V>, T: traits::$bound<V>>(
            &self,
            group: &G,
        ) -> Result<Option<T>, StateError> {
            self.get(Kind::$kind, group, &[])
        }
        fn $delete<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), StateError> {
            self.delete(Kind::$kind, group, &[])
        }
    };
}

/// One value per key of the device: write and delete. Reading differs in the order of its type parameters.
macro_rules! device_value {
    ($kind:ident, $key:ident, $bound:ident, $write:ident, $delete:ident) => {
        fn $write<K: traits::$key<V>, T: traits::$bound<V>>(
            &self,
            key: &K,
            value: &T,
        ) -> Result<(), StateError> {
            self.put(Kind::$kind, key, &[], value)
        }
        fn $delete<K: traits::$key<V>>(&self, key: &K) -> Result<(), StateError> {
            self.delete(Kind::$kind, key, &[])
        }
    };
}

/// Bytes in front of a list element's key that keep the list's order.
const POSITION: usize = 4;

impl Table<'_> {
    /// Where the next element of a list goes.
    fn next_position<G: traits::GroupId<V>>(
        &self,
        kind: Kind,
        group: &G,
    ) -> Result<[u8; POSITION], StateError> {
        let last = self
            .rows(kind, group)?
            .last()
            .and_then(|(sub, _)| sub.first_chunk().copied());
        Ok(last
            .map_or(0, |at| u32::from_be_bytes(at).saturating_add(1))
            .to_be_bytes())
    }
}

fn epoch_leaf<E: traits::EpochKey<V>>(epoch: &E, leaf: u32) -> Result<Vec<u8>, StateError> {
    Ok([encode(epoch)?.as_slice(), &leaf.to_be_bytes()].concat())
}

impl StorageProvider<V> for Table<'_> {
    type Error = StateError;

    group_value!(
        JoinConfig,
        MlsGroupJoinConfig,
        write_mls_join_config,
        mls_group_join_config,
        delete_group_config
    );
    group_value!(Tree, TreeSync, write_tree, tree, delete_tree);
    group_value!(
        InterimTranscriptHash,
        InterimTranscriptHash,
        write_interim_transcript_hash,
        interim_transcript_hash,
        delete_interim_transcript_hash
    );
    group_value!(
        Context,
        GroupContext,
        write_context,
        group_context,
        delete_context
    );
    group_value!(
        ConfirmationTag,
        ConfirmationTag,
        write_confirmation_tag,
        confirmation_tag,
        delete_confirmation_tag
    );
    group_value!(
        MessageSecrets,
        MessageSecrets,
        write_message_secrets,
        message_secrets,
        delete_message_secrets
    );
    group_value!(
        ResumptionPsks,
        ResumptionPskStore,
        write_resumption_psk_store,
        resumption_psk_store,
        delete_all_resumption_psk_secrets
    );
    group_value!(
        OwnLeafIndex,
        LeafNodeIndex,
        write_own_leaf_index,
        own_leaf_index,
        delete_own_leaf_index
    );
    group_value!(
        EpochSecrets,
        GroupEpochSecrets,
        write_group_epoch_secrets,
        group_epoch_secrets,
        delete_group_epoch_secrets
    );

    fn write_group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        group: &G,
        state: &T,
    ) -> Result<(), StateError> {
        self.put(Kind::GroupState, group, &[], state)
    }
    fn group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        group: &G,
    ) -> Result<Option<T>, StateError> {
        self.get(Kind::GroupState, group, &[])
    }
    fn delete_group_state<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), StateError> {
        self.delete(Kind::GroupState, group, &[])
    }

    fn append_own_leaf_node<G: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        group: &G,
        leaf: &T,
    ) -> Result<(), StateError> {
        let at = self.next_position(Kind::OwnLeafNode, group)?;
        self.put(Kind::OwnLeafNode, group, &at, leaf)
    }
    fn own_leaf_nodes<G: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<T>, StateError> {
        self.rows(Kind::OwnLeafNode, group)?
            .iter()
            .map(|(_, v)| decode(v))
            .collect()
    }
    fn delete_own_leaf_nodes<G: traits::GroupId<V>>(&self, group: &G) -> Result<(), StateError> {
        self.delete_rows(Kind::OwnLeafNode, group)
    }

    fn queue_proposal<
        G: traits::GroupId<V>,
        R: traits::ProposalRef<V>,
        T: traits::QueuedProposal<V>,
    >(
        &self,
        group: &G,
        reference: &R,
        proposal: &T,
    ) -> Result<(), StateError> {
        self.remove_proposal(group, reference)?;
        let mut sub = self.next_position(Kind::Proposal, group)?.to_vec();
        sub.extend_from_slice(&encode(reference)?);
        self.put(Kind::Proposal, group, &sub, proposal)
    }
    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group: &G,
    ) -> Result<Vec<R>, StateError> {
        self.rows(Kind::Proposal, group)?
            .iter()
            .map(|(sub, _)| decode(sub.get(POSITION..).unwrap_or_default()))
            .collect()
    }
    fn queued_proposals<
        G: traits::GroupId<V>,
        R: traits::ProposalRef<V>,
        T: traits::QueuedProposal<V>,
    >(
        &self,
        group: &G,
    ) -> Result<Vec<(R, T)>, StateError> {
        self.rows(Kind::Proposal, group)?
            .iter()
            .map(|(sub, v)| Ok((decode(sub.get(POSITION..).unwrap_or_default())?, decode(v)?)))
            .collect()
    }
    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group: &G,
        reference: &R,
    ) -> Result<(), StateError> {
        let reference = encode(reference)?;
        for (sub, _) in self.rows(Kind::Proposal, group)? {
            if sub.get(POSITION..) == Some(reference.as_slice()) {
                self.delete(Kind::Proposal, group, &sub)?;
            }
        }
        Ok(())
    }
    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group: &G,
    ) -> Result<(), StateError> {
        self.delete_rows(Kind::Proposal, group)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
        pairs: &[T],
    ) -> Result<(), StateError> {
        self.put(Kind::EpochKeyPairs, group, &epoch_leaf(epoch, leaf)?, pairs)
    }
    fn encryption_epoch_key_pairs<
        G: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<Vec<T>, StateError> {
        Ok(self
            .get(Kind::EpochKeyPairs, group, &epoch_leaf(epoch, leaf)?)?
            .unwrap_or_default())
    }
    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        group: &G,
        epoch: &E,
        leaf: u32,
    ) -> Result<(), StateError> {
        self.delete(Kind::EpochKeyPairs, group, &epoch_leaf(epoch, leaf)?)
    }

    device_value!(
        SignatureKeyPair,
        SignaturePublicKey,
        SignatureKeyPair,
        write_signature_key_pair,
        delete_signature_key_pair
    );
    fn signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, StateError> {
        self.get(Kind::SignatureKeyPair, key, &[])
    }

    device_value!(
        EncryptionKeyPair,
        EncryptionKey,
        HpkeKeyPair,
        write_encryption_key_pair,
        delete_encryption_key_pair
    );
    fn encryption_key_pair<T: traits::HpkeKeyPair<V>, K: traits::EncryptionKey<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, StateError> {
        self.get(Kind::EncryptionKeyPair, key, &[])
    }

    device_value!(
        KeyPackage,
        HashReference,
        KeyPackage,
        write_key_package,
        delete_key_package
    );
    fn key_package<K: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, StateError> {
        self.get(Kind::KeyPackage, key, &[])
    }

    device_value!(Psk, PskId, PskBundle, write_psk, delete_psk);
    fn psk<T: traits::PskBundle<V>, K: traits::PskId<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, StateError> {
        self.get(Kind::Psk, key, &[])
    }
}
