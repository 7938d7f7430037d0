//! Bigram signature: a Bloom-style prefilter for substring search.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::addresses::all_addresses;
use crate::model::{MacAddress, Machine};

/// Bit sets of the characters, and roughly of the pairs of them, in a device's searched texts: enough
/// to rule out most devices without reading their texts, and exact for a single letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BigramSignature {
    /// A bit for each known character: first those in texts, then those in ids and addresses; one
    /// between them where the device has a [`search_text`](crate::model::search_text).
    letters: u64,
    /// A bit for pairs of bytes in texts and IP addresses, as they are written, and in MAC addresses, as they
    /// are sent; several pairs share one.
    pairs: [u64; 4],
}

/// Characters with a bit of their own. The first nineteen make up ids and addresses, and have
/// another bit for when they stand in one.
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

    /// Signature of the digits of a MAC address, or of the beginning of one.
    #[must_use]
    pub fn of_mac_part(digits: &str) -> Self {
        MacAddress::parse(digits).map_or_else(|| Self::of_id(digits), Self::of_mac)
    }

    /// Signature of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::new(letters(text.as_bytes()), text.as_bytes())
    }

    /// Signature of an id, or a part of one.
    #[must_use]
    pub fn of_id(text: &str) -> Self {
        Self::new(letters_in_id(text.as_bytes()), b"")
    }

    /// Signature of an IP address. An IPv4 address that is written as an IPv6 one ends as it is written
    /// itself: a device that has either holds the signature of the canonical one.
    #[must_use]
    pub fn of_address(ip: IpAddr) -> Self {
        Self::of_address_text(AddressText::of(ip).as_bytes())
    }

    /// Signature of an IP address as it is written, or of a part of one.
    #[must_use]
    pub fn of_address_text(text: &[u8]) -> Self {
        Self::new(letters_in_id(text), text)
    }

    /// Signature of a MAC address.
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

    /// Whether any character has a bit of its own.
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

/// An address as it is written, without a heap.
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
                // None is too long; one that was could not be found by its text either.
                let is_whole = write!(rest, "{ip}").is_ok();
                text.len = if is_whole { 48 - rest.len() } else { 0 };
            }
        }
        text
    }

    /// As `Display` does, in a sixth of the time: most addresses of a long list are such.
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
    fn addresses_are_written_as_they_are_shown() {
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
