//! The key that signs service account tokens (ES256). Must not know what a token says.

use rcgen::{KeyPair, PublicKeyData};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use sha2::{Digest, Sha256};

/// Signs and verifies as JSON Web Tokens want it: ES256, signatures of 64 bytes.
#[derive(Debug)]
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public_pem: String,
    id: String,
}

impl SigningKey {
    /// The name of the algorithm in a token's header.
    pub const ALGORITHM: &'static str = "ES256";

    pub(super) fn new(key: &KeyPair) -> Result<Self, String> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.serialized_der(), &random)
            .map_err(|error| error.to_string())?;
        let id = key_id(&key.subject_public_key_info());
        Ok(Self { pair, public_pem: key.public_key_pem(), id })
    }

    /// The key's identifier in a token's header: the hash of its public half, as Kubernetes derives it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half, as PEM.
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The public half as the two coordinates of a JSON Web Key.
    #[must_use]
    pub fn public_point(&self) -> (&[u8], &[u8]) {
        // Uncompressed: one byte 4, then x and y.
        self.pair.public_key().as_ref()[1..].split_at(32)
    }

    /// Signs a message; `None` if the system gives no randomness.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.pair.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
    }

    /// Whether this key signed a message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        public.verify(message, signature).is_ok()
    }
}

fn key_id(public_der: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(public_der))
}
