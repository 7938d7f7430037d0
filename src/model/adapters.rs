//! The network addresses of a device.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::de::{IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MacAddress;
use super::bytes::heap_bytes_of_fields;
use super::loose::{FromText, Loose, LooseList};

/// The addresses of a machine's network adapters (`ipAddresses`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adapters {
    pub ip_addresses: Box<[IpAddr]>,
    /// Without duplicates: the service repeats an adapter's with each of its IP addresses.
    pub mac_addresses: Box<[MacAddress]>,
}

heap_bytes_of_fields!(Adapters {
    ip_addresses,
    mac_addresses
});

#[derive(Serialize)]
enum Adapter {
    #[serde(rename = "ipAddress")]
    Ip(IpAddr),
    #[serde(rename = "macAddress")]
    Mac(MacAddress),
}

impl Serialize for Adapters {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let ips = self.ip_addresses.iter().copied().map(Adapter::Ip);
        to.collect_seq(ips.chain(self.mac_addresses.iter().copied().map(Adapter::Mac)))
    }
}

impl<'de> Deserialize<'de> for Adapters {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (mut ips, mut macs) = (Vec::new(), Vec::new());
        for (ip, mac) in LooseList::<AdapterAddresses>::deserialize(from)?
            .0
            .into_iter()
            .flatten()
        {
            ips.extend(ip);
            macs.extend(mac.filter(|mac| !macs.contains(mac)));
        }
        Ok(Self {
            ip_addresses: ips.into(),
            mac_addresses: macs.into(),
        })
    }
}

/// An element, as an object or a bare IP address.
type AdapterAddresses = (Option<IpAddr>, Option<MacAddress>);

impl FromText for AdapterAddresses {
    fn from_text(text: &str) -> Option<Self> {
        IpAddr::from_text(text).map(|ip| (Some(ip), None))
    }

    fn from_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let (mut ip, mut mac) = (Loose(None), Loose(None));
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "ipAddress" => ip = map.next_value()?,
                "macAddress" => mac = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some((ip.0, mac.0)))
    }
}
