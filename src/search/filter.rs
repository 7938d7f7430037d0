//! Search filter: parses a search and matches devices.

use std::net::IpAddr;

use super::addresses::{all_addresses, has_address};
use super::bigrams::{AddressText, BigramSignature};
use super::device_state::DeviceState;
use super::field::Field;
use super::pasted::Pasted;
use crate::model::{
    ExposureLevel, MacAddress, Machine, MachineId, Question, RiskScore, SearchWord, clean, forms,
    is_plain, normal, pasted_ids, search_words, without_excluded,
};

/// A high risk, or one unknown to this version.
const HIGH_OR_ABOVE: &str = "high+";
/// Minimum length in bytes of a word that is not read as an option of a command.
const NO_OPTION: usize = 4;

/// A search, parsed once per keystroke and then matched against every device without allocating.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Terms, all of which have to match.
    terms: Vec<Term>,
    /// Devices named in a line pasted from a ticket, used when the terms match nothing.
    pasted: Option<Pasted>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: Field,
    needle: Needle,
    /// Whether matches are excluded.
    is_excluded: bool,
}

/// Hint for a search that matches nothing because a word before a colon is not a field.
#[must_use]
pub fn field_trouble(text: &str) -> Option<String> {
    if Question::is_beyond_list(text) {
        return None;
    }
    let strange = search_words(text).into_iter().find_map(|word| {
        let (name, rest) = word.text.split_once(':').filter(|_| !word.is_quoted)?;
        let is_word = name.len() > 1 && name.bytes().all(|b| b.is_ascii_alphabetic());
        // Part of an address, time, URL or path.
        let is_else = rest.contains(':')
            || rest.starts_with(['/', '\\'])
            || (!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        (is_word && !is_else && Field::from_word(name).is_none()).then(|| name.to_owned())
    })?;
    let known: Vec<_> = Field::words().map(|(word, _)| word).collect();
    let strange = clean(&strange, 24);
    Some(format!("“{strange}” is not a field: {}", known.join(", ")))
}

/// The devices named in a pasted line, if any.
fn named_in(line: &str) -> Option<Pasted> {
    Some(Pasted::find(line)).filter(|found| !found.is_nothing())
}

impl Filter {
    /// Parses typed or pasted text. Ids anywhere in it match only their devices; one of no listed
    /// device may be a file's hash, and the line's other words are used.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let excluded = || {
            let words = search_words(text).into_iter();
            words.filter(|w| w.is_excluded).filter_map(|w| term(&w))
        };
        let only = |field, text: &str| Self {
            terms: std::iter::once(Term::wanted(field, text))
                .chain(excluded())
                .collect(),
            pasted: None,
        };
        let wanted = without_excluded(text);
        if let Some(id) = pasted_ids(&wanted).next() {
            // No device has two ids: each id in the line matches its device.
            let is_alone = pasted_ids(&wanted).all(|other| other == id);
            let rest = wanted.replacen(id, if is_alone { " " } else { id }, 1);
            let ids = pasted_ids(&wanted).map(|id| Term::wanted(Field::Id, id));
            return Self {
                terms: ids.chain(excluded()).collect(),
                pasted: named_in(&rest),
            };
        }
        if Question::is_beyond_list(text) {
            // Only the service's answer is shown: partial matches in the list would mislead.
            return only(Field::User, text);
        }
        let terms = search_words(text).iter().filter_map(term).collect();
        let pasted = named_in(&wanted);
        Self { terms, pasted }
    }

    /// Whether it depends on state that changes without a new reading of the list.
    #[must_use]
    pub fn asks_for_state(&self) -> bool {
        self.terms.iter().any(|term| term.field == Field::State)
    }

    /// Whether a device matches. The signature rules most devices out; `odd` is the device's
    /// [`search_text`](crate::model::search_text), and `state` is only called if needed.
    #[must_use]
    pub fn matches<'a>(
        &self,
        machine: &Machine,
        signature: &BigramSignature,
        odd: impl Fn() -> Option<&'a str>,
        state: impl Fn(&MachineId) -> DeviceState,
    ) -> bool {
        let is_met = |term: &Term| term.is_met_by(machine, signature, &odd, &state);
        self.terms.iter().all(is_met)
    }

    /// Whether a word excludes a device that matches by a pasted line or the service's answer. A
    /// term on a describing field narrows those as well. In such a line, `-s` and `-enc` are
    /// options of a command, so a word without a field counts only if it is long and in the name.
    #[must_use]
    pub fn leaves_out(
        &self,
        machine: &Machine,
        odd: Option<&str>,
        state: impl Fn(&MachineId) -> DeviceState,
    ) -> bool {
        let name = machine.computer_dns_name.as_deref();
        self.terms.iter().any(|term| {
            if term.field == Field::Any {
                let is_long = term.needle.normal.len() >= NO_OPTION;
                let is_in = |name| term.needle.is_in(name);
                term.is_excluded && is_long && name.is_some_and(is_in)
            } else {
                (term.is_excluded || term.field.describes())
                    && term.matches(machine, odd, &state) == term.is_excluded
            }
        })
    }

    /// The pasted line's devices, for when the terms match nothing: a ticket line has words that no device has.
    #[must_use]
    pub fn pasted(&self) -> Option<&Pasted> {
        self.pasted.as_ref()
    }

    /// Whether it matches nothing that the filter of `before` did not match, so that the matches
    /// can be narrowed. Words with a field, ids and addresses follow other rules, and a longer
    /// excluded word excludes less.
    #[must_use]
    pub fn narrows(&self, before: &str, now: &str) -> bool {
        let is_plain = |filter: &Self| {
            let is_any = |term: &Term| {
                term.field == Field::Any
                    && !term.is_excluded
                    && !term.needle.may_be_address
                    && term.needle.mac.is_none()
            };
            filter.terms.iter().all(is_any)
        };
        let is_typed_on = now.starts_with(before) && !now.contains(['"', ':']);
        if !is_typed_on || !is_plain(self) {
            return false;
        }
        let before = Self::parse(before);
        // Typing a combining character can change a letter.
        let mut pairs = before.terms.iter().zip(&self.terms);
        is_plain(&before)
            && before.terms.len() <= self.terms.len()
            && pairs.all(|(before, now)| now.needle.normal.contains(&*before.needle.normal))
    }
}

