//! Bigram signature: a Bloom-style prefilter for substring search.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::addresses::all_addresses;
use crate::model::{MacAddress, Machine};

/// Bit sets of the characters, and roughly of the character pairs, in a device's searched texts: rules
/// out most devices without reading their texts, and is exact for a single letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BigramSignature {
    /// A bit for each known character: first those in texts, then those in ids and addresses; one
    /// between them if the device has a [`search_text`](crate::model::search_text).
    letters: u64,
    /// A bit for pairs of bytes in texts, in formatted IP addresses, and in MAC addresses as
    /// received; several pairs share one.
    pairs: [u64; 4],
}

/// Characters with a separate bit. The first nineteen occur in ids and addresses, and have a second bit for that.
const KNOWN: &[u8] = b"0123456789abcdef.:-ghijklmnopqrstuvwxyz_ ";
const IN_IDS: usize = 19;
const IS_ODD: u64 = 1 << KNOWN.len();

impl BigramSignature {
    /// Signature of a device with its [`search_text`](crate::model::search_text).
    #[must_use]
    pub fn of(machine: &Machine, odd: Option<&str>) -> Self {
        let names = [
            &machine.computer_dns_name,
            &machine.os_platform,
            &machine.rbac_group_name,
        ];
        let mut signature = Self::default();
        if let Some(odd) = odd {
            signature.add(Self::of_text(odd));
            signature.letters |= IS_ODD;
        } else {
            for text in names.into_iter().flatten().chain(machine.tags()) {
                signature.add(Self::of_text(text));
            }
        }
        for mac in &machine.adapters.mac_addresses {
            signature.add(Self::of_mac(*mac));
        }
        let ids = [Some(machine.id.as_str()), machine.aad_device_id.as_deref()];
        for text in ids.into_iter().flatten() {
            signature.letters |= letters_in_id(text.as_bytes());
        }
        for ip in all_addresses(machine) {
            signature.add(Self::of_address(ip));
        }
        signature
    }

    /// Signature of a MAC address's digits, or of their beginning.
    #[must_use]
    pub fn of_mac_part(digits: &str) -> Self {
        MacAddress::parse(digits).map_or_else(|| Self::of_id(digits), Self::of_mac)
    }

    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::new(letters(text.as_bytes()), text.as_bytes())
    }

    /// Signature of an id, or part of one.
    #[must_use]
    pub fn of_id(text: &str) -> Self {
        Self::new(letters_in_id(text.as_bytes()), b"")
    }

    /// Signature of an IP address. An IPv4-mapped IPv6 address ends like the IPv4 address: a device
    /// with either has the signature of the canonical one.
    #[must_use]
    pub fn of_address(ip: IpAddr) -> Self {
        Self::of_address_text(AddressText::of(ip).as_bytes())
    }

    /// Signature of a formatted IP address, or part of one.
    #[must_use]
    pub fn of_address_text(text: &[u8]) -> Self {
        Self::new(letters_in_id(text), text)
    }

    #[must_use]
    pub fn of_mac(mac: MacAddress) -> Self {
        Self::new(letters_in_id(&mac.digits()), &mac.octets())
    }

    fn new(letters: u64, paired: &[u8]) -> Self {
        let mut pairs = [0; 4];
        for pair in paired.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(|byte| byte.to_ascii_lowercase());
            let bit = one.wrapping_mul(31).wrapping_add(other.wrapping_mul(17));
            pairs[usize::from(bit >> 6)] |= 1_u64 << (bit & 63);
        }
        Self { letters, pairs }
    }

    #[must_use]
    pub fn holds(&self, wanted: Self) -> bool {
        let mut pairs = self.pairs.iter().zip(wanted.pairs);
        self.letters & wanted.letters == wanted.letters
            && pairs.all(|(pairs, wanted)| pairs & wanted == wanted)
    }

    /// Whether the device has a [`search_text`](crate::model::search_text).
    #[must_use]
    pub const fn is_odd(&self) -> bool {
        self.letters & IS_ODD != 0
    }

    /// Whether any character has a separate bit.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.letters != 0
    }

    fn add(&mut self, other: Self) {
        self.letters |= other.letters;
        for (pairs, other) in self.pairs.iter_mut().zip(other.pairs) {
            *pairs |= other;
        }
    }
}

fn letters(text: &[u8]) -> u64 {
    const BITS: [u64; 256] = {
        let (mut bits, mut at) = ([0; 256], 0);
        while at < KNOWN.len() {
            let byte = KNOWN[at];
            bits[byte as usize] = 1 << at;
            bits[byte.to_ascii_uppercase() as usize] = 1 << at;
            at += 1;
        }
        bits
    };
    text.iter()
        .fold(0, |bits, byte| bits | BITS[usize::from(*byte)])
}

fn letters_in_id(text: &[u8]) -> u64 {
    (letters(text) & ((1 << IN_IDS) - 1)) << (64 - IN_IDS)
}

/// A formatted IP address on the stack.
pub struct AddressText {
    bytes: [u8; 48],
    len: usize,
}

impl AddressText {
    pub fn of(ip: IpAddr) -> Self {
        let mut text = Self {
            bytes: [0; 48],
            len: 0,
        };
        match ip {
            IpAddr::V4(ip) => text.write(ip),
            IpAddr::V6(ip) => {
                let mut rest = text.bytes.as_mut_slice();
                // Never too long; a longer one could not be matched by its text either.
                let is_whole = write!(rest, "{ip}").is_ok();
                text.len = if is_whole { 48 - rest.len() } else { 0 };
            }
        }
        text
    }

    /// Like `Display`, in a sixth of the time: most addresses of a long list are IPv4.
    fn write(&mut self, ip: Ipv4Addr) {
        let mut push = |byte| {
            self.bytes[self.len] = byte;
            self.len += 1;
        };
        for (at, octet) in ip.octets().into_iter().enumerate() {
            if at > 0 {
                push(b'.');
            }
            for unit in [100, 10, 1] {
                if octet >= unit || unit == 1 {
                    push(b'0' + octet / unit % 10);
                }
            }
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_formatted_as_displayed() {
        for text in [
            "0.0.0.0",
            "10.20.4.100",
            "255.255.255.255",
            "1.2.30.9",
            "fe80::1",
        ] {
            let ip = text.parse().expect("a literal address");
            assert_eq!(AddressText::of(ip).as_bytes(), text.as_bytes());
        }
    }
}
