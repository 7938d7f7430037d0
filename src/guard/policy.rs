//! The rules of an organisation and of a run.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::model::{
    HealthStatus, Machine, MachineId, MachineRef, clean, host_part, is_outdated, normal,
    normal_name,
};

/// Rules for every order of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Forbids every order. Set by `--read-only`, it cannot be lifted during the run.
    pub read_only: bool,
    /// The age of `lastSeen`, a daily report, above which the device may be off.
    pub silent_after: SignedDuration,
    /// Longest time between confirmation and submission.
    pub approval_life: SignedDuration,
    /// Names of devices whose name has to be typed before a disruptive order.
    pub protected_names: Vec<Pattern>,
    pub protected_tags: Vec<Box<str>>,
    pub protected_ids: Vec<MachineId>,
    /// Address ranges of VPNs and proxies.
    pub vpn_ranges: Vec<IpRange>,
    /// Entra device id of the computer that the console runs on, if known.
    pub own_entra_device_id: Option<Box<str>>,
    /// The maximum number of devices in one confirmation.
    pub max_batch: usize,
    /// Why some of the organisation's rules could not be read. The others are in force, and every disruptive
    /// order requires the device's name to be typed.
    pub unread: Option<Box<str>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            read_only: false,
            silent_after: SignedDuration::from_hours(48),
            approval_life: SignedDuration::from_mins(2),
            protected_names: Vec::new(),
            protected_tags: Vec::new(),
            protected_ids: Vec::new(),
            vpn_ranges: Vec::new(),
            own_entra_device_id: None,
            max_batch: 10,
            unread: None,
        }
    }
}

/// Signs that a device is silent: it is unknown when it will execute an action.
#[derive(Debug, Clone, Copy)]
pub struct Silence<'a> {
    /// The sensor's health, if not active.
    pub health: Option<&'a HealthStatus>,
    /// Time of the last full report, if too long ago to rely on.
    pub last_report: Option<Timestamp>,
}

impl<'a> Silence<'a> {
    /// Signs of silence of this machine at `now`, the service's time.
    #[must_use]
    pub fn of(machine: &'a Machine, policy: &Policy, now: Timestamp) -> Self {
        let health = &machine.health_status;
        let is_old = |at: &Timestamp| is_outdated(*at, now, policy.silent_after);
        Self {
            health: (*health != HealthStatus::Active).then_some(health),
            last_report: machine.last_seen.filter(is_old),
        }
    }
}

/// Whether a device is silent, by the service's clock.
#[must_use]
pub fn is_silent(machine: &Machine, policy: &Policy, now: Timestamp) -> bool {
    let silence = Silence::of(machine, policy, now);
    silence.health.is_some() || silence.last_report.is_some()
}

impl Policy {
    /// The policy in place of rules that could not be read, with the reason.
    #[must_use]
    pub fn unread(why: impl Into<Box<str>>) -> Self {
        Self {
            unread: Some(why.into()),
            ..Self::default()
        }
    }

    /// Whether the organisation has set any rule, or may have.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        let run = Self::default().in_place_of(self);
        run != *self
    }

    /// These rules, replacing `before` during a run. Options that the run was started with stay. If some rules
    /// could not be read, the previous ones are kept as well, with the tighter of the two limits: a typing
    /// error removes no protection.
    #[must_use]
    pub fn in_place_of(mut self, before: &Self) -> Self {
        if self.unread.is_some() {
            add_missing(&mut self.protected_names, &before.protected_names);
            add_missing(&mut self.protected_tags, &before.protected_tags);
            add_missing(&mut self.protected_ids, &before.protected_ids);
            add_missing(&mut self.vpn_ranges, &before.vpn_ranges);
            let own = before.own_entra_device_id.clone();
            self.own_entra_device_id = self.own_entra_device_id.or(own);
            self.max_batch = self.max_batch.min(before.max_batch);
        }
        Self {
            read_only: before.read_only,
            silent_after: before.silent_after,
            approval_life: before.approval_life,
            ..self
        }
    }
}

fn add_missing<T: Clone + PartialEq>(to: &mut Vec<T>, from: &[T]) {
    for entry in from {
        if !to.contains(entry) {
            to.push(entry.clone());
        }
    }
}

/// A device name, in which `*` matches any text. Names are compared in their normal form, short and full both
/// ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    written: Box<str>,
    normal: Box<str>,
}

