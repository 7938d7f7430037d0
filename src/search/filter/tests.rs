//! Matches of a search.

use proptest::prelude::*;

use super::*;
use crate::model::{HealthStatus, MachineRef, odd_text as any_odd_text, search_text};

const ID: &str = "1e5bc9d7e413ddd7902c2932e418702b84d09c07";

fn machine(name: &str) -> Machine {
    let mut machine = Machine::bare(MachineId::parse(ID).expect("a literal id"));
    machine.computer_dns_name = Some(name.into());
    machine.os_platform = Some("Windows11".into());
    machine.health_status = HealthStatus::Inactive;
    machine.risk_score = Some(RiskScore::High);
    machine.exposure_level = Some(ExposureLevel::Medium);
    machine.device_value = Some("Normal".into());
    machine.version = Some("23H2".into());
    machine.rbac_group_name = Some("Finance laptops".into());
    machine.machine_tags = Some(["vip".into(), "Red Team".into()].into());
    machine.aad_device_id = Some("80fe8ff8-2624-418e-9591-41f0491218f9".into());
    machine.last_ip_address = "10.20.4.17".parse().ok();
    machine.adapters.ip_addresses = ["fe80::1".parse().expect("a literal address")].into();
    machine
}

fn is_found(search: &str, machine: &Machine) -> bool {
    let filter = Filter::parse(search);
    let odd = search_text(machine);
    let signature = BigramSignature::of(machine, odd.as_deref());
    filter.matches(
        machine,
        &signature,
        || odd.as_deref(),
        |_| DeviceState::default(),
    )
}

fn finds(search: &str) -> bool {
    is_found(search, &machine("FIN-LT-042.contoso.com"))
}

#[test]
fn all_words_must_match_in_any_field_and_case() {
    for search in [
        "",
        "  ",
        "fin-lt",
        "CONTOSO",
        "fin 042",
        "vip",
        "\"red team\"",
        "windows11",
        "finance",
        "9c07",
        "80FE8FF8",
        "10.20.4",
        "10.20.4.17",
        "FE80:0::1",
        "vip 10.20 laptops",
    ] {
        assert!(finds(search), "{search:?}");
    }
    for search in [
        "fin 043",
        "10.20.4.1",
        "10.20.4.170",
        "jane.doe",
        "\"team red\"",
        "ü",
    ] {
        assert!(!finds(search), "{search:?}");
    }
}

#[test]
fn a_field_term_matches_only_its_field() {
    for search in [
        "health:inactive",
        "risk:high",
        "os:windows",
        "tag:VIP",
        "tag:\"red team\"",
        "group:finance",
        "name:042",
        "ip:10.20.",
        "ip:10.20.4.17",
        "id:9c07",
        "ID:80fe",
        "name:",
        "state:unknown",
        "exposure:medium",
        "value:normal",
        "version:23h2",
        "entra:80fe",
    ] {
        assert!(finds(search), "{search:?}");
    }
    for search in [
        "health:active",
        "risk:low",
        "name:vip",
        "tag:fin",
        "state:isolated",
        "exposure:high",
        "value:high",
        "version:11",
        "entra:9c07",
        "\"tag:vip\"",
    ] {
        assert!(!finds(search), "{search:?}");
    }
}

#[test]
fn a_word_after_a_hyphen_is_excluded() {
    for search in [
        "-hr",
        "fin -health:active",
        "fin -\"team red\"",
        "-tag:\"blue team\"",
        "fin -10.20.4.1",
        "-state:isolated",
        "fin-lt -",
        "fin \"-lt\"",
    ] {
        assert!(finds(search), "{search:?}");
    }
    for search in [
        "-fin",
        "fin -health:inactive",
        "-\"red team\"",
        "-tag:VIP",
        "fin -10.20.4.17",
        "-2",
        "-lt",
        "-9c07",
        &format!("-{ID}"),
    ] {
        assert!(!finds(search), "{search:?}");
    }
    assert!(finds(&format!("{ID} -hr")) && !finds(&format!("{ID} -fin")));
}

