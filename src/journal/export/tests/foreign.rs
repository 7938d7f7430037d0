//! Foreign text in every field of every record stays text in each export.

use super::*;
use crate::journal::NotSentReason;
use crate::model::{MachineActionType, MachineId, is_hidden};

/// Texts that a service, an attacker's device or a colleague may write into any field.
pub(super) const TEXTS: [&str; 4] = [
    "x** [evil](https://evil.example) <img src=https://evil.example/b.png>",
    "`evil` ![evil](https://evil.example) *evil*",
    "<script>evil</script> https://evil.example\n\n# evil",
    "evil\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{1b}]0;evil\u{7}",
];

/// One record of each kind, with this text in each free-text field.
fn records(text: &str) -> Vec<Vec<Record>> {
    let action = an_action();
    let accepted = |status| Record::Accepted {
        action: action.clone(),
        status,
    };
    let finished = |status| Record::Finished {
        action: action.clone(),
        status,
        hresult: HResult(0),
        by: Some(text.into()),
        comment: Some(text.into()),
        service_time: None,
    };
    let other = || MachineActionStatus::from_wire(text);
    vec![
        vec![Record::Held { by: action.clone() }],
        vec![Record::NotReread { what: text.into() }],
        vec![Record::AttemptRejected { why: text.into() }],
        vec![Record::NotSent {
            why: NotSentReason::FactsChanged,
            detail: Some(text.into()),
        }],
        vec![accepted(other())],
        vec![
            accepted(MachineActionStatus::Pending),
            Record::Progress { status: other() },
            Record::Redirected {
                machine: MachineId::parse("a1").expect("a literal id"),
            },
        ],
        vec![finished(other())],
        vec![finished(MachineActionStatus::Succeeded)],
        vec![finished(MachineActionStatus::Cancelled)],
        vec![Record::NotOurs {
            action: action.clone(),
            requestor: text.into(),
            created: None,
        }],
        vec![Record::Refused {
            status: 400,
            code: text.into(),
            message: text.into(),
        }],
        vec![Record::Unknown { why: text.into() }],
        vec![Record::Unclear {
            status: None,
            action: Some(action.clone()),
            why: text.into(),
        }],
        vec![Record::ActiveActionsRead { complete: true }],
        vec![
            Record::NotFound,
            Record::Acknowledged {
                status: "NotFound".into(),
                object_id: text.into(),
                account: text.into(),
            },
        ],
    ]
}

/// An isolation and a cancellation for each record, with this text as requestor and device name.
pub(super) fn journal(text: &str) -> (Vec<Entry>, Checkpoint) {
    let mut journal = Journal::in_memory().expect("memory");
    let cancel = Task::Cancel {
        action: an_action(),
        action_type: MachineActionType::from_wire(text),
    };
    for known in records(text) {
        for task in [None, Some(cancel.clone())] {
            let mut order = orders().remove(0);
            order.comment = text.into();
            order.machine.dns_name = Some(text.into());
            order.task = task.unwrap_or(order.task);
            let entry = order.entry;
            let mut author = author();
            author.account = text.into();
            author.tenant = text.into();
            author.mode = text.into();
            let first = [
                (entry, Record::Intended { author, order }),
                (entry, Record::Sent),
            ];
            let known = known.iter().map(|record| (entry, record.clone()));
            let all: Vec<_> = first.into_iter().chain(known).collect();
            let at = second(1_700_000_000);
            journal.append(at, &all).expect("appended");
        }
    }
    read(&journal)
}

#[test]
fn every_field_of_every_record_is_plain_text_on_the_sheet() {
    for text in TEXTS {
        let (entries, verified) = journal(text);
        let sheet = export(&entries, &verified, Format::Markdown, &moment());
        let (_, prose) = read_back(&sheet);
        assert!(!prose.contains("evil"), "{prose}\n{sheet}");
        let headings = sheet.lines().filter(|line| line.starts_with('#'));
        assert_eq!(headings.count(), 5);
    }
}

#[test]
fn no_export_can_control_a_terminal_and_json_keeps_the_text() {
    for text in TEXTS {
        let (entries, verified) = journal(text);
        for format in [Format::Csv, Format::Json, Format::Markdown, Format::Html] {
            let out = export(&entries, &verified, format, &moment());
            let hidden = |c: &char| is_hidden(*c) && !matches!(c, '\r' | '\n');
            let found: String = out.chars().filter(hidden).collect();
            assert_eq!(found, "", "{format:?}");
        }
        let json = export(&entries, &verified, Format::Json, &moment());
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let data = &json["entries"][0]["records"][0]["data"];
        assert!(
            data.to_string().contains(&json!(text).to_string()),
            "{data}"
        );
    }
}
