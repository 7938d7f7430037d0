mod aftermath;
mod foreign;
mod hand_over;
mod html;
mod next_step;
mod service_time;

use super::*;
use crate::action::{ActionKind, Task};
use crate::journal::tests::{append, author, finished, intended, order_of, orders};
use crate::journal::{Journal, Record};
use crate::model::{HResult, MachineActionId, MachineActionStatus};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pulldown_cmark::{Event, Options, Parser, Tag};

static UTC: TimeZone = TimeZone::UTC;

/// An arbitrary action id.
fn an_action() -> MachineActionId {
    MachineActionId::parse("b89eb834-1").expect("an id")
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a literal time")
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a literal time")
}

/// Entries and checkpoint of an intact journal.
fn read(journal: &Journal) -> (Vec<Entry>, Checkpoint) {
    let verified = journal.verify().expect("whole");
    (journal.entries().expect("readable"), verified)
}

fn written(journal: &Journal, format: Format) -> String {
    let (entries, verified) = read(journal);
    export(&entries, &verified, format, &moment())
}

fn sheet(journal: &Journal) -> String {
    written(journal, Format::Markdown)
}

/// A checkpoint, for tests that ignore the chain.
fn whole() -> Checkpoint {
    Checkpoint {
        records: 3,
        last_hash: "00".into(),
    }
}

fn moment() -> Moment<'static> {
    Moment {
        now: time("2026-11-28T02:12:44.123456789Z"),
        service_ahead: SignedDuration::ZERO,
        zone: &UTC,
        since: None,
        others: None,
        ticket: None,
        all: None,
        aftermath: None,
    }
}

#[test]
fn the_hand_over_sheet_lists_pending_releases() {
    use MachineActionStatus::{Failed, InProgress, Succeeded};
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(&folder.path().join("j.sqlite")).expect("opened");
    let mut seconds = 0;
    let mut play = |kind: ActionKind, status: MachineActionStatus| {
        let order = order_of(kind);
        let action = MachineActionId::parse(&format!("b89eb834-{seconds}")).expect("an id");
        let entry = order.entry;
        let end = (entry, finished(action, status));
        let records = [intended(order), (entry, Record::Sent), end];
        seconds += 10;
        journal.append(second(seconds), &records).expect("appended");
        let sheet = sheet(&journal);
        let sections: Vec<_> = sheet.split("\n## ").skip(1).collect();
        let [contained, pending, failed, done] = sections.as_slice() else {
            panic!("{sheet}")
        };
        let rows = |section: &str| section.lines().filter(|l| l.starts_with("- ")).count();
        [*contained, *pending, *failed, *done].map(rows)
    };
    assert_eq!(play(ActionKind::Isolate, Succeeded), [1, 0, 0, 0]);
    assert_eq!(play(ActionKind::Unisolate, Failed), [1, 0, 1, 0]);
    assert_eq!(
        play(ActionKind::RestrictCodeExecution, InProgress),
        [1, 1, 1, 0]
    );
    assert_eq!(play(ActionKind::Unisolate, Succeeded), [0, 1, 1, 2]);
    assert_eq!(play(ActionKind::Isolate, Succeeded), [1, 1, 1, 2]);
}

#[test]
fn an_empty_table_still_has_its_header() {
    let journal = Journal::in_memory().expect("memory");
    let csv = written(&journal, Format::Csv);
    let (begin, end) = (
        "\"entry\",\"mode\",",
        "\"plan\",\"journal records\",\"journal last hash\"\r\n",
    );
    assert!(csv.starts_with(begin) && csv.ends_with(end), "{csv}");
    assert_eq!(csv.lines().count(), 1);
}

#[test]
fn exports_stay_well_formed_with_any_content() {
    let mut journal = Journal::in_memory().expect("memory");
    for order in orders() {
        append(&mut journal, &[intended(order)]);
    }
    let csv = written(&journal, Format::Csv);
    assert_eq!(csv.lines().count(), 1 + orders().len());
    assert!(
        csv.contains("\"'=cmd|' \"\"quoted\"\", alert 1234\"") && csv.contains("FIN\\u{202e}042")
    );
    let json: serde_json::Value =
        serde_json::from_str(&written(&journal, Format::Json)).expect("JSON");
    assert_eq!(json["lastHash"], journal.verify().expect("whole").last_hash);
    assert!(sheet(&journal).contains("## Contained, still to release (0)\n\nNothing"));
}

