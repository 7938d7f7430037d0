//! What the journal says is still open, for a person who is not signed in: orders that wait to be sent,
//! and orders that Defender had not carried out when they were last looked at.

use std::collections::BTreeMap;

use egui::Ui;

use crate::journal::{Author, Entry, OrderStatus};
use crate::message::Command;
use crate::model::{EntryId, clean};
use crate::ui::Cx;
use crate::ui::theme::Role;
use crate::ui::widgets::{ActionButton, Icon, badge};
use crate::ui::words::ago;

/// Devices named in one line.
const MAX_NAMES: usize = 4;

/// Shows both.
pub fn open_work_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    pending_ui(ui, cx);
    unsent_ui(ui, cx);
}

/// What has left and had not ended when it was last looked at.
pub fn pending_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let mut kinds: BTreeMap<(&str, bool), Vec<&Entry>> = BTreeMap::new();
    for entry in cx.state.open_entries() {
        let status = entry.status();
        if matches!(status, OrderStatus::Waiting | OrderStatus::Held { .. }) {
            continue;
        }
        let is_unknown = !matches!(status, OrderStatus::Accepted { .. });
        let noun = entry.order.task.noun();
        kinds.entry((noun, is_unknown)).or_default().push(entry);
    }
    for ((noun, is_unknown), entries) in kinds {
        let last = entries.iter().map(|e| e.status_since()).max();
        let what = if is_unknown {
            "with unknown outcome"
        } else {
            "still pending"
        };
        let mut words = format!(
            "{} {what}: {}",
            counted(entries.len(), noun),
            names(&entries)
        );
        if let Some(at) = last {
            words.push_str(", last checked ");
            words.push_str(&ago(at, cx.now));
        }
        let (icon, role) = if is_unknown {
            (Icon::Unknown, Role::Unknown)
        } else {
            (Icon::Waiting, Role::Caution)
        };
        badge(ui, icon, role, &words);
    }
}

/// Orders that wait to be sent, each in the name of its author; they can be withdrawn.
pub fn unsent_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let mut authors: Vec<(&Author, Vec<EntryId>)> = Vec::new();
    for entry in cx.state.waiting() {
        let known = authors.iter_mut().find(|(author, _)| {
            author.object_id == entry.author.object_id && author.tenant == entry.author.tenant
        });
        match known {
            Some((_, entries)) => entries.push(entry.id()),
            None => authors.push((&entry.author, vec![entry.id()])),
        }
    }
    let account = cx.state.session.account();
    if cx.state.session.is_signed_in() {
        // Its own leave by themselves, and stand in the list.
        authors.retain(|(author, _)| account.is_none_or(|account| !author.is(account)));
    }
    let mut withdrawn = Vec::new();
    for (author, entries) in authors {
        let is_theirs = account.is_some_and(|account| author.is(account));
        let words = unsent_words(entries.len(), &who(author), is_theirs);
        let button = match entries.len() {
            1 => ActionButton::new("Withdraw it"),
            _ => ActionButton::new("Withdraw them"),
        };
        if ui
            .add(button.hint("Takes back what has not been sent"))
            .clicked()
        {
            withdrawn = entries;
        }
        badge(ui, Icon::Waiting, Role::Caution, &words);
    }
    cx.out
        .work
        .extend(withdrawn.into_iter().map(Command::Withdraw));
}

fn unsent_words(count: usize, who: &str, is_theirs: bool) -> String {
    let (actions, was, it) = match count {
        1 => ("1 action".to_owned(), "was", "it"),
        count => (format!("{count} actions"), "were", "them"),
    };
    if is_theirs {
        format!("{actions} not sent yet: will be sent when you sign in again as {who}")
    } else {
        format!(
            "{actions} not sent: {it} {was} ordered as {who}. Sign in as {who}, or withdraw {it}"
        )
        .replace("them were", "they were")
    }
}

/// The account alone; where it signed in stands in the strip.
fn who(author: &Author) -> String {
    let label = author.account.split(" at ").next().unwrap_or_default();
    clean(label, 80).into_owned()
}

/// Their devices, in a line.
pub fn names(entries: &[&Entry]) -> String {
    let mut names: Vec<String> = entries
        .iter()
        .take(MAX_NAMES)
        .map(|entry| entry.order.machine.quoted_name())
        .collect();
    if entries.len() > MAX_NAMES {
        names.push(format!("{} more", entries.len() - MAX_NAMES));
    }
    names.join(", ")
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use crate::ui::activity::open_work::*;

    #[test]
    fn whose_it_is_and_what_helps_is_said() {
        assert_eq!(
            unsent_words(1, "alice@contoso.com", false),
            "1 action not sent: it was ordered as alice@contoso.com. Sign in as alice@contoso.com, or withdraw it"
        );
        assert_eq!(
            unsent_words(2, "a@b", false),
            "2 actions not sent: they were ordered as a@b. Sign in as a@b, or withdraw them"
        );
        assert_eq!(
            unsent_words(1, "a@b", true),
            "1 action not sent yet: will be sent when you sign in again as a@b"
        );
    }
}
