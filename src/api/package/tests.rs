use super::*;

#[test]
fn recorded_link_is_parsed_and_never_printed() {
    let samples: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/download_uris.json"))
            .expect("JSON");
    let body = samples["GET /api/machineactions/{id}/GetPackageUri"].to_string();
    let text = link_text(body.as_bytes()).expect("a link");
    assert!(text.starts_with("\"https://userrequests-us."), "{text}");
    let url = Url::parse(text.trim_matches('"')).expect("an address");
    assert_eq!(format!("{:?}", PackageLink(url)), "PackageLink(…)");
    assert_eq!(link_text(b"{}"), Err(Unreadable::WrongShape));
    assert_eq!(link_text(b"{\"value\":7}"), Err(Unreadable::WrongShape));
    assert_eq!(link_text(b""), Err(Unreadable::Empty));
    assert_eq!(link_text(b"<html>"), Err(Unreadable::Html));
}

#[test]
fn content_range_gives_start_end_and_total() {
    assert_eq!(range_of("bytes 100-199/200"), Some((100, 200, Some(200))));
    assert_eq!(range_of("bytes 100-199/*"), Some((100, 200, None)));
    for bad in [
        "",
        "bytes */200",
        "items 1-2/3",
        "bytes 1",
        "bytes a-b/3",
        "bytes 3-2/9",
        "bytes 1-2/many",
        "bytes 0-18446744073709551615/*",
    ] {
        assert_eq!(range_of(bad), None, "{bad}");
    }
}

/// Only the storage's description of the part counts.
#[test]
fn part_must_continue_the_partial_download() {
    let judged = |known: Option<u64>, range: &str, len: Option<u64>, version: &str| {
        let mut received = Received {
            bytes: 100,
            total: known,
            version: Some("\"1\"".into()),
        };
        let head = Head {
            range: Some(range.into()),
            len,
            version: Some(version.into()),
            ..Head::default()
        };
        let end = check_rest(&head, &mut received).ok()?;
        Some((end, received.total))
    };
    let same = "\"1\"";
    for (known, range, len, continues) in [
        (
            Some(200),
            "bytes 100-199/200",
            Some(100),
            Some((200, Some(200))),
        ),
        (Some(200), "bytes 100-199/*", None, Some((200, Some(200)))),
        // An unknown total is taken from the response.
        (None, "bytes 100-199/200", None, Some((200, Some(200)))),
        (None, "bytes 100-199/*", None, Some((200, None))),
        (
            Some(200),
            "bytes 100-149/200",
            Some(50),
            Some((150, Some(200))),
        ),
        (Some(200), "bytes 100-200/*", None, None),
        (None, "bytes 100-200/200", None, None),
        (Some(200), "bytes 100-199/201", None, None),
        (Some(200), "bytes 99-199/200", None, None),
        (Some(200), "bytes 100-199/200", Some(99), None),
    ] {
        assert_eq!(
            judged(known, range, len, same),
            continues,
            "{known:?} {range}"
        );
    }
    assert_eq!(judged(None, "bytes 100-199/200", None, "\"2\""), None);
}
