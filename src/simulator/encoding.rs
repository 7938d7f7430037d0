//! Compression of answers, as the service does it (RFC 1950, 1951, 1952).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// Compression of answers, when the client offers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compress {
    /// What the client prefers: deflate in its zlib wrapping (as RFC 9110 section 8.4.1.2 defines it), else gzip.
    #[default]
    Offered,
    /// Bare deflate without the zlib wrapping, as some servers send it.
    RawDeflate,
    /// Gzip only.
    Gzip,
    /// Never.
    Nothing,
}

/// The packed bytes and the name for `Content-Encoding`; `None` when they go out as they are.
pub(super) fn pack(plain: &[u8], accept: &str, how: Compress) -> Option<(&'static str, Vec<u8>)> {
    let accepts = |name: &str| {
        accept.split(',').any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            parts
                .next()
                .is_some_and(|coding| coding.eq_ignore_ascii_case(name))
                && parts.all(|part| part != "q=0")
        })
    };
    if plain.is_empty() {
        return None;
    }
    let level = Compression::fast();
    let packed = match how {
        Compress::RawDeflate if accepts("deflate") => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            (
                "deflate",
                encoder.write_all(plain).and_then(|()| encoder.finish()),
            )
        }
        Compress::Offered if accepts("deflate") => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            (
                "deflate",
                encoder.write_all(plain).and_then(|()| encoder.finish()),
            )
        }
        Compress::Offered | Compress::Gzip if accepts("gzip") => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            (
                "gzip",
                encoder.write_all(plain).and_then(|()| encoder.finish()),
            )
        }
        Compress::Offered | Compress::RawDeflate | Compress::Gzip | Compress::Nothing => {
            return None;
        }
    };
    // Writing into memory does not fail; should it ever, the plain bytes are just as good.
    packed.1.ok().map(|bytes| (packed.0, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_offered_is_used() {
        let coding = |accept, how| pack(b"{}", accept, how).map(|(name, _)| name);
        assert_eq!(coding("", Compress::Offered), None);
        assert_eq!(coding("gzip, deflate", Compress::Offered), Some("deflate"));
        assert_eq!(coding("gzip", Compress::Offered), Some("gzip"));
        assert_eq!(coding("gzip;q=0", Compress::Offered), None);
        assert_eq!(coding("gzip, deflate", Compress::Nothing), None);
    }
}
