//! The wipe channel at the relay, from the device's side: opened once, asked for the order, told the certificate. It
//! travels on connections of its own, so that it names the device together with nothing else.

use std::time::Duration;

use sotto_wire::channel::{Certify, Challenge, Open, Poll};
use sotto_wire::{
    Bearer, Digest, ErrorCode, Nonce, PublicKey, RelayTime, Sealed, Sig, TenantId, limits, op,
    signed,
};

use super::WipeError;
use crate::base::{Clock, SigningKey, Timestamp, sha256};
use crate::roster::ChannelSecret;
use crate::roster::kind::RelayDescriptor;
use crate::sync::endpoint;
use crate::transport::{Auth, ClockError, ProxySetting, RelayClock, Transport, TransportError};

/// What the relay had for this device.
pub(super) struct Heard {
    /// The sealed order.
    pub(super) order: Option<Vec<u8>>,
    /// The sealed unlock share.
    pub(super) share: Option<Vec<u8>>,
    /// The time that the relay signed.
    pub(super) time: Option<Timestamp>,
}

/// The way to one channel.
pub(super) struct Line {
    transport: Transport,
    key: SigningKey,
}

impl Line {
    /// Gets ready. Nothing is sent.
    pub(super) fn new(
        relay: &RelayDescriptor,
        channel: &ChannelSecret,
        proxy: ProxySetting,
    ) -> Result<Self, WipeError> {
        let transport = Transport::new(endpoint(relay, proxy)?).map_err(TransportError::from)?;
        Ok(Self {
            transport,
            key: channel.signing(),
        })
    }
    fn public(&self) -> PublicKey {
        PublicKey::new(*self.key.verifying_key().as_bytes())
    }
    fn tenant(&self) -> TenantId {
        self.transport.endpoint().tenant
    }
    fn sign(&self, what: &sotto_wire::ToSign) -> Sig {
        Sig::new(*self.key.sign_raw(&what.bytes()).as_bytes())
    }
    async fn challenge(&self, deadline: Duration) -> Result<(Nonce, RelayTime), TransportError> {
        let request = Challenge { key: self.public() };
        let asked = self
            .transport
            .call::<op::ChannelChallenge>(&Auth::None, &request, deadline)
            .await?;
        Ok((asked.nonce, asked.time))
    }

    /// Opens the channel, and leaves a share where one is given.
    pub(super) async fn open(
        &self,
        bearer: Bearer,
        share: Option<Vec<u8>>,
        deadline: Duration,
    ) -> Result<(), TransportError> {
        // The relay's own idea of the time: it judges whether the request is a recent one, and a wrong clock here must
        // not keep the channel closed.
        let (_, at) = self.challenge(deadline).await?;
        let (key, share) = (self.public(), share.map(Sealed::new));
        let sig = self.sign(&signed::channel_open(
            &self.tenant(),
            &key,
            share.as_ref(),
            at,
        ));
        let request = Open {
            key,
            share,
            at,
            sig,
        };
        self.transport
            .call::<op::ChannelOpen>(&Auth::Submit(bearer), &request, deadline)
            .await
            .map(drop)
    }

    /// Asks for the order and waits for it, at most about as long as `wait`. `deadline` holds for each request besides.
    pub(super) async fn poll(
        &self,
        clock: &dyn Clock,
        wait: Duration,
        deadline: Duration,
    ) -> Result<Heard, TransportError> {
        let (nonce, _) = self.challenge(deadline).await?;
        let key = self.public();
        let wait_s = u16::try_from(wait.as_secs())
            .unwrap_or(u16::MAX)
            .min(limits::CHANNEL_WAIT_S);
        let request = Poll {
            key,
            nonce,
            sig: self.sign(&signed::channel_poll(&nonce, &self.tenant(), &key)),
            wait_s,
        };
        let patience = deadline + Duration::from_secs(u64::from(wait_s));
        let before = clock.now();
        let polled = match self
            .transport
            .call::<op::ChannelPoll>(&Auth::None, &request, patience)
            .await
        {
            Ok(polled) => polled,
            // Never opened, and no order was laid.
            Err(error) if error.code() == Some(ErrorCode::NotFound) => {
                return Ok(Heard {
                    order: None,
                    share: None,
                    time: None,
                });
            }
            Err(error) => return Err(error),
        };
        let signing_key = self.transport.endpoint().signing_key;
        let time = match RelayClock::measure(&signing_key, &polled.time, before, clock.now()) {
            Err(ClockError::Signature) => None,
            // How long the answer took says nothing about who signed it.
            Ok(_) | Err(ClockError::Window) => Some(Timestamp::from_millis(polled.time.time.0)),
        };
        Ok(Heard {
            order: polled.order.map(Sealed::into_bytes),
            share: polled.share.map(Sealed::into_bytes),
            time,
        })
    }

    /// The time that the relay signs now.
    pub(super) async fn time(&self, deadline: Duration) -> Result<Timestamp, TransportError> {
        let info = self.transport.info(deadline).await?;
        Ok(Timestamp::from_millis(info.time.time.0))
    }

    /// Leaves the certificate.
    pub(super) async fn certify(
        &self,
        certificate: Vec<u8>,
        deadline: Duration,
    ) -> Result<(), TransportError> {
        let (nonce, _) = self.challenge(deadline).await?;
        let key = self.public();
        let digest = Digest::new(*sha256(&certificate).as_bytes());
        let request = Certify {
            key,
            nonce,
            sig: self.sign(&signed::channel_certify(
                &nonce,
                &self.tenant(),
                &key,
                &digest,
            )),
            certificate: Sealed::new(certificate),
        };
        self.transport
            .call::<op::ChannelCertify>(&Auth::None, &request, deadline)
            .await
            .map(drop)
    }
}
