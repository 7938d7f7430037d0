//! A parsed request.

use hyper::body::Bytes;
use hyper::header::{self, HeaderName};
use hyper::{Method, Request};

/// A completely read request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    /// Decoded path segments, as spelled by the client.
    pub(super) segments: Vec<String>,
    pub(super) raw_query: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) bearer: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) accept_encoding: String,
    /// Whether there is an `Authorization` header, of any scheme.
    pub(super) has_authorization: bool,
    pub(super) range: Option<String>,
    /// Version to which the range applies; otherwise the whole is sent.
    pub(super) if_range: Option<String>,
    pub(super) client_request_id: Option<String>,
    pub(super) host: String,
    /// Whether the request comes from a page of another origin, according to the browser.
    pub(super) is_cross_origin: bool,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new<T>(request: &Request<T>, body: Bytes) -> Self {
        let text = |name: HeaderName| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let path = request.uri().path().to_owned();
        let host = text(header::HOST).unwrap_or_default();
        let own_origin = format!("http://{host}");
        let foreign_origin =
            text(header::ORIGIN).is_some_and(|o| !o.eq_ignore_ascii_case(&own_origin));
        // Another port of this computer is the same site, but another origin.
        let foreign_site = text(HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| site != "same-origin" && site != "none");
        let raw_query = request.uri().query().unwrap_or_default().to_owned();
        Self {
            method: request.method().clone(),
            segments: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(decoded)
                .collect(),
            query: pairs(raw_query.as_bytes()),
            bearer: text(header::AUTHORIZATION).and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme
                    .eq_ignore_ascii_case("bearer")
                    .then(|| token.trim().to_owned())
            }),
            content_type: text(header::CONTENT_TYPE).map(|value| value.to_ascii_lowercase()),
            has_authorization: request.headers().contains_key(header::AUTHORIZATION),
            range: text(header::RANGE),
            if_range: text(header::IF_RANGE),
            accept_encoding: text(header::ACCEPT_ENCODING).unwrap_or_default(),
            client_request_id: text(HeaderName::from_static("client-request-id")),
            host,
            is_cross_origin: foreign_origin || foreign_site,
            path,
            raw_query,
            body,
        }
    }

    /// The path segments in lower case, for matching.
    pub(super) fn lowered(&self) -> Vec<String> {
        self.segments
            .iter()
            .map(|part| part.to_ascii_lowercase())
            .collect()
    }

    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    pub(super) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == Method::POST
    }
}

pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// Decodes percent encoding (RFC 3986 section 2.1); a plus sign is kept, as this is not a query.
fn decoded(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text);
    decoded.decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn percent_encoding_is_decoded() {
        assert_eq!(super::decoded("a%20b+c%zz%4"), "a b+c%zz%4");
    }
}