impl Pattern {
    /// # Errors
    /// The message for its author.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let normal = normal_name(text);
        if is_any(&normal) {
            // It would ask for every device's name, which would then be typed without thinking.
            return Err("is empty, or would protect every device");
        }
        Ok(Self {
            written: text.trim().into(),
            normal: normal.into(),
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether `name` matches: in full, by its host part, or, if it has no domain, with the pattern's.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        self.fits_normal(&normal_name(name))
    }

    /// Whether only its domain part restricts it, so that a device without a reported domain never matches.
    #[must_use]
    pub fn wants_domain(&self) -> bool {
        self.normal.contains('.') && is_any(host_part(&self.normal))
    }

    /// Like [`Self::fits`], for a name in normal form.
    pub(super) fn fits_normal(&self, name: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        let host = host_part(&self.normal);
        glob(&self.normal, name)
            || glob(&self.normal, host_part(name))
            || !name.contains('.') && !is_any(host) && glob(host, name)
    }
}

fn is_any(pattern: &str) -> bool {
    pattern.trim_matches(['*', '.', ' ']).is_empty()
}

fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    // The text after the last star has to be at the end.
    last.map_or(rest.is_empty(), |last| text.ends_with(last))
}

/// The rule that protects a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectedBy<'a> {
    Name(&'a Pattern),
    Id,
    /// The tag, as spelt on the device.
    Tag(&'a str),
}

impl fmt::Display for ProtectedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(pattern) => write!(f, "its name matches “{}”", clean(pattern.as_str(), 80)),
            Self::Id => f.write_str("its id is listed"),
            Self::Tag(tag) => write!(f, "it has the tag “{}”", clean(tag, 80)),
        }
    }
}

impl Policy {
    /// The rule that protects a device, if one does.
    #[must_use]
    pub fn protecting<'a>(&'a self, machine: &'a Machine) -> Option<ProtectedBy<'a>> {
        let name = machine.computer_dns_name.as_deref();
        self.protecting_by(&machine.id, name, machine.tags())
    }

    /// Like [`Self::protecting`]; `tags` are empty if the device's record is not known.
    #[must_use]
    pub fn protecting_ref<'a>(
        &'a self,
        machine: &MachineRef,
        tags: &'a [Box<str>],
    ) -> Option<ProtectedBy<'a>> {
        self.protecting_by(&machine.id, machine.dns_name.as_deref(), tags)
    }

    fn protecting_by<'a>(
        &'a self,
        id: &MachineId,
        name: Option<&str>,
        tags: &'a [Box<str>],
    ) -> Option<ProtectedBy<'a>> {
        if !self.protected_names.is_empty()
            && let Some(name) = name.map(normal_name)
        {
            let mut patterns = self.protected_names.iter();
            if let Some(pattern) = patterns.find(|pattern| pattern.fits_normal(&name)) {
                return Some(ProtectedBy::Name(pattern));
            }
        }
        if self.protected_ids.contains(id) {
            return Some(ProtectedBy::Id);
        }
        if self.protected_tags.is_empty() {
            return None;
        }
        let is_listed = |tag: &str| {
            let tag = normal(tag);
            let mut listed = self.protected_tags.iter();
            !tag.is_empty() && listed.any(|listed| normal(listed) == tag)
        };
        let mut tags = tags.iter().map(AsRef::as_ref);
        tags.find(|tag| is_listed(tag)).map(ProtectedBy::Tag)
    }
}

/// Addresses with the same prefix (RFC 4632), written as `10.8.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpRange(IpNet);

