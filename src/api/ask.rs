//! Direct device queries to the service, independent of the full list.

use jiff::Timestamp;
use url::Url;

use super::odata::{self, FOUND_TOP, quoted};
use super::rate_limit::{Lane, later};
use super::{ApiError, Client};
use crate::model::{Listed, Machine, MachineId, Question, same_name};

/// Devices that match a query.
#[derive(Debug, Default)]
pub struct Found {
    pub machines: Listed<Machine>,
    /// Whether no device has the requested address now: these reported it last, some time ago.
    pub is_of_last_report: bool,
}

impl From<Listed<Machine>> for Found {
    fn from(machines: Listed<Machine>) -> Self {
        Self {
            machines,
            is_of_last_report: false,
        }
    }
}

impl Client {
    /// The devices that match a query, possibly none. A user waits for the result.
    ///
    /// # Errors
    /// When the request failed or was refused, after retries.
    pub async fn ask(&self, question: &Question) -> Result<Found, ApiError> {
        let machines = match question {
            Question::Id(id) => self.by_id(id).await,
            Question::Name(name) => self.by_name(name).await,
            Question::NamePrefix(prefix) => self.by_prefix(prefix).await,
            Question::Address { ip, at } => return self.by_address(*ip, *at).await,
            Question::User(name) => {
                let api = &self.0.endpoints.api;
                self.found(&odata::path(api, &["users", name, "machines"]))
                    .await
            }
            Question::EntraId(id) => {
                self.matching(&format!("aadDeviceId eq {}", quoted(id)))
                    .await
            }
        };
        machines.map(Found::from)
    }

    /// The first request of a query, for display: method and URL without percent-encoding.
    #[must_use]
    pub fn request_of(question: &Question) -> String {
        let text = match question {
            Question::Id(id) => format!("GET /machines/{id}"),
            Question::Name(name) => {
                format!("GET /machines?$filter=computerDnsName eq {}", quoted(name))
            }
            Question::NamePrefix(prefix) => format!(
                "GET /machines?$filter=startswith(computerDnsName,{})",
                quoted(prefix)
            ),
            Question::Address { ip, .. } => format!("GET /machines/findbyip(ip='{ip}')"),
            Question::User(name) => format!("GET /users/{name}/machines"),
            Question::EntraId(id) => format!("GET /machines?$filter=aadDeviceId eq {}", quoted(id)),
        };
        crate::model::clean(&text, 120).into_owned()
    }

    async fn by_id(&self, id: &MachineId) -> Result<Listed<Machine>, ApiError> {
        let machine = self.machine(id, Lane::Analyst).await;
        empty_if_not_found(machine.map(|machine| vec![machine].into()))
    }

    /// Every device with the name, in any domain if the query has none: duplicates are included.
    /// Whether the service is case-sensitive is undocumented, so the usual spellings go into one
    /// request and the results are compared here.
    async fn by_name(&self, name: &str) -> Result<Listed<Machine>, ApiError> {
        let host = name.split('.').next().unwrap_or(name);
        let each: Vec<String> = spellings(host)
            .iter()
            .map(|host| {
                let (whole, begun) = (quoted(host), quoted(&format!("{host}.")));
                format!("computerDnsName eq {whole} or startswith(computerDnsName,{begun})")
            })
            .collect();
        let asked = self.matching(&each.join(" or ")).await;
        let mut found = match asked {
            // A service that rejects `or` gets the form in the documented example.
            Err(error) if is_refused_query(&error) => {
                let filter = format!("startswith(computerDnsName,{})", quoted(host));
                self.matching(&filter).await?
            }
            other => other?,
        };
        found.items.retain(|machine| {
            machine
                .computer_dns_name
                .as_deref()
                .is_some_and(|known| same_name(known, name))
        });
        Ok(found)
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Listed<Machine>, ApiError> {
        let begun = |prefix: &String| format!("startswith(computerDnsName,{})", quoted(prefix));
        let each: Vec<String> = spellings(prefix).iter().map(begun).collect();
        match self.matching(&each.join(" or ")).await {
            Err(error) if is_refused_query(&error) => {
                self.matching(&begun(&prefix.to_owned())).await
            }
            other => other,
        }
    }

    /// Devices that had the address within 15 minutes of the time. For the present, falls back to
    /// those that reported it last.
    async fn by_address(
        &self,
        ip: std::net::IpAddr,
        at: Option<Timestamp>,
    ) -> Result<Found, ApiError> {
        let api = &self.0.endpoints.api;
        // Slightly before the service's present time: it refuses times in the future.
        let lately = || {
            later(
                self.now(),
                self.service_ahead().unwrap_or_default().as_secs() - 60,
            )
        };
        let url = odata::machines_by_ip(api, ip, at.unwrap_or_else(lately));
        let found = self.found(&url).await?;
        if at.is_some() || !found.items.is_empty() || found.unreadable > 0 {
            return Ok(found.into());
        }
        let filter = format!("lastIpAddress eq {}", quoted(&ip.to_string()));
        Ok(Found {
            machines: self.matching(&filter).await?,
            is_of_last_report: true,
        })
    }

    async fn matching(&self, filter: &str) -> Result<Listed<Machine>, ApiError> {
        let url = odata::machines_where(&self.0.endpoints.api, filter);
        self.found(&url).await
    }

    pub(super) async fn found(&self, url: &Url) -> Result<Listed<Machine>, ApiError> {
        let read = self.short_list(url, Lane::Analyst, FOUND_TOP).await;
        let mut found = empty_if_not_found(read)?;
        found.items.truncate(FOUND_TOP);
        Ok(found)
    }
}

/// The documentation gives 404 for an empty list.
fn empty_if_not_found<T>(read: Result<Listed<T>, ApiError>) -> Result<Listed<T>, ApiError> {
    match read {
        Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(Listed::default()),
        other => other,
    }
}

/// Whether the service rejects this form of query.
pub(super) fn is_refused_query(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused(refusal) if refusal.status == 400)
}

/// The text as entered, in upper case and in lower case, without duplicates.
fn spellings(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    all.dedup();
    let first = all[0].clone();
    let mut number = 0;
    all.retain(|other| {
        number += 1;
        number == 1 || *other != first
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_requested_without_duplicates() {
        assert_eq!(spellings("fin-1"), ["fin-1", "FIN-1"]);
        assert_eq!(spellings("FIN-1"), ["FIN-1", "fin-1"]);
        assert_eq!(spellings("Fin-1"), ["Fin-1", "fin-1", "FIN-1"]);
        assert_eq!(spellings("42"), ["42"]);
    }
}