#[test]
fn a_pasted_id_matches_its_device() {
    for search in [
        format!("INC-1: device {} is talking to 8.8.8.8", ID.to_uppercase()),
        format!("id={ID}"),
    ] {
        assert!(finds(&search), "{search:?}");
    }
}

#[test]
fn a_hash_that_is_no_device_id_is_ignored_in_a_line() {
    let line = format!("INC-1 beacon from FIN-LT-042 sha1 {}", "3".repeat(40));
    let filter = Filter::parse(&line);
    assert!(!is_found(&line, &machine("FIN-LT-042")), "by its terms");
    assert!(filter.pasted().is_some_and(|found| !found.is_nothing()));
    assert_eq!(Filter::parse(&"3".repeat(40)).pasted(), None, "an id alone");
}

#[test]
fn non_ascii_letters_are_folded() {
    let machine = machine("BÜRO-ÄPFEL");
    assert!(is_found("büro", &machine) && is_found("äpfel", &machine));
    assert!(!is_found("birne ä", &machine));
}

proptest! {
    #[test]
    fn an_excluded_word_matches_the_complement(name in any_odd_text(), word in any_odd_text()) {
        let device = machine(&name);
        let word = word.replace('"', "");
        prop_assume!(!normal(&word).is_empty());
        for field in ["", "name:", "health:", "tag:", "ip:", "state:"] {
            let (wanted, excluded) = (format!("{field}\"{word}\""), format!("-{field}\"{word}\""));
            prop_assert_eq!(is_found(&wanted, &device), !is_found(&excluded, &device), "{}", excluded);
        }
    }

    #[test]
    fn a_device_is_found_by_every_text_of_its_row(name in any_odd_text(), tag in any_odd_text()) {
        let mut device = machine(&name);
        device.machine_tags = Some([tag.as_str().into()].into());
        for text in [&name, &tag] {
            for shown in [clean(text, 64).into_owned(), text.clone()] {
                let search = format!("\"{}\"", shown.replace('"', "\" \""));
                prop_assert!(is_found(&search, &device), "{search:?}");
            }
        }
        // A device without a name shows a note instead, and is found by the end of its id.
        let shown = MachineRef::name_and_tail(&device.reference()).replace('"', " ");
        let shown = shown.replace("unnamed device", "");
        // A word with a leading hyphen needs quotation marks.
        let quoted = |word: &str| if word.starts_with('-') { format!("\"{word}\"") } else { word.to_owned() };
        let search = shown.split_whitespace().map(quoted).collect::<Vec<_>>().join(" ");
        prop_assert!(is_found(&search, &device), "{search:?}");
    }
}

#[test]
fn a_name_is_found_in_any_spelling_and_within_other_text() {
    let device = machine("FIN-LT-042.contoso.com");
    for search in [
        "FIN-LT-042$",
        "fin-lt-042,",
        "fin-lt-042;",
        "(FIN-LT-042)",
        "[fin-lt-042]",
        "“FIN-LT-042”",
        "‘FIN-LT-042’",
        "«FIN-LT-042»",
        "<fin-lt-042>",
        "\u{feff}FIN-LT-042",
        "FIN-LT-042\u{200b}",
        "FIN\u{200b}-LT-042",
        "FIN\u{2011}LT\u{2010}042",
        "FIN\u{2013}LT\u{2212}042",
        "\u{a0}FIN-LT-042\u{a0}",
        "ＦＩＮ-LT-042",
        "“FIN-LT-042” (…9c07)",
    ] {
        assert!(is_found(search, &device), "{search:?}");
    }
    let odd = machine("SRV\u{200b}-09");
    for search in ["srv-09", "SRV\u{200b}-09", "SRV\\u{200b}-09"] {
        assert!(is_found(search, &odd), "{search:?}");
    }
    let mac = machine("Jane\u{2019}s  Bu\u{308}ro");
    for search in [
        "jane's",
        "jane’s büro",
        "\"s büro\"",
        "BÜRO",
        "tag:VIP",
        "name:büro",
    ] {
        assert!(is_found(search, &mac), "{search:?}");
    }
    assert!(!is_found("tag:büro", &mac) && !is_found("name:vip", &mac));
    let mut unusual = machine("x");
    unusual.id = MachineId::parse("Dev_01:zz@k").expect("a valid id");
    assert!(is_found("dev_01", &unusual) && is_found("(…zz@k)", &unusual));
    assert!(!is_found("dev_02", &unusual));
    let long = machine(&"a".repeat(90));
    assert!(is_found(&format!("{}…", "a".repeat(64)), &long));
}