/// Possible names from a user, a device or the service.
const HOSTILE: [&str; 16] = [
    "pc =HYPERLINK(\"https://evil.example\"):=1^+1~@a\u{fe6b}",
    "![x](https://evil.example/beacon.png)",
    "[Released](https://evil.example)",
    "<img src=https://evil.example/b.png>",
    "<script>alert(1)</script>",
    "**Released**",
    "`code` and ``more`` and ```",
    "`",
    "# Released\n\n- **DC01**: Released",
    "https://evil.example www.evil.example jane@evil.example",
    "| a | b |",
    "a;=HYPERLINK(\"https://evil.example\")",
    "a,\"\t+cmd|' /C calc'!A0",
    "＝1+1",
    "\u{2212}1+1;\u{fe62}1|\u{207a}1",
    "~~gone~~ &lt;b&gt; \\",
];

fn hostile_journal() -> (Vec<Entry>, Checkpoint) {
    let mut journal = Journal::in_memory().expect("memory");
    for text in HOSTILE {
        let mut order = orders().remove(0);
        order.comment = text.into();
        order.machine.dns_name = Some(text.into());
        let entry = order.entry;
        let mut author = author();
        author.account = text.into();
        author.tenant = text.into();
        let refused = Record::Refused {
            status: 400,
            code: text.into(),
            message: text.into(),
        };
        let records = [
            (entry, Record::Intended { author, order }),
            (entry, Record::Sent),
            (entry, refused),
        ];
        let at = second(1_700_000_000);
        journal.append(at, &records).expect("appended");
    }
    read(&journal)
}

#[test]
fn foreign_text_on_the_sheet_is_never_markup() {
    let (entries, verified) = hostile_journal();
    let sheet = export(&entries, &verified, Format::Markdown, &moment());
    let (code, prose) = read_back(&sheet);
    assert!(
        !prose.contains("evil") && !prose.contains("gone"),
        "{prose}"
    );
    for text in HOSTILE {
        assert!(code.contains(clean(text, 64).trim()), "{text:?} in {code}");
    }
    assert_eq!(
        sheet.lines().filter(|line| line.starts_with('#')).count(),
        5
    );
    assert!(!sheet.contains(".123"), "nothing shorter than a second");
    assert!(sheet.contains("- Exported: 2026-11-28 02:12:44 +00:00 (2026-11-28T02:12:44Z)"));
    let count = HOSTILE.len();
    assert!(sheet.contains(&format!(
        "- Actions: {count}: 0 contained, still to release; 0 pending or unknown; {count} failed"
    )));
}