impl Term {
    fn wanted(field: Field, text: &str) -> Self {
        Self {
            field,
            needle: Needle::new(text),
            is_excluded: false,
        }
    }

    /// Whether a device meets the term, which may require or exclude.
    fn is_met_by<'a>(
        &self,
        machine: &Machine,
        signature: &BigramSignature,
        odd: impl Fn() -> Option<&'a str>,
        state: impl Fn(&MachineId) -> DeviceState,
    ) -> bool {
        let has_it = match self.answer_by(signature) {
            Some(answer) => answer,
            None => self.matches(machine, odd(), state),
        };
        has_it != self.is_excluded
    }

    /// The answer, if the device's signature is enough for one.
    fn answer_by(&self, signature: &BigramSignature) -> Option<bool> {
        let needle = &self.needle;
        let may_be = match self.field {
            Field::Any => return needle.answer_by(signature),
            // The signature of a long text covers only its beginning.
            Field::Name | Field::Tag | Field::Group => {
                signature.is_odd() || signature.holds(needle.in_text)
            }
            Field::Ip => signature.holds(needle.in_address),
            Field::Mac => needle.may_be_mac_of(signature),
            Field::Id
            | Field::Health
            | Field::Risk
            | Field::Exposure
            | Field::Value
            | Field::Os
            | Field::Version
            | Field::State
            | Field::Entra
            | Field::User => return None,
        };
        (!may_be).then_some(false)
    }

    fn matches(
        &self,
        machine: &Machine,
        odd: Option<&str>,
        state: impl Fn(&MachineId) -> DeviceState,
    ) -> bool {
        let Self { field, needle, .. } = self;
        let is_in = |text: Option<&str>| text.is_some_and(|text| needle.is_in(text));
        match field {
            Field::Any => {
                (match odd {
                    Some(odd) => odd.contains(&*needle.normal),
                    None => {
                        needle.is_in_plain(machine.computer_dns_name.as_deref())
                            || needle.is_in_plain(machine.os_platform.as_deref())
                            || needle.is_in_plain(machine.rbac_group_name.as_deref())
                            || (machine.tags().iter()).any(|tag| needle.is_in_plain(Some(tag)))
                    }
                }) || (needle.may_be_id
                    && (is_in(Some(machine.id.as_str()))
                        || is_in(machine.aad_device_id.as_deref())))
                    || (needle.may_be_address && needle.is_address_of(machine))
                    || needle.is_mac_of(machine)
            }
            Field::Name => is_in(machine.computer_dns_name.as_deref()),
            Field::Id => {
                is_in(Some(machine.id.as_str())) || is_in(machine.aad_device_id.as_deref())
            }
            Field::Ip => needle.is_address_of(machine),
            Field::Mac => needle.is_mac_of(machine),
            Field::Health => {
                needle.starts(machine.health_status.as_wire())
                    || needle.starts(machine.health_status.word())
            }
            Field::Risk if &*needle.normal == HIGH_OR_ABOVE => {
                (machine.risk_score.as_ref()).is_some_and(RiskScore::is_high_or_above)
            }
            Field::Risk => is_in(machine.risk_score.as_ref().map(RiskScore::as_wire)),
            Field::Exposure => is_in(machine.exposure_level.as_ref().map(ExposureLevel::as_wire)),
            Field::Value => is_in(machine.device_value.as_deref()),
            Field::Version => is_in(machine.version.as_deref()),
            Field::Entra => is_in(machine.aad_device_id.as_deref()),
            Field::User => false,
            Field::Os => is_in(machine.os_platform.as_deref()) || is_in(machine.version.as_deref()),
            Field::Tag => machine.tags().iter().any(|tag| needle.is_in(tag)),
            Field::Group => is_in(machine.rbac_group_name.as_deref()),
            Field::State => {
                let state = state(&machine.id);
                let mut words = state.words().chain(state.group_words());
                words.any(|word| needle.starts(word))
            }
        }
    }
}

