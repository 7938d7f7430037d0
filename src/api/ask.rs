//! Asking the service for devices directly, whatever the state of the full list.

use jiff::Timestamp;
use url::Url;

use super::odata::{self, quoted};
use super::rate_limit::{Lane, later};
use super::transport::Limits;
use super::{ApiError, Client};
use crate::model::{Machine, MachineId, Question, same_name};

/// Devices that answer a question.
#[derive(Debug, Default)]
pub struct Found {
    pub machines: Vec<Machine>,
    /// Number of unreadable elements; the requested device may be among them.
    pub unreadable: usize,
    /// Whether there are more.
    pub is_cut: bool,
    /// Whether no device has the requested address now: these reported it last, some time ago.
    pub is_of_last_report: bool,
}

impl Client {
    /// The devices that answer a question; none when the service knows none. A person waits for the
    /// result.
    ///
    /// # Errors
    /// When the question could not be asked or was refused, after repeats.
    pub async fn ask(&self, question: &Question) -> Result<Found, ApiError> {
        match question {
            Question::Id(id) => self.by_id(id).await,
            Question::Name(name) => self.by_name(name).await,
            Question::NamePrefix(prefix) => self.by_prefix(prefix).await,
            Question::Address { ip, at } => self.by_address(*ip, *at).await,
            Question::User(name) => {
                let api = &self.0.endpoints.api;
                self.found(&odata::path(api, &["users", name, "machines"]))
                    .await
            }
            Question::EntraId(id) => {
                self.matching(&format!("aadDeviceId eq {}", quoted(id)))
                    .await
            }
        }
    }

    /// The request that a question begins with, for people: method and address without the query's
    /// encoding.
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

    async fn by_id(&self, id: &MachineId) -> Result<Found, ApiError> {
        match self.machine(id, Lane::Analyst).await {
            Ok(machine) => Ok(Found {
                machines: vec![machine],
                ..Found::default()
            }),
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => Ok(Found::default()),
            Err(error) => Err(error),
        }
    }

    /// Every record with the name, in any domain where it names none: twins belong to the answer.
    /// Whether the service is case-sensitive is not documented, so the usual spellings are
    /// all asked for in one request, and compared here.
    async fn by_name(&self, name: &str) -> Result<Found, ApiError> {
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
            // A service that takes no `or` is asked in the form that is documented by example.
            Err(error) if is_refused_query(&error) => {
                let filter = format!("startswith(computerDnsName,{})", quoted(host));
                self.matching(&filter).await?
            }
            other => other?,
        };
        found.machines.retain(|machine| {
            machine
                .computer_dns_name
                .as_deref()
                .is_some_and(|known| same_name(known, name))
        });
        Ok(found)
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Found, ApiError> {
        let begun = |prefix: &String| format!("startswith(computerDnsName,{})", quoted(prefix));
        let each: Vec<String> = spellings(prefix).iter().map(begun).collect();
        match self.matching(&each.join(" or ")).await {
            Err(error) if is_refused_query(&error) => {
                self.matching(&begun(&prefix.to_owned())).await
            }
            other => other,
        }
    }

    /// Devices that had the address within 15 minutes of the time. For the present, if there are none, those
    /// that reported it last.
    async fn by_address(
        &self,
        ip: std::net::IpAddr,
        at: Option<Timestamp>,
    ) -> Result<Found, ApiError> {
        let api = &self.0.endpoints.api;
        // By the service's clock, and a little before it: a time to come is refused.
        let lately = || {
            later(
                self.now(),
                self.service_ahead().unwrap_or_default().as_secs() - 60,
            )
        };
        let url = odata::machines_by_ip(api, ip, at.unwrap_or_else(lately));
        let found = self.found(&url).await?;
        if at.is_some() || !found.machines.is_empty() || found.unreadable > 0 {
            return Ok(found);
        }
        let filter = format!("lastIpAddress eq {}", quoted(&ip.to_string()));
        let found = self.matching(&filter).await?;
        Ok(Found {
            is_of_last_report: true,
            ..found
        })
    }

    async fn matching(&self, filter: &str) -> Result<Found, ApiError> {
        let url = odata::machines_where(&self.0.endpoints.api, filter);
        self.found(&url).await
    }

    pub(super) async fn found(&self, url: &Url) -> Result<Found, ApiError> {
        let read = self
            .list::<Machine>(url, Lane::Analyst, Limits::ACTION_LIST)
            .await;
        let (page, stop) = match read {
            // The documentation gives 404 for an empty list.
            Err(ApiError::Refused(refusal)) if refusal.is_not_found() => {
                return Ok(Found::default());
            }
            other => other?,
        };
        let is_cut = stop.is_some()
            || page.is_overfull
            || page.next_link.is_some()
            || page.received() >= odata::FOUND_TOP;
        let mut machines = page.items;
        machines.truncate(odata::FOUND_TOP);
        Ok(Found {
            machines,
            unreadable: page.unreadable,
            is_cut,
            is_of_last_report: false,
        })
    }
}

/// Whether the service rejects this form of query.
pub(super) fn is_refused_query(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused(refusal) if refusal.status == 400)
}

/// The text as written, in upper and in lower case; each once.
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
    fn each_spelling_is_asked_for_once() {
        assert_eq!(spellings("fin-1"), ["fin-1", "FIN-1"]);
        assert_eq!(spellings("FIN-1"), ["FIN-1", "fin-1"]);
        assert_eq!(spellings("Fin-1"), ["Fin-1", "fin-1", "FIN-1"]);
        assert_eq!(spellings("42"), ["42"]);
    }
}
