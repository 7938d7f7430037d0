//! Maps errors of the HTTP library.

use std::error::Error;
use std::iter::successors;

use crate::auth::HttpFault;

/// Maps a transport error. Only a connection that was never established is "not reached": otherwise
/// the request may have arrived.
pub(super) fn fault(error: &reqwest::Error) -> HttpFault {
    if error.is_builder() {
        // Rejected before sending, such as plain `http`.
        HttpFault::NotReached
    } else if error.is_connect() {
        if causes(error).any(is_bad_certificate) {
            HttpFault::Certificate
        // The HTTP library does not export the type of this error, so its text is searched.
        } else if chain(error).contains("proxy authorization required") {
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

/// The error and its causes.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), cause)
}

/// The next cause: the wrapped error of an `io::Error`, whose `source` skips it.
fn cause<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapping = error.downcast_ref::<std::io::Error>();
    match wrapping.and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => (**error).source(),
    }
}

/// Messages of the error and its causes.
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
