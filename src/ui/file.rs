//! What is known about the file in the form; looked up once its SHA-1 is complete.

use egui::{Label, RichText, TextStyle, Ui};

use super::Cx;
use super::theme::TokensExt as _;
use crate::guard;
use crate::message::Command;
use crate::model::{FileFacts, clean};

/// Has the file looked up, and says in a line what it is. What is to be minded stands in the
/// findings.
pub fn file_ui(ui: &mut Ui, cx: &mut Cx<'_>, sha1: Option<&str>, looked_up: &mut Option<Box<str>>) {
    let Some(sha1) = sha1 else {
        return;
    };
    let known = cx.state.files.get(sha1);
    let may_ask =
        cx.state.session.is_signed_in() && !guard::lacks_file_permission(&cx.state.session);
    let is_new = looked_up.as_deref() != Some(sha1);
    if is_new && may_ask && known.is_none_or(|file| file.value.is_none()) {
        cx.out.work.push(Command::LoadFile(sha1.into()));
    }
    if is_new {
        *looked_up = Some(sha1.into());
    }
    let Some(Some(facts)) = known.and_then(|file| file.get()) else {
        return;
    };
    let words = RichText::new(words(facts)).text_style(TextStyle::Small);
    ui.add(Label::new(words.color(ui.tokens().text_weak)).wrap());
}

fn words(facts: &FileFacts) -> String {
    let FileFacts {
        signer,
        is_valid_certificate,
        determination,
        determination_value,
        global_prevalence,
        organization_prevalence,
        top_name,
    } = facts;
    let text = |text: &Option<Box<str>>| text.as_deref().map(|text| clean(text, 80).into_owned());
    let signer = match (text(signer), is_valid_certificate) {
        (Some(signer), Some(false)) => format!("names {signer}, whose certificate is not valid"),
        (Some(signer), Some(true) | None) => format!("signed by {signer}"),
        (None, _) => "not signed".to_owned(),
    };
    let count = |count: &Option<i64>, of: &str| count.map(|count| format!("{count} devices {of}"));
    let parts = [
        text(top_name),
        Some(signer),
        text(determination),
        text(determination_value),
        count(organization_prevalence, "here"),
        count(global_prevalence, "in the world"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_known_and_leaves_out_what_is_not() {
        assert_eq!(words(&FileFacts::default()), "not signed");
        let facts = FileFacts {
            signer: Some("Acme".into()),
            is_valid_certificate: Some(false),
            determination: Some("Malware".into()),
            organization_prevalence: Some(3),
            top_name: Some("invoice.exe".into()),
            ..FileFacts::default()
        };
        assert_eq!(
            words(&facts),
            "invoice.exe · names Acme, whose certificate is not valid · Malware · 3 devices here"
        );
    }
}
