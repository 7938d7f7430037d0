//! A profile: a name with an app registration.

use toml_edit::{Item, Value};

use super::toml_text::line_at;
use crate::model::{ClientId, Cloud, Region, Registration, Scopes, TenantName, clean};

/// A tenant to sign in to, under a name chosen by the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: ProfileName,
    pub registration: Registration,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(Box<str>);

impl ProfileName {
    /// Accepts 1 to 40 printable characters.
    ///
    /// # Errors
    /// The message for the user.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            Err("The name is missing: what you call this tenant")
        } else if text.chars().count() > 40 || clean(text, 40) != text {
            Err("The name is too long, or has characters that cannot be shown")
        } else {
            Ok(Self(text.into()))
        }
    }

    /// A name from a file or the command line, without validation.
    pub(super) fn of_key(key: &str) -> Self {
        Self(key.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The values of a profile as written, valid or not; also the content of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenProfile {
    pub cloud: String,
    pub region: String,
    pub tenant: String,
    pub client_id: String,
    pub scopes: String,
    pub resource: String,
}

/// An invalid value and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {key}: {problem}")]
pub struct WrongValue {
    /// Line number, counted from 1.
    pub line: usize,
    /// Full key with its tables: `profile.contoso.cloud`.
    pub key: Box<str>,
    pub problem: &'static str,
    /// Readable values of the same profile, for the form.
    pub readable: Box<WrittenProfile>,
}

impl WrittenProfile {
    /// The values with their keys, in the order of the file.
    pub(super) fn values_mut(&mut self) -> [(&'static str, &mut String); 6] {
        [
            ("cloud", &mut self.cloud),
            ("region", &mut self.region),
            ("tenant", &mut self.tenant),
            ("client_id", &mut self.client_id),
            ("scopes", &mut self.scopes),
            ("resource", &mut self.resource),
        ]
    }

    /// The registration, if all values are valid.
    ///
    /// # Errors
    /// The first invalid key and the reason, worded for its author.
    pub fn parse(&self) -> Result<Registration, (&'static str, &'static str)> {
        if self.cloud.trim().is_empty() {
            return Err(("cloud", "is missing: Commercial, GCC, GCC High or DoD"));
        }
        let cloud = Cloud::named(&self.cloud)
            .ok_or(("cloud", "is not one of Commercial, GCC, GCC High and DoD"))?;
        let region = match self.region.trim() {
            "" => Region::Any,
            name => Region::named(name)
                .ok_or(("region", "is not one of any, US, EU, UK, AU, SWA and INA"))?,
        };
        if !cloud.regions().contains(&region) {
            return Err(("region", "Only the commercial cloud has regions"));
        }
        let [usual, other] = cloud.resources();
        let resource = match self.resource.trim().trim_end_matches('/') {
            "" => usual,
            name => name,
        };
        if ![usual, other].contains(&resource) {
            return Err((
                "resource",
                "is neither of the two names that this cloud's API has",
            ));
        }
        Ok(Registration {
            cloud,
            region,
            tenant: TenantName::parse(&self.tenant).map_err(|why| ("tenant", why))?,
            client_id: ClientId::parse(&self.client_id).map_err(|why| ("client_id", why))?,
            scopes: Scopes::parse(&self.scopes).map_err(|why| ("scopes", why))?,
            other_resource: resource == other,
        })
    }
}

/// Texts for the settings file and the form; defaults are left out.
impl From<&Registration> for WrittenProfile {
    fn from(registration: &Registration) -> Self {
        let Registration {
            cloud,
            region,
            tenant,
            client_id,
            scopes,
            other_resource,
        } = registration;
        let unless = |usual: bool, text: &str| if usual { "" } else { text }.to_owned();
        Self {
            cloud: cloud.name().to_owned(),
            region: unless(*region == Region::Any, region.name()),
            tenant: tenant.as_str().to_owned(),
            client_id: client_id.as_str().to_owned(),
            scopes: scopes.to_string(),
            resource: unless(!other_resource, cloud.resources()[1]),
        }
    }
}

/// Reads a profile's table from the document with this text.
pub(super) fn read(text: &str, name: &ProfileName, item: &Item) -> Result<Profile, WrongValue> {
    let mut written = WrittenProfile::default();
    let mut not_text = None;
    for (key, slot) in written.values_mut() {
        let Some(value) = item.get(key) else {
            continue;
        };
        match as_text(value) {
            Some(value) => *slot = value,
            None => not_text = not_text.or(Some((key, "is not text"))),
        }
    }
    let parsed = match not_text {
        Some(wrong) => Err(wrong),
        None => written.parse(),
    };
    parsed
        .map(|registration| Profile {
            name: name.clone(),
            registration,
        })
        .map_err(|(key, problem)| {
            // A missing value is reported at its table.
            let span = item.get(key).and_then(Item::span).or_else(|| item.span());
            WrongValue {
                line: line_at(text, span),
                key: format!("profile.{}.{key}", name.as_str()).into(),
                problem,
                readable: Box::new(written),
            }
        })
}

/// A text, or a list of texts joined with spaces.
fn as_text(item: &Item) -> Option<String> {
    if let Some(list) = item.as_array() {
        let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
        return words.map(|words| words.join(" "));
    }
    item.as_str().map(|text| text.trim().to_owned())
}
