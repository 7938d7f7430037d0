//! Why no answer came: what the HTTP library says of it.

use std::error::Error;
use std::iter::successors;

use crate::auth::HttpFault;

/// Why no answer came. Only a connection that never came up is "not reached": of all else it
/// cannot be said that nothing arrived at the other end.
pub(super) fn fault(error: &reqwest::Error) -> HttpFault {
    if error.is_builder() {
        // Refused before anything was tried, such as plain `http`.
        HttpFault::NotReached
    } else if error.is_connect() {
        if causes(error).any(is_bad_certificate) {
            HttpFault::Certificate
        // Its type is private to the HTTP library.
        } else if causes(error).any(|cause| cause.to_string() == "proxy authorization required") {
            HttpFault::ProxyRefuses
        } else {
            HttpFault::NotReached
        }
    } else if error.is_timeout() {
        HttpFault::TimedOut
    } else {
        HttpFault::Interrupted
    }
}

fn is_bad_certificate(error: &(dyn Error + 'static)) -> bool {
    matches!(
        error.downcast_ref(),
        Some(rustls::Error::InvalidCertificate(_))
    )
}

/// The error and what is behind it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), cause)
}

/// An `io::Error` passes over the error that it wraps when asked for its source.
fn cause<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapping = error.downcast_ref::<std::io::Error>();
    match wrapping.and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => (**error).source(),
    }
}

/// The error and what is behind it, in words.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