impl IpRange {
    /// # Errors
    /// The message for its author.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let range = range(text.trim()).ok_or("is not an address range, such as 10.8.0.0/16");
        range.map(Self)
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

fn range(text: &str) -> Option<IpNet> {
    match text.split_once('/') {
        Some((address, bits)) => IpNet::new(address.parse().ok()?, bits.parse().ok()?).ok(),
        None => text.parse().map(IpAddr::into).ok(),
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::odd_text;

    #[test]
    fn reload_keeps_read_only_and_unreadable_rules_keep_previous() {
        let before = Policy {
            read_only: true,
            protected_tags: vec!["tier0".into()],
            ..Policy::default()
        };
        let after = Policy::default().in_place_of(&before);
        assert!(after.read_only && after.protected_tags.is_empty());
        let unread = Policy::unread("settings.toml: no TOML");
        let kept = unread.clone().in_place_of(&before);
        let marked = Policy {
            unread: unread.unread.clone(),
            ..before
        };
        assert_eq!(kept, marked);
        assert_eq!(Policy::default().in_place_of(&unread).unread, None);
    }

    #[test]
    fn options_of_a_run_are_no_rules() {
        let started = Policy {
            read_only: true,
            approval_life: SignedDuration::from_secs(1),
            ..Policy::default()
        };
        assert!(!started.has_rules());
        assert!(Policy::unread("no TOML").has_rules());
        let limited = Policy {
            max_batch: 3,
            ..started
        };
        assert!(limited.has_rules());
    }

    #[test]
    fn partly_read_rules_add_to_previous_under_tighter_limit() {
        let before = Policy {
            protected_tags: vec!["tier0".into()],
            max_batch: 3,
            ..Policy::default()
        };
        let partly = Policy {
            protected_tags: vec!["vip".into(), "tier0".into()],
            max_batch: 7,
            ..Policy::unread("team.toml: no TOML")
        };
        let holds = partly.clone().in_place_of(&before);
        assert_eq!(holds.protected_tags, ["vip".into(), "tier0".into()]);
        assert_eq!(holds.max_batch, 3);
        assert_eq!(before.in_place_of(&holds).unread, None);
        assert_eq!(partly.in_place_of(&holds).protected_tags.len(), 2);
    }

    #[test]
    fn star_matches_any_text() {
        let fits = |pattern: &str, name: &str| Pattern::parse(pattern).expect(pattern).fits(name);
        for (pattern, name) in [
            ("DC01", "dc01"),
            ("dc*", "DC01.contoso.com"),
            ("*-dc", "vie-DC"),
            ("*dc*", "my-dc-1"),
            ("a*b*c", "aXbYc"),
            ("a*a", "aa"),
            ("dc01.contoso.com", "DC01"),
            ("DC01.Contoso.com.", "dc01.contoso.com"),
            ("dc01", "DC01.contoso.com."),
            ("dc*.contoso.com", "DC07"),
            ("Jane\u{2019}s Mac*", "jane's macbook"),
            ("Bu\u{308}ro-*", "BÜRO-1"),
            ("fin\u{2011}*", "FIN-LT-042"),
            ("srv-09", "SRV\u{200b}-09"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("DC01", "DC011"),
            ("dc*", "xdc"),
            ("*-dc", "vie-dc1"),
            ("a*b*c", "acb"),
            ("a*a", "a"),
            ("DC01", ""),
            ("*.contoso.com", "DC01"),
            ("dc01.contoso.com", "dc01.fabrikam.com"),
            ("DC01", "D\u{421}01"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        for any in [" * ", "", "\u{ff0a}", "*.*", "\u{200b}", "."] {
            assert!(Pattern::parse(any).is_err(), "{any:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn rule_in_any_equivalent_form_protects(name in odd_text(), tag in odd_text()) {
            let id = MachineId::parse("a1").expect("a literal id");
            let machine = |name: &str| MachineRef { id: id.clone(), dns_name: Some(name.into()) };
            let spellings = |text: &str| [text.to_owned(), normal(text), format!(" {text}\u{200b}.")];
            let plain = name.replace(['*', '\u{ff0a}', '\u{fe61}'], "");
            for rule in spellings(&plain) {
                let Ok(rule) = Pattern::parse(&rule) else { continue };
                let policy = Policy { protected_names: vec![rule], ..Policy::default() };
                for spelt in spellings(&plain) {
                    proptest::prop_assert!(policy.protecting_ref(&machine(&spelt), &[]).is_some());
                }
            }
            let policy = Policy { protected_tags: vec![tag.clone().into()], ..Policy::default() };
            for spelt in [format!("\u{feff}{tag} "), tag.clone()] {
                let spelt = [spelt.into()];
                let found = policy.protecting_ref(&machine("x"), &spelt).is_some();
                proptest::prop_assert_eq!(found, !normal(&tag).is_empty());
            }
        }
    }

    #[test]
    fn range_contains_addresses_with_its_prefix() {
        let holds = |range: &str, address: &str| {
            let range = IpRange::parse(range).expect(range);
            range.contains(address.parse().expect("a literal address"))
        };
        assert!(holds("10.8.0.0/16", "10.8.255.1"));
        assert!(!holds("10.8.0.0/16", "10.9.0.1"));
        assert!(holds("10.8.0.7", "10.8.0.7") && !holds("10.8.0.7", "10.8.0.6"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::2") && !holds("2001:db8::/32", "2001:db9::"));
        for bad in ["", "10.8.0.0/33", "10.8", "x/8", "10.0.0.0/-1"] {
            assert!(IpRange::parse(bad).is_err(), "{bad}");
        }
    }
}