#[test]
fn a_mac_address_is_found_in_any_spelling_and_while_it_is_typed() {
    let mut device = machine("FIN-LT-042");
    device.adapters.mac_addresses = [MacAddress::parse("005E0053AF01").expect("an address")].into();
    for search in [
        "00-5E-00-53-AF-01",
        "00:5e:00:53:af:01",
        "005e.0053.af01",
        "005E0053AF01",
        "00:5e:00",
        "00-5e-00-5",
        "005e0053",
        "mac:00-5e-00",
        "00-5E-00-53-AF-01,",
        "00‑5E‑00‑53‑AF‑01",
    ] {
        assert!(is_found(search, &device), "{search:?}");
    }
    for search in ["00-5E-00-53-AF-02", "00:5f:00", "mac:fin", "ip:005e0053"] {
        assert!(!is_found(search, &device), "{search:?}");
    }
}

#[test]
fn a_longer_search_narrows_only_if_its_matches_are_a_subset() {
    let narrows = |before: &str, now: &str| Filter::parse(now).narrows(before, now);
    assert!(narrows("vi", "vie") && narrows("vie", "vie-lt") && narrows("vie", "vie x"));
    assert!(!narrows("web -1", "web -10"), "leaves out less");
    assert!(!narrows("web -", "web -1"), "no longer a hyphen");
    assert!(!narrows("u", "u\u{308}"), "another letter");
    assert!(!narrows("00-5e-0", "00-5e-00"), "now an address");
}

/// The prefilter changes no result: a plain word matches exactly the texts that contain it.
#[test]
fn signatures_never_change_the_result() {
    let machine = machine("FIN-LT-042.contoso.com");
    let texts = [
        "fin-lt-042.contoso.com",
        "windows11",
        "finance laptops",
        "vip",
        "red team",
        ID,
        "80fe8ff8-2624-418e-9591-41f0491218f9",
        "10.20.4.17",
        "fe80::1",
    ];
    let alphabet: Vec<char> = "abcdefghijklmnopqrstuvwxyz0123456789.-_+é"
        .chars()
        .collect();
    let mut words: Vec<String> = alphabet.iter().map(ToString::to_string).collect();
    for one in &alphabet {
        words.extend(alphabet.iter().map(|other| format!("{one}{other}")));
    }
    let (mut found, mut missed) = (0, 0);
    for word in words {
        let expected = texts.iter().any(|text| text.contains(&word));
        // Quoted, as a leading hyphen would exclude it.
        let search = format!("\"{word}\"");
        assert_eq!(is_found(&search, &machine), expected, "{word:?}");
        *if expected { &mut found } else { &mut missed } += 1;
    }
    assert!(found > 100 && missed > 1_000, "{found} {missed}");
}

