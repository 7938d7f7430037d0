//! One test for each parser.

use std::path::Path;
use std::sync::{Arc, Mutex};

use cordon::action::{ActionKind, Draft, Subject};
use cordon::api::arbitrary;
use cordon::auth::{HttpResponse, SendRequest, Session, TokenStore, WantedClaims};
use cordon::journal::{Author, Format, Journal, Moment, Record, export};
use cordon::model::{Endpoints, EntryId, MachineId, MachineRef, Mode};
use cordon::settings::{self, Settings};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{ANSWER, TOML, cases, throw, throw_cases};

fn texts(samples: &[&str]) -> Vec<Vec<u8>> {
    samples
        .iter()
        .map(|sample| sample.as_bytes().to_vec())
        .collect()
}

fn endpoints() -> Endpoints {
    Endpoints::stand_in("http://127.0.0.1:8080", "t1", "c1").expect("a loopback address")
}

/// A list parser, which must not return more items than there are bytes.
fn throw_list(list: &str, count: fn(&[u8]) -> usize, samples: &[&str]) {
    throw(list, ANSWER, &texts(samples), |bytes| {
        assert!(count(bytes) <= bytes.len());
    });
}

#[test]
fn machines() {
    let samples = [
        include_str!("../fixtures/machines_list_docs.json"),
        include_str!("../fixtures/machines_edge_cases_constructed.json"),
        include_str!("../fixtures/machine_get_real.json"),
        r#"{"value":[{"id":"1e5bc9d7e413ddd7902c2932e418702b84d0cc07"}]}"#,
    ];
    throw_list("machines", arbitrary::machines, &samples);
}

#[test]
fn machine_actions() {
    let samples = [
        include_str!("../fixtures/machineactions_list_docs.json"),
        include_str!("../fixtures/machineactions_list_real.json"),
        include_str!("../fixtures/machineaction_get_docs.json"),
    ];
    throw_list("machine actions", arbitrary::machine_actions, &samples);
}

#[test]
fn file_facts() {
    let samples = [
        include_str!("../fixtures/files.json"),
        r#"{"sha1":"6532ec91d513acc05f43ee0aa3002599729fd3e1","sha256":null,"size":391680,"signer":"Acme","isValidCertificate":true,"globalFirstObserved":"2018-05-07T14:05:18.4401316Z"}"#,
        r#"{"orgPrevalence":"3","organizationPrevalence":3,"orgFirstSeen":"2018-05-07T14:05:18Z","topFileNames":["a.exe","b.exe"]}"#,
    ];
    throw_list("file facts", arbitrary::file_facts, &samples);
}

#[test]
fn logged_on_users() {
    let samples = [
        include_str!("../fixtures/logonusers.json"),
        r#"{"value":[{"id":"contoso\\p.marsh","lastSeen":"2025-04-02T02:51:16Z","logonTypes":"Interactive","isDomainAdmin":true}]}"#,
    ];
    throw_list("logged-on users", arbitrary::logged_on_users, &samples);
}

#[test]
fn alerts() {
    let alert = include_str!("../fixtures/alert_docs.json");
    let list = format!(r#"{{"value":[{alert}]}}"#);
    let samples = [
        &*list,
        r#"{"value":[{"id":"da1_2","title":"x","severity":"High","status":"New","category":"null","alertCreationTime":"2021-01-26T20:33:57.7220239Z"}]}"#,
    ];
    throw_list("alerts", arbitrary::alerts, &samples);
}

#[test]
fn available_actions() {
    let samples = [
        include_str!("../fixtures/available_machine_actions_real.json"),
        r#"{"value":[{"action":"FullIsolation","isAvailable":false,"notSupportedReason":"OsPlatformNotSupported"}]}"#,
    ];
    throw_list("available actions", arbitrary::available_actions, &samples);
}

#[test]
fn errors() {
    let samples = texts(&[
        include_str!("../fixtures/errors.json"),
        r#"{"error":{"code":"ResourceNotFound","message":"Machine 1 was not found","target":"43f4cb08-8fac-4b65-9db1-745c2ae65f3a"}}"#,
        "<html><body>502 Bad Gateway</body></html>",
    ]);
    throw("errors", ANSWER, &samples, |bytes| {
        // Truncated, with possibly every character escaped.
        assert!(arbitrary::refusal(bytes) <= 400 * 12);
    });
}

#[test]
fn retry_after() {
    let samples = texts(&[
        "26",
        "0",
        "86400",
        "-5",
        "soon",
        "Tue, 14 Nov 2023 22:13:50 GMT",
    ]);
    throw("Retry-After", ANSWER, &samples, |bytes| {
        let pause = arbitrary::retry_after(&String::from_utf8_lossy(bytes));
        assert!((1..=300).contains(&pause));
    });
}

#[test]
fn next_link() {
    let endpoints = endpoints();
    let samples = texts(&[
        "http://127.0.0.1:8080/api/machines?$top=10000&$skip=10000",
        "?$skip=5",
        "?=onboardingstatus eq 'x'&=10000&$skip=10000",
        "https://api-us3.securitycenter.microsoft.com/api/machines?$skip=1",
        "//evil.example/api/machines?$skip=1",
    ]);
    throw("nextLink", ANSWER, &samples, |bytes| {
        // Our token goes to our own host only, whatever the link.
        let link = arbitrary::next_link(&endpoints, &String::from_utf8_lossy(bytes));
        if let Some(url) = link {
            let ours = (url.scheme(), url.host_str(), url.port());
            assert_eq!(ours, ("http", Some("127.0.0.1"), Some(8080)), "{url}");
            assert!(
                url.username().is_empty() && url.password().is_none(),
                "{url}"
            );
        }
    });
}

#[test]
fn www_authenticate() {
    let samples = texts(&[
        r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/v2.0/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19""#,
        r#"PoP nonce="x" Bearer error=insufficient_claims claims=e30"#,
        "Negotiate, Basic realm=\"a\\\"b\"",
    ]);
    throw("WWW-Authenticate", ANSWER, &samples, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let wanted = WantedClaims::asked_for_by([&*text, "Bearer"]);
        // A repeated header changes nothing.
        assert_eq!(wanted, WantedClaims::asked_for_by([&*text, &*text]));
    });
}

