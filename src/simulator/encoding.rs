//! Compression of responses, as in the service (RFC 1950, 1951, 1952).

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// Compression of responses, if the client accepts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compress {
    /// The client's preference: deflate in zlib format (RFC 9110 section 8.4.1.2), else gzip.
    #[default]
    Offered,
    /// Raw deflate without the zlib header, as sent by some servers.
    RawDeflate,
    /// Gzip only.
    Gzip,
    /// Never.
    Nothing,
}

/// The `Content-Encoding` and the compressed bytes; `None` to send them uncompressed.
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
    // Writing into memory does not fail; otherwise the plain bytes are sent.
    packed.1.ok().map(|bytes| (packed.0, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_accepted_encodings_are_used() {
        let coding = |accept, how| pack(b"{}", accept, how).map(|(name, _)| name);
        assert_eq!(coding("", Compress::Offered), None);
        assert_eq!(coding("gzip, deflate", Compress::Offered), Some("deflate"));
        assert_eq!(coding("gzip", Compress::Offered), Some("gzip"));
        assert_eq!(coding("gzip;q=0", Compress::Offered), None);
        assert_eq!(coding("gzip, deflate", Compress::Nothing), None);
    }
}
