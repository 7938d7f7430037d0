//! File facts: who signed it, what it is judged to be, how widespread it is.

use serde::Deserialize;
use serde_json::Value;

use super::rate_limit::Lane;
use super::wire::Noun;
use super::{ApiError, Client};
use crate::model::FileFacts;
use crate::model::loose::{Flag, Loose};

impl Client {
    /// What Defender knows about the file with this SHA-1; `None` when it knows no such file.
    /// Needs `File.Read.All`.
    ///
    /// # Errors
    /// When that could not be read. Numbers of the organisation that could not be read are left out.
    pub async fn file(&self, sha1: &str) -> Result<Option<FileFacts>, ApiError> {
        let found = self.one::<Info>(&["files", sha1], Lane::Analyst).await;
        let Info(mut facts) = match found {
            Ok(info) => info,
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => return Ok(None),
            Err(error) => return Err(error),
        };
        let stats = ["files", sha1, "stats"];
        if let Ok(Stats { here, top_name }) = self.one::<Stats>(&stats, Lane::Analyst).await {
            facts.organization_prevalence = here;
            facts.top_name = top_name;
        }
        Ok(Some(facts))
    }
}

struct Info(FileFacts);

impl Noun for Info {
    fn read(json: &str) -> Option<Self> {
        let wire: WireInfo = serde_json::from_str(json).ok()?;
        wire.sha1.0.as_ref()?;
        Some(Self(FileFacts {
            // What a file says of its publisher is no signature.
            signer: wire.signer.0,
            is_valid_certificate: wire.is_valid_certificate.0.map(|flag| flag.0),
            determination: wire.determination.0,
            determination_value: wire.determination_value.0,
            global_prevalence: number(&wire.global_prevalence),
            organization_prevalence: None,
            top_name: None,
        }))
    }
}

struct Stats {
    here: Option<i64>,
    top_name: Option<Box<str>>,
}

impl Noun for Stats {
    fn read(json: &str) -> Option<Self> {
        let wire: WireStats = serde_json::from_str(json).ok()?;
        let names = wire.top_file_names.as_array();
        let first = names.and_then(|names| names.first()?.as_str());
        Some(Self {
            here: number(&wire.organization_prevalence).or_else(|| number(&wire.org_prevalence)),
            top_name: first.map(Into::into),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireInfo {
    #[serde(default)]
    sha1: Loose<Box<str>>,
    #[serde(default)]
    signer: Loose<Box<str>>,
    #[serde(default)]
    is_valid_certificate: Loose<Flag>,
    #[serde(rename = "determinationType", default)]
    determination: Loose<Box<str>>,
    #[serde(default)]
    determination_value: Loose<Box<str>>,
    #[serde(default)]
    global_prevalence: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStats {
    #[serde(default)]
    organization_prevalence: Value,
    /// The same as a text, in some answers alone.
    #[serde(default)]
    org_prevalence: Value,
    #[serde(default)]
    top_file_names: Value,
}

/// A count, which the service writes as a number or as a text.
fn number(value: &Value) -> Option<i64> {
    let read = value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok());
    read.filter(|count| *count >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: &str = include_str!("../../tests/fixtures/files.json");

    fn sample<T: Noun>(name: &str) -> T {
        let samples: Value = serde_json::from_str(SAMPLES).expect("JSON");
        T::read(&samples[name].to_string()).expect(name)
    }

    #[test]
    fn the_services_own_answers_are_read() {
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
        assert_eq!((stats.here, stats.top_name), (Some(0), None));
    }

    #[test]
    fn odd_answers_leave_out_and_never_make_up() {
        let read = |json: &str| Stats::read(json).expect("an object");
        assert_eq!(
            read(r#"{"orgPrevalence":"41","topFileNames":["a.exe"]}"#).here,
            Some(41)
        );
        assert_eq!(
            read(r#"{"organizationPrevalence":-1,"topFileNames":3}"#).here,
            None
        );
        assert!(Info::read("{}").is_none() && Info::read("[]").is_none());
        let info = |rest: &str| {
            let Info(facts) = Info::read(&format!(r#"{{"sha1":"ab",{rest}}}"#)).expect("an object");
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
}
