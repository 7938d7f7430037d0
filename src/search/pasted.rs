//! Devices named in a line pasted from a ticket, among other words.

use std::net::IpAddr;

use super::addresses::has_address;
use super::bigrams::BigramSignature;
use crate::model::{MacAddress, MachineId, normal, pasted_ids};
use crate::state::Inventory;

/// Maximum number of words considered in a longer text.
const MAX_WORDS: usize = 64;

/// Ids, addresses and possible host names in a text of several words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pasted {
    ids: Vec<MachineId>,
    addresses: Vec<IpAddr>,
    macs: Vec<MacAddress>,
    names: Vec<Box<str>>,
}

impl Pasted {
    #[must_use]
    pub fn find(text: &str) -> Self {
        // Restores defanged addresses.
        let text = normal(text).replace("[.]", ".");
        let words = || text.split_whitespace().take(MAX_WORDS);
        let is_in_names = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let names = words()
            .flat_map(|word| word.split(|c| !is_in_names(c)))
            .map(|name| name.trim_matches('.'))
            .filter(|name| name.chars().any(char::is_alphabetic));
        let names: Vec<Box<str>> = names.map(Into::into).collect();
        Self {
            ids: pasted_ids(&text)
                .filter_map(|id| MachineId::parse(id).ok())
                .collect(),
            addresses: words().filter_map(address).collect(),
            macs: words().filter_map(mac).collect(),
            // A single word is a search and not a line, unless it has a domain or surrounding characters.
            names: match names.as_slice() {
                [only] if !only.contains('.') && **only == *text => Vec::new(),
                _ => names,
            },
        }
    }

    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.ids.is_empty()
            && self.addresses.is_empty()
            && self.macs.is_empty()
            && self.names.is_empty()
    }

    /// The indices of the named devices: those with an id from the text, if any; else those with
    /// both a name and an address from it, else those with either. `signatures` are by index.
    #[must_use]
    pub fn places(&self, inventory: &Inventory, signatures: &[BigramSignature]) -> Vec<usize> {
        let ids = self.ids.iter();
        let by_id: Vec<usize> = ids.filter_map(|id| inventory.index_of(id)).collect();
        if !by_id.is_empty() {
            return by_id;
        }
        let machines = inventory.all();
        let has_one = |index: usize| {
            let (mut addresses, mut macs) = (self.addresses.iter(), self.macs.iter());
            let machine = &machines[index];
            addresses.any(|ip| has_address(machine, *ip))
                || macs.any(|mac| machine.adapters.mac_addresses.contains(mac))
        };
        let words = self.names.iter();
        let named: Vec<usize> = words
            .flat_map(|name| inventory.places_named(name))
            .collect();
        let both: Vec<usize> = named.iter().copied().filter(|p| has_one(*p)).collect();
        if !both.is_empty() {
            return both;
        }
        let ips = self.addresses.iter().map(IpAddr::to_canonical);
        let macs = self.macs.iter().copied().map(BigramSignature::of_mac);
        let wanted = ips.map(BigramSignature::of_address).chain(macs);
        let wanted: Vec<_> = wanted.collect();
        let signatures = signatures.iter().enumerate();
        let by_address = signatures
            .filter(|(_, signature)| wanted.iter().any(|wanted| signature.holds(*wanted)))
            .map(|(place, _)| place)
            .filter(|place| has_one(*place));
        named.into_iter().chain(by_address).collect()
    }
}

/// Parses a MAC address with surrounding characters: `mac=00-5E-00-53-AF-01,`.
fn mac(word: &str) -> Option<MacAddress> {
    let is_in = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | ':' | '.');
    word.split(|c| !is_in(c))
        .find_map(|part| MacAddress::parse(part.trim_matches(['-', ':', '.'])))
}

/// Parses an IP address with surrounding characters: `ip=10.0.0.1,`, `[fe80::1]`, `10.0.0.1:443`.
fn address(word: &str) -> Option<IpAddr> {
    word.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'))
        .find_map(|part| {
            let part = part.trim_matches('.');
            let bare = part.trim_matches(':');
            part.parse()
                .or_else(|_| bare.parse())
                .or_else(|_| bare.rsplit_once(':').map_or("", |(host, _)| host).parse())
                .ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_found_among_other_words() {
        let line = "INC-4711 High: beacon from FIN-LT-042 (10.20.4.42) user CONTOSO\\p.marsh -> 8.8.8.8:443.";
        let found = Pasted::find(line);
        let names: Vec<_> = found.names.iter().map(AsRef::as_ref).collect();
        assert_eq!(
            names,
            [
                "inc-4711",
                "high",
                "beacon",
                "from",
                "fin-lt-042",
                "user",
                "contoso",
                "p.marsh"
            ]
        );
        let addresses: Vec<_> = found.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["10.20.4.42", "8.8.8.8"]);
        assert!(Pasted::find("fin-lt-042").is_nothing(), "a search");
        assert!(!Pasted::find("fin-lt-042.contoso.com").is_nothing());
        assert!(
            !Pasted::find("fin-lt-042.").is_nothing(),
            "something around it"
        );
        let macs = Pasted::find("from mac=00:5e:00:53:af:01, port 7").macs;
        assert_eq!(
            macs,
            [MacAddress::parse("005E0053AF01").expect("an address")]
        );
        let addresses = Pasted::find("10[.]20[.]4[.]42").addresses;
        assert_eq!(addresses[0].to_string(), "10.20.4.42");
        assert!(Pasted::find("  ").is_nothing());
    }
}
