//! File facts: signer, verdict, prevalence.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::rate_limit::Lane;
use super::wire::Noun;
use super::{ApiError, Client, odata};
use crate::model::loose::{Flag, Loose, LooseList};
use crate::model::{FileFacts, HeapBytes, Indicator, Listed, Machine, Seen, hash_digits};

/// Maximum number of stored names of one file.
const MAX_NAMES: usize = 5;

impl Client {
    /// Facts of the file with this SHA-1 or SHA-256, in lower case; `None` if Defender does not
    /// know it. Needs `File.Read.All`, and `Ti.ReadWrite` for its indicators.
    ///
    /// # Errors
    /// When the request failed, or the record is that of another file. Unreadable statistics of the
    /// organisation are left out.
    pub async fn file(
        &self,
        hash: &str,
        with_indicators: bool,
    ) -> Result<Option<FileFacts>, ApiError> {
        let found = self.one::<Info>(&["files", hash], Lane::Analyst).await;
        let Info(mut facts) = match found {
            Ok(info) => info,
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        if !is_of(&facts, hash) {
            return Err(ApiError::OtherRecord { came: facts.sha1 });
        }
        let stats = ["files", &facts.sha1, "stats"];
        if let Ok(stats) = self.one::<Stats>(&stats, Lane::Analyst).await {
            facts.organization_prevalence = stats.here;
            facts.organization_seen = stats.seen;
            facts.names = stats.names;
        }
        if with_indicators {
            facts.indicators = Some(self.indicators_about(&facts).await);
        }
        Ok(Some(facts))
    }

    /// Indicators that apply to a file on every device, as far as they could be read.
    async fn indicators_about(&self, facts: &FileFacts) -> Listed<Indicator> {
        let hashes: Vec<&str> = std::iter::once(&*facts.sha1)
            .chain(facts.sha256.as_deref())
            .collect();
        let unread = Listed {
            items: Vec::new(),
            unreadable: 0,
            is_cut: true,
        };
        let read = self.indicators_of(&hashes, Lane::Analyst).await;
        read.unwrap_or(unread)
    }

    /// The devices on which the file with this SHA-1 was seen; empty if the service knows none. The
    /// service has no such list by SHA-256.
    ///
    /// # Errors
    /// When the list could not be read.
    pub async fn machines_with_file(&self, sha1: &str) -> Result<Listed<Arc<Machine>>, ApiError> {
        let url = odata::path(&self.0.endpoints.api, &["files", sha1, "machines"]);
        Ok(self.found(&url).await?.map(Arc::new))
    }
}

/// Whether a record is that of the requested file. One without SHA-256 is, as the service found it
/// by that hash.
fn is_of(facts: &FileFacts, hash: &str) -> bool {
    if hash.len() == facts.sha1.len() {
        *facts.sha1 == *hash
    } else {
        facts.sha256.as_deref().is_none_or(|sha256| sha256 == hash)
    }
}

/// The `file` resource.
pub(super) struct Info(FileFacts);

impl HeapBytes for Info {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

impl Noun for Info {
    fn read(json: &str) -> Option<Self> {
        let wire: WireInfo = serde_json::from_str(json).ok()?;
        Some(Self(FileFacts {
            sha1: hash_digits(&wire.sha1.0?, 40)?,
            sha256: wire.sha256.0.and_then(|text| hash_digits(&text, 64)),
            // A file's self-declared publisher is not a signature.
            signer: wire.signer.0,
            is_valid_certificate: wire.is_valid_certificate.0.map(|flag| flag.0),
            publisher: wire.file_publisher.0,
            product: wire.file_product_name.0,
            size: number(&wire.size).and_then(|size| size.try_into().ok()),
            determination: wire.determination.0,
            determination_value: wire.determination_value.0,
            global_prevalence: number(&wire.global_prevalence),
            global_seen: Seen {
                first: wire.global_first_observed.0,
                last: wire.global_last_observed.0,
            },
            ..FileFacts::default()
        }))
    }
}

/// The `inOrgFileStats` resource.
pub(super) struct Stats {
    here: Option<i64>,
    seen: Seen,
    names: Box<[Box<str>]>,
}

impl HeapBytes for Stats {
    fn heap_bytes(&self) -> usize {
        self.names.heap_bytes()
    }
}

impl Noun for Stats {
    fn read(json: &str) -> Option<Self> {
        let wire: WireStats = serde_json::from_str(json).ok()?;
        let names = wire.top_file_names.0.unwrap_or_default().into_iter();
        Some(Self {
            here: number(&wire.organization_prevalence).or_else(|| number(&wire.org_prevalence)),
            seen: Seen {
                first: wire.org_first_seen.0,
                last: wire.org_last_seen.0,
            },
            names: names.take(MAX_NAMES).collect(),
        })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireInfo {
    sha1: Loose<Box<str>>,
    sha256: Loose<Box<str>>,
    signer: Loose<Box<str>>,
    is_valid_certificate: Loose<Flag>,
    file_publisher: Loose<Box<str>>,
    file_product_name: Loose<Box<str>>,
    size: Value,
    #[serde(rename = "determinationType")]
    determination: Loose<Box<str>>,
    determination_value: Loose<Box<str>>,
    global_prevalence: Value,
    global_first_observed: Loose<Timestamp>,
    global_last_observed: Loose<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireStats {
    organization_prevalence: Value,
    /// The prevalence as text; some responses have only this.
    org_prevalence: Value,
    org_first_seen: Loose<Timestamp>,
    org_last_seen: Loose<Timestamp>,
    top_file_names: LooseList<Box<str>>,
}

/// A count, which the service writes as a number or a string.
fn number(value: &Value) -> Option<i64> {
    let read = value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok());
    read.filter(|count| *count >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: &str = "6532ec91d513acc05f43ee0aa3002599729fd3e1";
    const SAMPLES: &str = include_str!("../../tests/fixtures/files.json");

    fn sample<T: Noun>(name: &str) -> T {
        let samples: Value = serde_json::from_str(SAMPLES).expect("JSON");
        T::read(&samples[name].to_string()).expect(name)
    }

    #[test]
    fn recorded_responses_are_parsed() {
        let Info(facts) = sample("info_docs");
        assert_eq!(
            (facts.signer.as_deref(), facts.is_valid_certificate),
            (Some("CHENGDU YIWO Tech Development Co., Ltd."), Some(false))
        );
        assert_eq!(facts.global_prevalence, Some(180_022));
        assert_eq!(
            facts.determination_value.as_deref(),
            Some("PUA:Win32/FusionCore")
        );
        let Info(facts) = sample("info_real");
        assert_eq!((facts.signer, facts.is_valid_certificate), (None, None));
        let stats: Stats = sample("stats_real");
        assert_eq!((stats.here, stats.names.len()), (Some(0), 0));
        assert_eq!(stats.seen, Seen::default());
        let first = "2018-05-07T14:05:18.4401316Z"
            .parse()
            .expect("a literal time");
        let Info(facts) = sample("info_real");
        assert_eq!(
            (facts.size, facts.global_seen.first),
            (Some(391_680), Some(first))
        );
    }

    #[test]
    fn malformed_values_are_left_out() {
        let read = |json: &str| Stats::read(json).expect("an object");
        assert_eq!(
            read(r#"{"orgPrevalence":"41","topFileNames":["a.exe"]}"#).here,
            Some(41)
        );
        assert_eq!(
            read(r#"{"organizationPrevalence":-1,"topFileNames":3}"#).here,
            None
        );
        for no_sha1 in ["{}", "[]", r#"{"sha1":"ab"}"#, r#"{"sha1":null}"#] {
            assert!(Info::read(no_sha1).is_none(), "{no_sha1}");
        }
        let info = |rest: &str| {
            let Info(facts) =
                Info::read(&format!(r#"{{"sha1":"{SHA1}",{rest}}}"#)).expect("an object");
            facts
        };
        assert_eq!(
            info(r#""filePublisher":"Microsoft Corporation""#).signer,
            None
        );
        for (flag, read) in [
            ("true", Some(true)),
            (r#""False""#, Some(false)),
            ("1", None),
            (r#""yes""#, None),
        ] {
            let facts = info(&format!(r#""isValidCertificate":{flag}"#));
            assert_eq!(facts.is_valid_certificate, read, "{flag}");
        }
    }

    #[test]
    fn record_of_another_file_is_rejected() {
        let Info(facts) = sample("info_real");
        let sha256 = facts.sha256.clone().expect("it has one");
        assert!(is_of(&facts, SHA1) && is_of(&facts, &sha256));
        assert!(!is_of(&facts, &SHA1.replace('6', "7")));
        assert!(!is_of(&facts, &sha256.replace('d', "e")));
        let without_hash = FileFacts {
            sha256: None,
            ..facts
        };
        assert!(is_of(&without_hash, &sha256), "found by that hash");
    }
}
