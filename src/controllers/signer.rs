//! The keys of the controller manager, as others lend them: what signs tokens and certificates
//! (`--service-account-private-key-file`, `--cluster-signing-key-file`). Must not know where keys lie.

use jiff::Timestamp;

/// Whom a token that never expires speaks for, and the Secret that holds it.
#[derive(Clone, Copy, Debug)]
pub struct TokenSubject<'a> {
    /// Namespace of both.
    pub namespace: &'a str,
    /// The service account: name and uid.
    pub account: (&'a str, &'a str),
    /// The Secret's name.
    pub secret: &'a str,
}

/// Who signs.
pub trait Signer: Send + Sync {
    /// A token without expiry; `None` when it cannot be signed.
    fn token(&self, subject: TokenSubject<'_>) -> Option<String>;

    /// The certificate (PEM) of a request (PEM) for these uses and from one moment to another.
    ///
    /// # Errors
    /// Why it cannot be signed, in words.
    fn certificate(&self, request: &str, usages: &[String], validity: (Timestamp, Timestamp))
    -> Result<String, String>;
}
