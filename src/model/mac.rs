//! Hardware addresses of network adapters.

use std::fmt;

/// A MAC address (EUI-48). Prints as `00-5E-00-53-AF-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// Parses `AA-BB-CC-DD-EE-FF`, `aa:bb:cc:dd:ee:ff`, `aabb.ccdd.eeff` and 12 bare digits. The
    /// all-zero address counts as none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = hex_digits(text).filter(|digits| digits.len() == 12)?;
        let value = u64::from_str_radix(&digits, 16).ok().filter(|v| *v != 0)?;
        let [_, _, bytes @ ..] = value.to_be_bytes();
        Some(Self(bytes))
    }

    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// The twelve digits in lower case.
    #[must_use]
    pub fn digits(self) -> [u8; 12] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digit = |at: usize| {
            let byte = self.0[at / 2];
            HEX[usize::from(if at.is_multiple_of(2) {
                byte >> 4
            } else {
                byte & 15
            })]
        };
        std::array::from_fn(digit)
    }

    /// The digits of a text that is a MAC address or the beginning of one, in lower case.
    #[must_use]
    pub fn part(text: &str) -> Option<Box<str>> {
        /// Digits that identify a manufacturer; fewer are meaningless.
        const LEAST: usize = 6;
        hex_digits(text)
            .filter(|digits| (LEAST..=12).contains(&digits.len()))
            .map(Into::into)
    }
}

/// The digits of a text in one of the four notations; its last group may be shorter.
fn hex_digits(text: &str) -> Option<String> {
    let separator = text.chars().find(|c| matches!(c, '-' | ':' | '.'));
    let width = match separator {
        None => 12,
        Some('.') => 4,
        Some(_) => 2,
    };
    let mut groups: Vec<&str> = match separator {
        None => vec![text],
        Some(separator) => text.split(separator).collect(),
    };
    let last = groups.pop()?;
    let is_hex = |group: &str| group.bytes().all(|b| b.is_ascii_hexdigit());
    let fits = groups
        .iter()
        .all(|group| group.len() == width && is_hex(group))
        && last.len() <= width
        && is_hex(last);
    fits.then(|| (groups.concat() + last).to_ascii_lowercase())
}

impl serde::Serialize for MacAddress {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let separator = if at > 0 { "-" } else { "" };
            write!(f, "{separator}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_notations_are_parsed() {
        for text in [
            "00-5E-00-53-AF-01",
            "00:5e:00:53:af:01",
            "005e.0053.af01",
            "005E0053AF01",
        ] {
            let mac = MacAddress::parse(text).expect(text);
            assert_eq!(mac.to_string(), "00-5E-00-53-AF-01");
            assert_eq!(&mac.digits(), b"005e0053af01");
        }
        for text in [
            "",
            "000000000000",
            "0",
            "005E0053AF",
            "005E0053AF0102",
            "00-5E-00-53-AF-0",
            "00-5E:00-53-AF-01",
            "005-E00-53A-F01",
            "10.20.4.17",
            "005e0053afü1",
        ] {
            assert_eq!(MacAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_mac_address_is_recognised() {
        let part = |text| MacAddress::part(text).map(String::from).unwrap_or_default();
        assert_eq!(part("00:5E:00"), "005e00");
        assert_eq!(part("00-5e-00-5"), "005e005");
        assert_eq!(part("005e.0053"), "005e0053");
        assert_eq!(part("005e0053"), "005e0053");
        for text in [
            "00:5e",
            "10.20.4.17",
            "2001:db8::1",
            "fade-cafe",
            "12:30",
            "9c07",
        ] {
            assert_eq!(part(text), "", "{text}");
        }
    }
}
