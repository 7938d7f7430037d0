//! Times in exports, and the clock that they come from.

use super::*;

/// The end of an isolation, with the service's time.
fn succeeded(service_time: Option<Timestamp>) -> Record {
    Record::Finished {
        action: an_action(),
        status: MachineActionStatus::Succeeded,
        hresult: HResult(0),
        by: None,
        comment: None,
        service_time,
    }
}

/// The device may have been cut off long before this console read it.
#[test]
fn every_export_prefers_the_service_time_and_names_the_clock() {
    let written = |service_time: Option<Timestamp>, format: Format| {
        let mut journal = Journal::in_memory().expect("memory");
        let isolate = orders().remove(0);
        let entry = isolate.entry;
        let end = (entry, succeeded(service_time));
        let records = [intended(isolate), (entry, Record::Sent), end];
        let at = time("2026-11-28T00:15:00Z");
        journal.append(at, &records).expect("appended");
        super::written(&journal, format)
    };
    let reported = Some(time("2026-11-27T23:12:43.5Z"));
    let sheet = written(reported, Format::Markdown);
    let since = "**Isolated** since 2026-11-27 23:12:43 +00:00 (2026-11-27T23:12:43Z), 3 h ago, by Defender's clock";
    assert!(sheet.contains(since), "{sheet}");
    let sheet = written(None, Format::Markdown);
    let since = "**Isolated** since 2026-11-28 00:15:00 +00:00 (2026-11-28T00:15:00Z), 1 h ago, by this computer's clock";
    assert!(sheet.contains(since), "{sheet}");
    for (service_time, since, by) in [
        (reported, "2026-11-27T23:12:43Z", "Defender's clock"),
        (None, "2026-11-28T00:15:00Z", "this computer's clock"),
    ] {
        let text = written(service_time, Format::Csv);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row: std::collections::BTreeMap<String, String> = reader
            .deserialize()
            .next()
            .expect("one row")
            .expect("readable");
        assert_eq!((&*row["since"], &*row["since by"]), (since, by));
        let json: serde_json::Value =
            serde_json::from_str(&written(service_time, Format::Json)).expect("JSON");
        let row = &json["entries"][0];
        assert_eq!(
            (&row["since"], &row["since by"]),
            (&since.into(), &by.into())
        );
        let data = &row["records"][2]["data"];
        assert_eq!(
            data.get("serviceTime").is_some(),
            service_time.is_some(),
            "{data}"
        );
    }
}

/// A file may contain any time.
#[test]
fn extreme_times_can_be_exported() {
    for at in [Timestamp::MIN, Timestamp::MAX] {
        let mut journal = Journal::in_memory().expect("memory");
        let (entry, begun) = intended(orders().remove(0));
        let records = [(entry, begun), (entry, Record::Sent)];
        journal.append(at, &records).expect("appended");
        for more in [None, Some(succeeded(Some(at)))] {
            let more: Vec<_> = more.into_iter().map(|record| (entry, record)).collect();
            journal.append(at, &more).expect("appended");
            for format in [Format::Csv, Format::Json, Format::Markdown] {
                let text = written(&journal, format);
                assert!(text.contains("9999"), "{text}");
            }
        }
    }
}