#[test]
fn token_answers() {
    let device = r#"{"user_code":"B7XQK4M2R","device_code":"dc","expires_in":"900","verification_uri":"https://microsoft.com/devicelogin","interval":5}"#;
    let samples = texts(&[
        device,
        r#"{"token_type":"Bearer","scope":"https://x/Machine.Read","expires_in":4287,"access_token":"a.e30.b","refresh_token":"r","id_token":"a.eyJ0aWQiOiJ0MSIsIm9pZCI6Im8iLCJhdWQiOiJjMSJ9.b","client_info":"eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ"}"#,
        r#"{"error":"invalid_grant","suberror":"bad_token","error_description":"AADSTS50173: x","error_codes":[50173],"correlation_id":"c","claims":"{}"}"#,
        r#"{"error":"slow_down","interval":"7"}"#,
    ]);
    // The clock of the protocol is paused and jumps, so that no interval is waited for.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let next: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let script = Arc::clone(&next);
    let http: SendRequest = Arc::new(move |_| {
        // The case once, and then an end.
        let body = script.lock().expect("whole").pop();
        let body = body.unwrap_or_else(|| br#"{"error":"expired_token"}"#.to_vec());
        Box::pin(async move { Ok(HttpResponse::new(body)) })
    });
    throw("token answers", ANSWER, &samples, |bytes| {
        let session = Session::new(
            &endpoints(),
            Mode::StandIn,
            Arc::clone(&http),
            TokenStore::memory(),
            Arc::new(|| Timestamp::UNIX_EPOCH),
        );
        runtime.block_on(async {
            *next.lock().expect("whole") = vec![bytes.to_vec()];
            drop(session.begin().await);
            *next.lock().expect("whole") = vec![bytes.to_vec(), device.as_bytes().to_vec()];
            if let Ok(flow) = session.begin().await
                && let Ok(pending) = session.finish(flow).await
                && session.complete_sign_in(pending).is_ok()
            {
                assert!(session.signed_in().is_some());
            }
        });
    });
}

#[test]
fn settings_file() {
    let samples = texts(&[
        settings::EXAMPLE,
        "[profile.contoso]\ncloud = 'GCC'\n[[profile]]\nx = 1979-05-27T07:32:00Z\n",
        "a = [[[[{b.c = 1}]]]]",
    ]);
    throw("settings", TOML, &samples, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let folder = Path::new("");
        if let Ok(read) = Settings::parse(&text, Path::new("s.toml"))
            && let Ok(Some(profile)) = read.choose(folder, None)
        {
            assert_eq!(profile.registration.client_id.as_str().len(), 36);
        }
    });
}

/// A journal of six orders with a few records each.
fn a_journal(path: &Path) {
    let mut journal = Journal::open(path).expect("opened");
    for &kind in ActionKind::ALL {
        let machine = MachineRef {
            id: MachineId::parse("1e5bc9d7e413ddd7902c2932e418702b84d0cc07").expect("an id"),
            dns_name: Some("FIN-LT-042".into()),
        };
        let entry = EntryId::random().expect("random bytes");
        let mut draft = Draft::new(entry, machine, Subject::Act(kind));
        draft.comment = "alert 1234".into();
        draft.fill_examples();
        let author = Author {
            mode: "DEMO".into(),
            tenant: "t".into(),
            object_id: "o".into(),
            account: "jane@contoso.com".into(),
        };
        let order = draft.parse().expect("complete");
        let records = [
            Record::Intended { author, order },
            Record::Sent,
            Record::Unknown {
                why: "reset".into(),
            },
            Record::NotFound,
        ];
        let batch = records.map(|record| (entry, record));
        journal
            .append(Timestamp::UNIX_EPOCH, &batch)
            .expect("written");
    }
}

#[test]
fn journal_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.sqlite");
    a_journal(&whole);
    let sample = std::fs::read(&whole).expect("read");
    assert!(sample.len() > 4096, "it was written back from its log");
    let path = folder.path().join("damaged.sqlite");
    let mut refused = 0_u64;
    let moment = Moment {
        now: Timestamp::UNIX_EPOCH,
        service_ahead: jiff::SignedDuration::ZERO,
        zone: &TimeZone::UTC,
        since: None,
        others: None,
        ticket: None,
        all: None,
        aftermath: None,
    };
    // Each case is written to the disk and read back.
    throw_cases(cases() / 10, "journal file", ANSWER, &[sample], |bytes| {
        std::fs::write(&path, bytes).expect("written");
        match Journal::open_read_only(&path).and_then(|j| Ok((j.entries()?, j.checkpoint()))) {
            Ok((entries, verified)) => {
                for format in [Format::Json, Format::Markdown] {
                    assert!(!export(&entries, &verified, format, &moment).is_empty());
                }
            }
            Err(_damage) => refused += 1,
        }
        assert_eq!(
            std::fs::read(&path).expect("still there"),
            bytes,
            "left as it was"
        );
    });
    assert!(refused > 0, "damage is noticed");
}
