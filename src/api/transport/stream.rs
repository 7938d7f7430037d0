//! A long response, passed on in chunks. Carries no token.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_RANGE, RANGE,
};
use url::Url;

use super::{Bodies, Http, MinThroughput, fault};
use crate::auth::HttpFault;

/// Time limit for the start of a response.
const BEGINS_WITHIN: Duration = Duration::from_secs(30);

/// A response whose body is still to come.
#[derive(Debug)]
pub(in crate::api) struct Stream {
    response: reqwest::Response,
    pub head: Head,
}

/// A response's description of its body.
#[derive(Debug, Clone, Default)]
pub(in crate::api) struct Head {
    pub status: u16,
    /// Length of this body in bytes, if declared.
    pub len: Option<u64>,
    pub range: Option<Box<str>>,
    /// The entity tag.
    pub version: Option<Box<str>>,
    pub is_page: bool,
    /// The content coding, although `identity` was requested.
    pub coding: Option<Box<str>>,
}

impl Http {
    /// Requests `url` from this byte on: the rest of this version, or the whole of another.
    pub(in crate::api) async fn open_stream(
        &self,
        url: &Url,
        from: u64,
        version: Option<&str>,
    ) -> Result<Stream, HttpFault> {
        let mut request = reqwest::Request::new(reqwest::Method::GET, url.clone());
        *request.timeout_mut() = Some(MinThroughput::LONGEST);
        // With compression the length would be unknown, and ranges impossible.
        let plain = HeaderValue::from_static("identity");
        request.headers_mut().insert(ACCEPT_ENCODING, plain);
        if from > 0 {
            let value = |text: &str| {
                HeaderValue::try_from(text).map_err(|_not_a_header| HttpFault::NotReached)
            };
            let range = value(&format!("bytes={from}-"))?;
            request.headers_mut().insert(RANGE, range);
            if let Some(version) = version {
                request.headers_mut().insert(IF_RANGE, value(version)?);
            }
        }
        // Rarely needed, so the client is created on demand; its connection ends with the body.
        let client = Self::client(self.stand_in.as_ref(), Bodies::AsTheyCome)
            .map_err(|_no_client| HttpFault::NotReached)?;
        let begun = tokio::time::timeout(BEGINS_WITHIN, client.execute(request)).await;
        let response = begun
            .map_err(|_elapsed| HttpFault::TimedOut)?
            .map_err(|error| fault(&error))?;
        let head = head_of(&response);
        Ok(Stream { response, head })
    }
}

fn head_of(response: &reqwest::Response) -> Head {
    let header = |name: HeaderName| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(Box::<str>::from)
    };
    let content_type = header(CONTENT_TYPE).unwrap_or_default();
    let page = ["text/html", "application/xhtml"];
    let codings = response.headers().get_all(CONTENT_ENCODING).iter();
    let codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    Head {
        status: response.status().as_u16(),
        len: response.content_length(),
        range: header(CONTENT_RANGE),
        version: header(ETAG),
        is_page: page.iter().any(|kind| content_type.starts_with(kind)),
        coding: codings
            .map(|coding| String::from_utf8_lossy(coding).trim().to_ascii_lowercase())
            .find(|coding| !coding.is_empty() && coding != "identity")
            .map(Into::into),
    }
}

impl Stream {
    /// The next chunk; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, HttpFault> {
        let chunk =
            tokio::time::timeout(MinThroughput::SLOW_LINE.idle, self.response.chunk()).await;
        let chunk = chunk.map_err(|_elapsed| HttpFault::TimedOut)?;
        let chunk = chunk.map_err(|error| fault(&error))?;
        Ok(chunk.map(Vec::from))
    }
}
