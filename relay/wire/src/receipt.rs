//! `receipts/collect`: what became of deliveries whose sender wants to show it.

use minicbor::{Decode, Encode};

use crate::{ReceiptHandle, Sealed};

/// Asks for states, and drops those already written down.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Collect {
    /// Which states are wanted.
    #[n(0)]
    pub handles: Vec<ReceiptHandle>,
    /// End states collected earlier and now committed by the caller: the relay forgets them. One that still waits is
    /// not forgotten.
    #[n(1)]
    pub done: Vec<ReceiptHandle>,
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum ReceiptState {
    /// No receipt yet.
    #[n(1)]
    Waiting,
    /// The device's sealed receipt.
    #[n(2)]
    Delivered(#[n(0)] Sealed),
    /// Its time ended before a receipt came.
    #[n(3)]
    Expired,
    /// The mailbox was closed before a receipt came.
    #[n(4)]
    Revoked,
    /// The relay knows no such handle: refused, never sent, or forgotten.
    #[n(5)]
    Unknown,
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CollectedReceipt {
    /// The handle.
    #[n(0)]
    pub handle: ReceiptHandle,
    /// Its state.
    #[n(1)]
    pub state: ReceiptState,
}

/// The states, in the order asked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Collected {
    /// The states.
    #[n(0)]
    pub receipts: Vec<CollectedReceipt>,
}