/// The sheet as a Markdown reader sees it: code spans, and all other text.
fn read_back(sheet: &str) -> (String, String) {
    let mut code = String::new();
    let mut prose = String::new();
    for event in Parser::new_ext(sheet, Options::all()) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => panic!("markup: {event:?}\n{sheet}"),
            Event::Code(text) => code += &(text.into_string() + "\n"),
            Event::Text(text) => prose += &text,
            Event::Start(_)
            | Event::End(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    (code, prose)
}

#[test]
fn no_cell_is_a_formula_with_any_separator() {
    let (entries, verified) = hostile_journal();
    let text = export(&entries, &verified, Format::Csv, &moment());
    for separator in [b',', b';', b'\t', b'|', b':', b'^', b'~', b' '] {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut rows = 0;
        for row in reader.records() {
            rows += 1;
            for cell in &row.expect("a row") {
                let begins = cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
                assert!(
                    !begins.starts_with([
                        '=', '+', '-', '@', '＝', '＋', '－', '＠', '−', '﹢', '﹣', '﬩', '⁺',
                        '﹫',
                    ]),
                    "{cell:?} by {:?}",
                    char::from(separator)
                );
            }
            if separator == b',' {
                assert_eq!(row_len(&text), 19);
            }
        }
        assert_eq!(rows, 1 + HOSTILE.len());
    }
}

fn row_len(text: &str) -> usize {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.headers().expect("a head").len()
}

#[test]
fn the_sheet_has_requestor_reason_time_and_next_step() {
    let mut journal = Journal::in_memory().expect("memory");
    let mut orders = orders().into_iter();
    let (isolate, other) = (orders.next().expect("one"), orders.next().expect("two"));
    let action = an_action();
    let (first, second) = (isolate.entry, other.entry);
    let done = finished(action.clone(), MachineActionStatus::Succeeded);
    for (at, records) in [
        (
            "2026-11-28T00:12:44Z",
            vec![intended(isolate), (first, Record::Sent)],
        ),
        ("2026-11-28T00:15:00Z", vec![(first, done)]),
        (
            "2026-11-28T01:00:00Z",
            vec![intended(other), (second, Record::Sent)],
        ),
        (
            "2026-11-28T01:00:01Z",
            vec![(
                second,
                Record::Accepted {
                    action,
                    status: MachineActionStatus::Pending,
                },
            )],
        ),
    ] {
        journal.append(time(at), &records).expect("appended");
    }
    let sheet = sheet(&journal);
    for part in [
        "- Tenant: `t`\n- Account: `jane@contoso.com`\n- Mode: `DEMO`",
        "- Period: 2026-11-28 00:12:44 +00:00 (2026-11-28T00:12:44Z) to 2026-11-28 01:00:01",
        "**Isolated** since 2026-11-28 00:15:00 +00:00 (2026-11-28T00:15:00Z), 1 h ago",
        "Sent with: `IsolationType=Full`",
        "    - Next: “Release device from isolation” once the device is clean",
        "    - Next: Defender waits for the device until 2026-12-01 01:00:00 +00:00",
    ] {
        assert!(sheet.contains(part), "{part}\n{sheet}");
    }
}

#[test]
fn every_export_has_the_request_and_its_action() {
    let mut journal = Journal::in_memory().expect("memory");
    let has_values = |order: &crate::action::Order| !order.task.properties().is_empty();
    let mut facts = vec![];
    for (n, order) in orders().into_iter().filter(has_values).enumerate() {
        for (_, value) in order.task.properties() {
            facts.push(value.as_str().expect("a text").to_owned());
        }
        let action = format!("b89eb834-4578-496c-8be0-03f00406143{n}");
        // An order without a record at the service has no id there.
        let has_id = order.task.record().id_word().is_some();
        facts.extend(has_id.then(|| action.clone()));
        let action = MachineActionId::parse(&action).expect("an id");
        let end = finished(action, MachineActionStatus::Succeeded);
        let entry = order.entry;
        let records = [intended(order), (entry, Record::Sent), (entry, end)];
        append(&mut journal, &records);
    }
    let is_sha1 = |fact: &String| fact.len() == 40;
    assert!(facts.iter().any(is_sha1) && facts.iter().any(|fact| fact == "Full"));
    for format in [Format::Csv, Format::Json, Format::Markdown] {
        let text = written(&journal, format);
        for fact in &facts {
            assert!(text.contains(fact), "{format:?} without {fact}: {text}");
        }
    }
}

/// The sheet of one order with this end, redirected to another record.
fn sheet_of(kind: ActionKind, end: &Record) -> String {
    let mut journal = Journal::in_memory().expect("memory");
    let mut order = order_of(kind);
    order.comment = "INC-4711 beacon".into();
    let entry = order.entry;
    let machine = crate::model::MachineId::parse("b2").expect("a literal id");
    let records = [
        intended(order),
        (entry, Record::Sent),
        (entry, Record::Redirected { machine }),
        (entry, end.clone()),
    ];
    append(&mut journal, &records);
    sheet(&journal)
}

#[test]
fn the_sheet_explains_each_failure_and_its_remedy() {
    const BY_HAND: &str = "    - Next: Not in effect. Request it again now, or cut the device off at the switch and disable the account\n";
    const LOOK: &str =
        "    - Next: Not in effect. Check the device's state, and request it again now\n";
    let refused = Record::Refused {
        status: 403,
        code: "Forbidden".into(),
        message: "no".into(),
    };
    for (kind, next) in [
        (ActionKind::Isolate, BY_HAND),
        (ActionKind::RestrictCodeExecution, BY_HAND),
        (ActionKind::StopAndQuarantineFile, BY_HAND),
        (ActionKind::Unisolate, LOOK),
        (ActionKind::UnrestrictCodeExecution, LOOK),
    ] {
        let sheet = sheet_of(kind, &refused);
        let who = "    - Requested by `jane@contoso.com` at 1970-01-01 00:00:00 +00:00 (1970-01-01T00:00:00Z): `INC-4711 beacon`\n";
        let name = crate::model::clean("FIN\u{202e}042", 40);
        let detail = format!(
            "    - Detail: `ordered for {name} (id 1e5bc9d7e413ddd7902c2932e418702b84d0cc07), redirected by the service; 403 Forbidden no`\n"
        );
        for part in [who, &detail, next] {
            assert!(sheet.contains(part), "{kind:?}: {part}\n{sheet}");
        }
    }
}

#[test]
fn an_order_that_was_not_redirected_has_no_detail() {
    let mut journal = Journal::in_memory().expect("memory");
    let order = orders().remove(0);
    let entry = order.entry;
    let records = [intended(order), (entry, Record::Sent)];
    append(&mut journal, &records);
    let entries = journal.entries().expect("readable");
    assert_eq!(detail(&entries[0], entries[0].status()), "");
    let sheet = sheet(&journal);
    assert!(!sheet.contains("    - Detail"), "{sheet}");
}

#[test]
fn a_formula_after_separator_and_blanks_or_quotes_is_guarded() {
    for (value, field) in [
        ("a; =1", "\"a; '=1\""),
        ("a,\"+1", "\"a,\"\"'+1\""),
        ("a|' \"@x", "\"a|' \"\"'@x\""),
        (" =1", "\" '=1\""),
        ("pc =HYPERLINK(x)", "\"pc '=HYPERLINK(x)\""),
        ("a \"=1", "\"a \"\"'=1\""),
        ("a:=1", "\"a:'=1\""),
        ("a^+1~@b", "\"a^'+1~'@b\""),
        ("a；=1，-1", "\"a；'=1，'-1\""),
        ("\u{fe6b}x", "\"'\u{fe6b}x\""),
        ("a-b", "\"a-b\""),
        ("a - b", "\"a - b\""),
    ] {
        assert_eq!(csv_field(value), field);
    }
}

/// One order sent although some facts could not be read again.
fn not_reread_journal() -> (Vec<Entry>, Checkpoint) {
    let mut journal = Journal::in_memory().expect("memory");
    let mut order = orders().remove(0);
    // A name that reads like our own text.
    order.machine.dns_name = Some("unnamed device (…9c07)".into());
    let entry = order.entry;
    let what = "the device's record and actions, not read yet";
    let records = [
        intended(order),
        (entry, Record::NotReread { what: what.into() }),
        (entry, Record::Sent),
    ];
    append(&mut journal, &records);
    read(&journal)
}

#[test]
fn every_export_says_that_facts_were_not_reread() {
    let (entries, verified) = not_reread_journal();
    let what = "the device's record and actions, not read yet";
    let written = |format| export(&entries, &verified, format, &moment());
    let line = format!("    - Not re-read before sending: `{what}`\n");
    assert!(written(Format::Markdown).contains(&line));
    let json: serde_json::Value = serde_json::from_str(&written(Format::Json)).expect("JSON");
    assert_eq!(json["entries"][0]["not re-read"], what);
    let text = written(Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().expect("a head").clone();
    let column = head.iter().position(|name| name == "not re-read");
    let row = reader.records().next().expect("a row").expect("CSV");
    assert_eq!(&row[column.expect("a column")], what);
    let mut journal = Journal::in_memory().expect("memory");
    append(&mut journal, &[intended(orders().remove(0))]);
    let sheet = sheet(&journal);
    assert!(!sheet.contains("Not re-read"), "everything was reread");
}

#[test]
fn a_name_at_the_start_of_its_row_is_quoted() {
    let (entries, verified) = not_reread_journal();
    let sheet = export(&entries, &verified, Format::Markdown, &moment());
    let row = sheet
        .lines()
        .find(|line| line.contains("Isolate device, **"));
    let named =
        "- `“unnamed device (…9c07)” (…cc07)` (id `1e5bc9d7e413ddd7902c2932e418702b84d0cc07`)";
    assert!(row.expect("a row").starts_with(named), "{row:?}");
}
