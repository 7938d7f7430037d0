//! Sign-in, renewal and sign-out: a public client of Microsoft Entra.
//!
//! Two methods start a session: a code typed into a browser (RFC 8628), or the browser of this
//! computer (authorization code with PKCE, RFC 6749 and 7636). Both end in the same `token::Grant`;
//! renewal and persistence do not depend on the method. Refresh tokens (RFC 6749 section 6) keep
//! the session. The access token is held in memory only, the refresh token in the system's keyring
//! or, without one, in memory (rule 6).
//!
//! The HTTP client and the wall clock are arguments.

mod answer;
mod blank;
mod browser;
mod callback;
mod challenge;
mod chunked_store;
mod device_code;
mod error;
mod id_token;
mod lock;
mod persistence;
mod renewal;
mod secret;
mod session;
mod store;
mod stored_sign_in;
mod token;
mod token_cache;
mod trouble;
mod words;

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;

use oauth2::Scope;
pub use oauth2::{HttpRequest, HttpResponse};

use crate::model::Endpoints;

pub(crate) use blank::Blank;
pub use browser::BrowserFlow;
pub use challenge::WantedClaims;
pub use device_code::DeviceFlow;
pub use error::{AuthError, ErrorResponse, HttpFault};
pub use secret::Secret;
pub use session::{PendingSignIn, Session};
pub use store::{Keyring, Memory, TokenStore, probe_keyring, read_note};
pub use token::AccessToken;
pub use token_cache::{RefusedToken, SignedIn};
pub use trouble::KeyringTrouble;

/// Sends one request to the sign-in host, without redirects and with its own time limits.
pub type SendRequest = Arc<
    dyn Fn(HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFault>> + Send>>
        + Send
        + Sync,
>;

pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The sign-in host, with the common parts of every request to it.
struct SignInHost {
    http: SendRequest,
    clock: Clock,
    endpoints: Arc<Endpoints>,
    scope: Scope,
}