#[test]
fn unknown_search_field_is_reported_and_other_colons_are_not() {
    let trouble = |text: &str| field_trouble(text).unwrap_or_default();
    assert!(trouble("web -colour:red").starts_with("“colour” is not a field"));
    assert!(
        trouble("web colour:red").starts_with("“colour” is not a field: name, id, ip, mac, health")
    );
    assert!(trouble("Colour:").starts_with("“Colour” is not a field"));
    for person in ["user:jane", "account:jane@contoso.com", "UPN:jane"] {
        assert_eq!(
            field_trouble(person),
            None,
            "{person}: the service is asked"
        );
    }
    for fine in [
        "health:active",
        "OS:windows",
        "fin-lt-042",
        "10.20.4.17:443",
        "fe80::1",
        "http://example.com",
        "C:\\Windows\\system32",
        "path:\\share",
        "12:30",
        "localhost:8080",
        "aa:bb:cc:dd:ee:ff",
        "\"colour:red\"",
        ":",
    ] {
        assert_eq!(field_trouble(fine), None, "{fine}");
    }
}

/// An address in one of the notations in use.
fn spelt(ip: IpAddr, spelling: u8) -> String {
    match (ip, spelling % 4) {
        (IpAddr::V4(ip), 1) => ip.to_ipv6_mapped().to_string(),
        (IpAddr::V4(ip), 2) => {
            let [.., one, other] = ip.to_ipv6_mapped().segments();
            format!("::FFFF:{one:x}:{other:X}")
        }
        (IpAddr::V6(ip), 1) => format!("{ip}").to_uppercase(),
        (IpAddr::V6(ip), 2) => ip.segments().map(|part| format!("{part:04x}")).join(":"),
        (ip, _) => ip.to_string(),
    }
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    let v4 = any::<[u8; 4]>().prop_map(IpAddr::from);
    // With zeros to abbreviate, and IPv4-mapped IPv6 addresses.
    let v6 = proptest::array::uniform8(prop_oneof![Just(0), 0..16_u16, any::<u16>()]);
    let v6 = v6.prop_map(IpAddr::from);
    let mapped = any::<[u8; 4]>()
        .prop_map(|bytes| IpAddr::V6(std::net::Ipv4Addr::from(bytes).to_ipv6_mapped()));
    prop_oneof![v4, v6, mapped]
}

proptest! {
    /// The prefilter rules out no matching address, in any notation of it and of the search.
    #[test]
    fn signatures_rule_out_no_matching_address(
        addresses in proptest::collection::vec(any_address(), 0..5),
        octets in proptest::collection::vec(any::<[u8; 6]>(), 0..3),
        looked_for in any_address(),
        spelling in any::<u8>(),
        range in any::<(u8, u8)>(),
        is_its_own in any::<bool>(),
    ) {
        let mut device = machine("FIN-LT-042.contoso.com");
        let macs = octets.iter().map(|bytes| bytes.map(|byte| format!("{byte:02X}")));
        let macs: Vec<_> = macs.filter_map(|digits| MacAddress::parse(&digits.concat())).collect();
        device.last_external_ip_address = addresses.first().copied();
        device.adapters.ip_addresses = addresses.clone().into();
        device.adapters.mac_addresses = macs.clone().into();
        let signature = BigramSignature::of(&device, None);
        let own = addresses.get(usize::from(range.0) % addresses.len().max(1));
        let ip = own.copied().filter(|_| is_its_own).unwrap_or(looked_for);
        let whole = spelt(ip, spelling);
        let (from, to) = (usize::from(range.0) % whole.len(), usize::from(range.1) % whole.len());
        let mac = macs.first().map(ToString::to_string).unwrap_or_default();
        let words = [whole.clone(), whole[from.min(to)..=from.max(to)].to_owned(), mac.replace('-', ":"), mac];
        for word in words.iter().filter(|word| !word.is_empty()) {
            for field in [Field::Any, Field::Ip, Field::Mac, Field::Name] {
                let term = Term::wanted(field, word);
                let looked = term.matches(&device, None, |_| DeviceState::default());
                let answer = term.answer_by(&signature);
                prop_assert!(answer.is_none_or(|answer| answer == looked), "{field:?} {word}");
            }
        }
    }
}
