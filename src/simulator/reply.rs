//! Responses before serialization.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::encoding::{Compress, pack};
use super::random::Rng;

/// A response, or an error response.
pub(super) type Answer = Result<Reply, Reply>;

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Payload,
}

#[derive(Debug)]
pub(super) enum Payload {
    Empty,
    Json(Value),
    Text(&'static str, String),
    /// Bytes that are never compressed.
    Bytes(&'static str, Vec<u8>),
}

const ODATA_JSON: &str =
    "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8";
const PLAIN_JSON: &str = "application/json; charset=utf-8";

impl Reply {
    fn new(status: u16, body: Payload) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(super) fn json(status: u16, value: Value) -> Self {
        Self::new(status, Payload::Json(value))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, Payload::Empty)
    }

    pub(super) fn page(status: u16, html: String) -> Self {
        Self::new(status, Payload::Text("text/html; charset=utf-8", html))
    }

    pub(super) fn text(status: u16, text: String) -> Self {
        Self::new(status, Payload::Text(PLAIN_JSON, text))
    }

    pub(super) fn bytes(status: u16, kind: &'static str, bytes: Vec<u8>) -> Self {
        Self::new(status, Payload::Bytes(kind, bytes))
    }

    /// An error in the service's envelope.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        // The correlation id has two formats in the real service.
        let mut rng = Rng::unforeseeable();
        let target = if rng.below(2) == 0 {
            rng.guid()
        } else {
            format!("|{}-{}.", rng.hex(8), rng.hex(16))
        };
        Self::json(
            status,
            json!({ "error": { "code": code, "message": message, "target": target } }),
        )
    }

    /// A 404 for `what`.
    pub(super) fn not_found(what: &str) -> Self {
        let message = format!("{what} was not found");
        Self::error(404, "ResourceNotFound", &message)
    }

    /// A 429 for this quota; the next call is allowed after this many seconds.
    pub(super) fn throttled(quota: &str, seconds: i64) -> Self {
        let message = format!("API calls quota exceeded! Maximum allowed {quota}.");
        let reply = Self::error(429, "TooManyRequests", &message);
        reply.with("retry-after", &seconds.to_string())
    }

    /// The wrong method: 405 without a body.
    pub(super) fn only(allow: &str) -> Self {
        Self::empty(405).with("allow", allow)
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn value_mut(&mut self) -> Option<&mut Value> {
        if let Payload::Json(value) = &mut self.body {
            Some(value)
        } else {
            None
        }
    }

    /// Sets a property of a JSON response.
    pub(super) fn and(mut self, name: &str, value: &str) -> Self {
        if let Some(whole) = self.value_mut() {
            whole[name] = json!(value);
        }
        self
    }

    /// Converts to uncompressed bytes, for responses outside the service.
    pub(super) fn plain(self) -> Response<Full<Bytes>> {
        self.into_response("", Compress::Nothing, false)
    }

    /// Converts to bytes, compressed if the client accepts it.
    pub(super) fn into_response(
        self,
        accept_encoding: &str,
        how: Compress,
        odata: bool,
    ) -> Response<Full<Bytes>> {
        let success = (200..300).contains(&self.status);
        let how = match self.body {
            Payload::Bytes(..) => Compress::Nothing,
            Payload::Empty | Payload::Json(_) | Payload::Text(..) => how,
        };
        let (kind, bytes) = match self.body {
            Payload::Empty => (None, Vec::new()),
            Payload::Json(value) => (
                Some(if odata && success {
                    ODATA_JSON
                } else {
                    PLAIN_JSON
                }),
                serde_json::to_vec(&value).unwrap_or_default(),
            ),
            Payload::Text(kind, text) => (Some(kind), text.into_bytes()),
            Payload::Bytes(kind, bytes) => (Some(kind), bytes),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        let bytes = match pack(&bytes, accept_encoding, how) {
            Some((coding, packed)) => {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
                packed
            }
            None => bytes,
        };
        if odata && success && !bytes.is_empty() {
            headers.insert("odata-version", HeaderValue::from_static("4.0"));
        }
        let mut response = Response::new(Full::from(bytes));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers;
        response
    }
}
