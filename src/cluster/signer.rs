//! Lends the cluster's keys to the controller manager. Must not sign by itself.

use std::sync::Arc;

use jiff::Timestamp;

use crate::apiserver::legacy_token;
use crate::apiserver::pki::Pki;
use crate::controllers::{Signer, TokenSubject};

/// The keys of a cluster.
pub struct Keys(pub Arc<Pki>);

impl Signer for Keys {
    fn token(&self, subject: TokenSubject<'_>) -> Option<String> {
        let TokenSubject { namespace, account, secret } = subject;
        legacy_token(&self.0.tokens, namespace, account, secret)
    }

    fn certificate(
        &self,
        request: &str,
        usages: &[String],
        validity: (Timestamp, Timestamp),
    ) -> Result<String, String> {
        self.0.sign_request(request, usages, validity)
    }
}
