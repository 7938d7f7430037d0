//! What is known about the file in the form; looked up once its SHA-1 is complete.

use egui::{Label, RichText, TextStyle, Ui, vec2};

use crate::guard;
use crate::message::Command;
use crate::model::{FileFacts, clean, grouped};
use crate::ui::Cx;
use crate::ui::theme::TokensExt as _;

/// Has the file looked up, and says in a line what it is. What there is to know before acting
/// is among the findings. Two lines are always there: what is below them stays where it is.
pub fn file_ui(ui: &mut Ui, cx: &mut Cx<'_>, sha1: Option<&str>, looked_up: &mut Option<Box<str>>) {
    let line = match sha1 {
        None => "The file is looked up once its SHA-1 is complete".to_owned(),
        Some(sha1) => look_up(cx, sha1, looked_up),
    };
    let weak = ui.tokens().text_weak;
    let shown = RichText::new(&line)
        .text_style(TextStyle::Small)
        .color(weak);
    let lines = 2.0 * ui.text_style_height(&TextStyle::Small);
    let size = vec2(ui.available_width(), lines);
    ui.allocate_ui(size, |ui| {
        ui.set_min_size(size);
        ui.add(Label::new(shown).wrap());
    });
}

fn look_up(cx: &mut Cx<'_>, sha1: &str, looked_up: &mut Option<Box<str>>) -> String {
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
    match known.map(|file| (file.get(), file.loading)) {
        Some((Some(Some(facts)), _)) => words(facts),
        Some((Some(None), _)) => "Defender has never seen this SHA-1".to_owned(),
        Some((None, true)) | None if may_ask => "Looking the file up…".to_owned(),
        Some(_) | None => "Nothing is known about this file".to_owned(),
    }
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
    let count = |count: &Option<i64>, of: &str| {
        count.map(|count| {
            format!(
                "{} {} {of}",
                grouped(count),
                if count == 1 { "device" } else { "devices" }
            )
        })
    };
    let parts = [
        text(top_name),
        Some(signer),
        text(determination),
        text(determination_value),
        count(organization_prevalence, "here"),
        count(global_prevalence, "worldwide"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use crate::ui::order::file::*;

    #[test]
    fn the_line_says_what_is_known_and_leaves_out_what_is_not() {
        assert_eq!(words(&FileFacts::default()), "not signed");
        let facts = FileFacts {
            signer: Some("Acme".into()),
            is_valid_certificate: Some(false),
            determination: Some("Malware".into()),
            organization_prevalence: Some(3),
            global_prevalence: Some(94_000_000),
            top_name: Some("invoice.exe".into()),
            ..FileFacts::default()
        };
        assert_eq!(
            words(&facts),
            "invoice.exe · names Acme, whose certificate is not valid · Malware · 3 devices here · 94,000,000 devices worldwide"
        );
    }
}
