//! Templates for the comment, inserted by a click with the ticket's number, never over typed text.

use egui::{ComboBox, Id, Ui};

use super::form::OrderForm;
use super::ticket::fill;
use super::ticket_field::field_ui;
use crate::action::Change;
use crate::model::{clean, clean_ticket};
use crate::settings::RuleKey;
use crate::ui::Cx;
use crate::ui::widgets::ActionButton;

/// Maximum number of templates shown as buttons; more are shown as a list.
const MAX_BUTTONS: usize = 4;
const LABEL_CHARS: usize = 44;
/// Marks a template only for isolating, containing or restricting, or only for undoing that.
const CONTAIN: &str = "[contain]";
const RELEASE: &str = "[release]";

/// Asks for the ticket, and offers the templates of the settings.
pub fn templates_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut OrderForm, ticket_id: Id) {
    let written = &cx.state.settings.written;
    let change = form.task().change();
    let templates = written.entries(RuleKey::Templates);
    let templates: Vec<&str> = templates.filter_map(|t| fitting(t, change)).collect();
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        field_ui(ui, form, ticket_id);
        let ticket = clean_ticket(&form.ticket);
        chosen = if templates.len() > MAX_BUTTONS {
            list_ui(ui, &templates, &ticket)
        } else {
            buttons_ui(ui, &templates, &ticket)
        };
    });
    let ticket = clean_ticket(&form.ticket);
    follow_ticket(form, &ticket);
    if let Some(template) = chosen {
        put(
            &mut form.draft.comment,
            &mut form.from_template,
            template,
            &ticket,
        );
    }
}

/// A template without the prefix that limits it to some actions; `None` if it is for others.
fn fitting(template: &str, change: Change) -> Option<&str> {
    let template = template.trim();
    let marked = |mark| template.strip_prefix(mark).map(str::trim_start);
    match (marked(CONTAIN), marked(RELEASE)) {
        (Some(rest), _) => matches!(change, Change::Sets(_)).then_some(rest),
        (_, Some(rest)) => matches!(change, Change::Clears(_)).then_some(rest),
        (None, None) => Some(template),
    }
}

/// Updates the ticket in a comment that is still a template's text.
fn follow_ticket(form: &mut OrderForm, ticket: &str) {
    if let Some((template, text)) = &mut form.from_template
        && *text == form.draft.comment
    {
        *text = fill(template, ticket);
        form.draft.comment.clone_from(text);
    }
}

fn buttons_ui<'t>(ui: &mut Ui, templates: &[&'t str], ticket: &str) -> Option<&'t str> {
    let mut chosen = None;
    for template in templates {
        let label = label(template);
        let name = format!("Template: {label}");
        let text = fill(template, ticket);
        let hint = format!("Inserts into the comment: {}", clean(&text, 500));
        let button = ActionButton::new(&label).name(&name).hint(&hint);
        if ui.add(button).clicked() {
            chosen = Some(*template);
        }
    }
    chosen
}

fn list_ui<'t>(ui: &mut Ui, templates: &[&'t str], ticket: &str) -> Option<&'t str> {
    let mut chosen = None;
    ComboBox::from_label("Template")
        .selected_text("Choose a template")
        .show_ui(ui, |ui| {
            for template in templates {
                let text = fill(template, ticket);
                let label = clean(&text, LABEL_CHARS * 2);
                if ui.selectable_label(false, label).clicked() {
                    chosen = Some(*template);
                }
            }
        });
    chosen
}

/// Label of a template's button, independent of the ticket so that nothing moves while it is typed.
fn label(template: &str) -> String {
    clean(&fill(template, ""), LABEL_CHARS).into_owned()
}

/// Inserts a template's text in place of another template's, else after the typed text.
fn put(
    comment: &mut String,
    from_template: &mut Option<(String, String)>,
    template: &str,
    ticket: &str,
) {
    let text = fill(template, ticket);
    let is_templates = from_template
        .as_ref()
        .is_some_and(|(_, from)| from == comment);
    if comment.trim().is_empty() || is_templates {
        comment.clone_from(&text);
        *from_template = Some((template.to_owned(), text));
        return;
    }
    if comment.ends_with(&text) {
        return;
    }
    let typed = comment.trim_end().len();
    comment.truncate(typed);
    comment.push(' ');
    comment.push_str(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_is_offered_only_for_its_actions() {
        let takes = Change::Sets(crate::action::Condition::Isolated);
        let gives = Change::Clears(crate::action::Condition::Restricted);
        for (template, taking, giving, neither) in [
            ("beacon", Some("beacon"), Some("beacon"), Some("beacon")),
            ("[contain] beacon", Some("beacon"), None, None),
            (" [release]clean again", None, Some("clean again"), None),
            (
                "[other] x",
                Some("[other] x"),
                Some("[other] x"),
                Some("[other] x"),
            ),
        ] {
            assert_eq!(fitting(template, takes), taking, "{template}");
            assert_eq!(fitting(template, gives), giving, "{template}");
            assert_eq!(fitting(template, Change::Nothing), neither, "{template}");
        }
    }

    #[test]
    fn template_replaces_another_but_never_typed_text() {
        let (mut comment, mut from) = (" ".to_owned(), None);
        let mut put = |comment: &mut String, text: &str| put(comment, &mut from, text, "");
        put(&mut comment, "beacon seen");
        assert_eq!(comment, "beacon seen");
        put(&mut comment, "clean again");
        assert_eq!(comment, "clean again");
        comment.push_str(", says Ada ");
        put(&mut comment, "beacon seen");
        assert_eq!(comment, "clean again, says Ada beacon seen");
        put(&mut comment, "beacon seen");
        assert_eq!(comment, "clean again, says Ada beacon seen");
        put(&mut comment, "clean again");
        assert_eq!(comment, "clean again, says Ada beacon seen clean again");
    }
}