/// A text to search for, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Needle {
    normal: Box<str>,
    address: Option<IpAddr>,
    /// The digits of a MAC address or of its beginning.
    mac: Option<Box<str>>,
    may_be_id: bool,
    may_be_address: bool,
    /// The bits that a device's signature needs for the needle to be in a text, an id, or an address.
    in_text: BigramSignature,
    in_id: BigramSignature,
    in_address: BigramSignature,
    in_mac: BigramSignature,
}

impl Needle {
    fn new(text: &str) -> Self {
        let normal = normal(text);
        let text = normal.as_str();
        let all = |is: fn(u8) -> bool| text.bytes().all(is);
        let mac = MacAddress::part(text);
        let address = text.parse().ok();
        Self {
            address,
            may_be_id: all(|b| b.is_ascii_hexdigit() || b == b'-'),
            may_be_address: all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':'),
            in_text: BigramSignature::of_text(text),
            in_id: BigramSignature::of_id(text),
            // An address has many notations.
            in_address: address.map_or_else(
                || BigramSignature::of_address_text(text.as_bytes()),
                |ip: IpAddr| BigramSignature::of_address(ip.to_canonical()),
            ),
            in_mac: mac
                .as_deref()
                .map(BigramSignature::of_mac_part)
                .unwrap_or_default(),
            mac,
            normal: text.into(),
        }
    }

    fn answer_by(&self, signature: &BigramSignature) -> Option<bool> {
        let may_be = signature.holds(self.in_text)
            || self.may_be_id && signature.holds(self.in_id)
            || self.may_be_address && signature.holds(self.in_address)
            || self.may_be_mac_of(signature);
        let is_letter = self.normal.len() == 1 && self.in_text.is_known();
        match (may_be, is_letter) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        }
    }

    fn may_be_mac_of(&self, signature: &BigramSignature) -> bool {
        self.mac.is_some() && signature.holds(self.in_mac)
    }

    fn is_in(&self, text: &str) -> bool {
        contains_normal(text, &self.normal)
    }

    /// [`Self::is_in`] for a text that [is plain](is_plain).
    fn is_in_plain(&self, text: Option<&str>) -> bool {
        text.is_some_and(|text| contains_folded(text.as_bytes(), self.normal.as_bytes()))
    }

    /// Matches the start, for closed lists of words: "active" must not match "Inactive".
    fn starts(&self, text: &str) -> bool {
        normal(text).starts_with(&*self.normal)
    }

    fn is_mac_of(&self, machine: &Machine) -> bool {
        self.mac.as_deref().is_some_and(|part| {
            let mut macs = machine.adapters.mac_addresses.iter();
            macs.any(|mac| contains_folded(&mac.digits(), part.as_bytes()))
        })
    }

    fn is_address_of(&self, machine: &Machine) -> bool {
        if let Some(ip) = self.address {
            return has_address(machine, ip);
        }
        let mut texts = all_addresses(machine).map(AddressText::of);
        texts.any(|text| contains_folded(text.as_bytes(), self.normal.as_bytes()))
    }
}

/// Whether `needle`, in its normal form, is in a text in any spelling.
pub(super) fn contains_normal(text: &str, needle: &str) -> bool {
    if is_plain(text) {
        contains_folded(text.as_bytes(), needle.as_bytes())
    } else {
        forms(text).contains(needle)
    }
}

/// Whether `needle`, in lower case, is in ASCII `text` in any letter case.
fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else {
        return true;
    };
    let Some(last_start) = text.len().checked_sub(needle.len()) else {
        return false;
    };
    text[..=last_start].iter().enumerate().any(|(at, byte)| {
        byte.to_ascii_lowercase() == first
            && text[at + 1..at + needle.len()].eq_ignore_ascii_case(rest)
    })
}

fn term(word: &SearchWord) -> Option<Term> {
    let field = word.text.split_once(':').filter(|_| !word.is_quoted);
    let (field, text) = match field.and_then(|(name, rest)| Some((Field::from_word(name)?, rest))) {
        Some((field, rest)) => (field, rest.trim()),
        None if word.is_quoted => (Field::Any, word.text.trim()),
        None => (Field::Any, undecorated(&word.text)),
    };
    let term = Term {
        is_excluded: word.is_excluded,
        ..Term::wanted(field, text)
    };
    (!term.needle.normal.is_empty()).then_some(term)
}

/// A pasted word without the characters around names in tickets, logs and directories:
/// `“FIN-LT-042”,`, `FIN-LT-042$`, `(…9c07)`. A word of only such characters is kept.
fn undecorated(word: &str) -> &str {
    let is_around = |c: char| {
        const AROUND: &str = ",;$()[]{}<>'\"“”„‟‘’‚«»‹›…";
        AROUND.contains(c) || c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}'
    };
    let trimmed = word.trim_matches(is_around);
    if trimmed.is_empty() {
        word.trim()
    } else {
        trimmed
    }
}

#[cfg(test)]
mod tests;
