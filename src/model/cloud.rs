//! The clouds: a closed table without free-text addresses.

use strum::VariantArray;

use super::variants;

/// A Microsoft cloud in which the Defender API is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum Cloud {
    Commercial,
    Gcc,
    GccHigh,
    Dod,
}

struct CloudRow {
    name: &'static str,
    authority: &'static str,
    api: &'static str,
    /// Audience of the tokens; not always the API's host.
    resource: &'static str,
    /// Another name of the same service, needed by some tenants of the government clouds.
    other_resource: &'static str,
}

impl Cloud {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    const fn row(self) -> CloudRow {
        match self {
            Self::Commercial => CloudRow {
                name: "Commercial",
                authority: "https://login.microsoftonline.com",
                api: "https://api.security.microsoft.com/api",
                resource: "https://api.securitycenter.microsoft.com",
                other_resource: "https://securitycenter.onmicrosoft.com/windowsatpservice",
            },
            Self::Gcc => CloudRow {
                name: "GCC",
                authority: "https://login.microsoftonline.com",
                api: "https://api-gcc.securitycenter.microsoft.us/api",
                resource: "https://api-gcc.securitycenter.microsoft.us",
                other_resource: "https://securitycenter.onmicrosoft.com/windowsatpservice",
            },
            Self::GccHigh => CloudRow {
                name: "GCC High",
                ..Self::Dod.row()
            },
            Self::Dod => CloudRow {
                name: "DoD",
                authority: "https://login.microsoftonline.us",
                api: "https://api-gov.securitycenter.microsoft.us/api",
                resource: "https://api-gov.securitycenter.microsoft.us",
                other_resource: "https://securitycenter.onmicrosoft.us/windowsatpservice",
            },
        }
    }

    /// Name in the mode bar.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Host of the Defender portal in this cloud.
    #[must_use]
    pub const fn portal_host(self) -> &'static str {
        match self {
            Self::Commercial | Self::Gcc => "security.microsoft.com",
            Self::GccHigh => "security.microsoft.us",
            Self::Dod => "security.apps.mil",
        }
    }

    /// The cloud with this name, in any letter case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|cloud| cloud.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The sign-in authority.
    #[must_use]
    pub const fn authority(self) -> &'static str {
        self.row().authority
    }

    /// The names under which the Defender API's permissions can be requested, the usual one first.
    #[must_use]
    pub const fn resources(self) -> [&'static str; 2] {
        let row = self.row();
        [row.resource, row.other_resource]
    }

    /// API address in this region, which clouds without regions ignore.
    #[must_use]
    pub const fn api(self, region: Region) -> &'static str {
        match self {
            Self::Commercial => region.row().1,
            Self::Gcc | Self::GccHigh | Self::Dod => self.row().api,
        }
    }

    /// The regions to choose from; a single one if there is no choice.
    #[must_use]
    pub const fn regions(self) -> &'static [Region] {
        match self {
            Self::Commercial => &Region::ALL,
            Self::Gcc | Self::GccHigh | Self::Dod => &[Region::Any],
        }
    }
}

/// API host of the commercial cloud. All regions serve the same tenants; a near one responds sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, VariantArray)]
pub enum Region {
    #[default]
    Any,
    Us,
    Eu,
    Uk,
    Au,
    Swa,
    Ina,
}

impl Region {
    pub const ALL: [Self; Self::VARIANTS.len()] = variants();

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Any => ("any", Cloud::Commercial.row().api),
            Self::Us => ("US", "https://us.api.security.microsoft.com/api"),
            Self::Eu => ("EU", "https://eu.api.security.microsoft.com/api"),
            Self::Uk => ("UK", "https://uk.api.security.microsoft.com/api"),
            Self::Au => ("AU", "https://au.api.security.microsoft.com/api"),
            Self::Swa => ("SWA", "https://swa.api.security.microsoft.com/api"),
            Self::Ina => ("INA", "https://ina.api.security.microsoft.com/api"),
        }
    }

    /// The region as it appears in the host name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The region with this name, in any letter case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|region| region.name().eq_ignore_ascii_case(name.trim()))
    }
}
