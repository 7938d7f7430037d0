//! Findings about a file before it is quarantined, which cannot be undone.

use super::Facts;
use super::verdict::{Question, Verdict};
use crate::explain::NextStep;
use crate::model::{FileFacts, IndicatorAction, Permission, clean, grouped, requestor_name};

/// The number of devices above which a file is likely to be needed.
const WIDESPREAD: i64 = 10;

/// Progress of looking up a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownFile<'a> {
    NotYet,
    /// With the reason.
    Failed(&'a str),
    /// Defender knows no such file.
    Unknown,
    Known(&'a FileFacts),
}

/// Warns about a file that the system or many users need, and reports what could not be checked.
pub(super) fn check(question: &Question<'_>, facts: &Facts<'_>) -> Vec<Verdict> {
    let blocks = question.task.is_tenant_wide();
    if question.task.file_hash().is_none() || !question.task.risk().takes_away() {
        return Vec::new();
    }
    if facts.session.is_known_to_lack(&Permission::FileReadAll) {
        return vec![
            Verdict::not_checked(
                "who signed this file and how widespread it is; requires File.Read.All",
            )
            .next(NextStep::AskForPermission(Permission::FileReadAll)),
        ];
    }
    match facts.file {
        KnownFile::NotYet => vec![Verdict::not_checked_yet(
            "who signed this file and how widespread it is",
        )],
        KnownFile::Failed(why) => vec![Verdict::not_checked(format!(
            "who signed this file and how widespread it is: {why}"
        ))],
        KnownFile::Unknown => vec![Verdict::warn(if blocks {
            "Defender has never seen this file. Check that the hash is the right one"
        } else {
            "Defender has never seen this SHA-1. Check that it is the right one"
        })],
        KnownFile::Known(file) => known(file, blocks),
    }
}

/// Findings for a file that Defender knows; `blocks` if the order blocks it on every device.
fn known(file: &FileFacts, blocks: bool) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if file.signer.is_none() {
        // No reported signer does not mean that there is none.
        verdicts.push(Verdict::not_checked(
            "whether Microsoft signed this file and the system needs it: Defender reports no signer",
        ));
    }
    let by_microsoft = file
        .signer
        .as_deref()
        .is_some_and(|signer| signer.to_lowercase().starts_with("microsoft "));
    if by_microsoft && file.is_valid_certificate != Some(false) {
        let signer = clean(file.signer.as_deref().unwrap_or_default(), 80);
        verdicts.push(Verdict::warn(if blocks {
            format!("Signed by {signer}: the system may need it, on every device")
        } else {
            format!(
                "Signed by {signer}: the system may need it, and devices refuse to quarantine it"
            )
        }));
    }
    match file.organization_prevalence {
        None => verdicts.push(Verdict::not_checked(
            "on how many devices in your organisation this file is",
        )),
        Some(count) if count > WIDESPREAD => verdicts.push(Verdict::warn(format!(
            "This file is on {} devices in your organisation: many people may need it",
            grouped(count)
        ))),
        Some(_) => {}
    }
    let indicators = file.indicators.iter().flat_map(|read| &read.items);
    // For a block, another guardrail reports all of them.
    for allowed in indicators.filter(|one| !blocks && one.action == IndicatorAction::Allowed) {
        let by = requestor_name(allowed.by.as_deref());
        verdicts.push(Verdict::warn(format!(
            "{by} has allowed this file on every device, by an indicator: a quarantine conflicts with that"
        )));
    }
    if !blocks
        && file
            .indicators
            .as_ref()
            .is_some_and(|read| !read.is_complete())
    {
        verdicts.push(Verdict::not_checked(
            "whether this file is allowed on every device, as not all indicators could be read",
        ));
    }
    if file.determination.as_deref() == Some("Clean") {
        verdicts.push(Verdict::warn("Defender rates this file as clean"));
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Indicator, Listed};

    #[test]
    fn quarantine_warns_about_an_allow_indicator_for_the_file() {
        let of = |actions: &[IndicatorAction], is_cut: bool| {
            let by = Some("s.weber@contoso.com".into());
            let each = actions.iter().map(|action| Indicator {
                id: None,
                value: "".into(),
                action: action.clone(),
                by: by.clone(),
                created: None,
                expires: None,
                title: None,
                description: None,
            });
            let file = FileFacts {
                signer: Some("Acme".into()),
                organization_prevalence: Some(1),
                indicators: Some(Listed {
                    items: each.collect(),
                    unreadable: 0,
                    is_cut,
                }),
                ..FileFacts::default()
            };
            let found = known(&file, false).into_iter();
            found
                .map(|found| found.named("file").text())
                .collect::<Vec<_>>()
        };
        let harmless = [IndicatorAction::Block, IndicatorAction::Audit];
        assert_eq!(of(&harmless, false), [""; 0]);
        let said = of(&harmless, true);
        assert!(
            said.len() == 1 && said[0].contains("not all indicators could be read"),
            "{said:?}"
        );
        assert_eq!(
            of(&[IndicatorAction::Allowed], false),
            [
                "s.weber@contoso.com has allowed this file on every device, by an indicator: a quarantine conflicts with that"
            ]
        );
    }
}
