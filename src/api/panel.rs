//! Logged-on users, open alerts and available actions of a machine.

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::is_refused_query;
use super::odata::{self, ALERTS_TOP};
use super::rate_limit::Lane;
use super::transport::Limits;
use super::wire::Noun;
use super::{ApiError, Client};
use crate::model::loose::Loose;
use crate::model::{
    Alert, Availability, AvailableActions, HeapBytes as _, Listed, LoggedOnUser, MachineId,
};

/// Memory limit of one list of one machine: many times the size of a thousand normal rows.
const MAX_LIST_BYTES: usize = 1 << 20;

impl Client {
    /// Users logged on to a machine, latest first. Needs `User.Read.All`.
    ///
    /// # Errors
    /// When the list could not be read.
    pub async fn logged_on_users(
        &self,
        id: &MachineId,
        lane: Lane,
    ) -> Result<Listed<LoggedOnUser>, ApiError> {
        let url = odata::path(
            &self.0.endpoints.api,
            &["machines", id.as_str(), "logonusers"],
        );
        let users = self.short_list(&url, lane, usize::MAX).await?;
        Ok(latest_users(users))
    }

    /// The unresolved alerts of a machine, worst first. Needs `Alert.Read` or `Alert.ReadWrite`.
    ///
    /// # Errors
    /// When the list could not be read.
    pub async fn open_alerts(&self, id: &MachineId, lane: Lane) -> Result<Listed<Alert>, ApiError> {
        let api = &self.0.endpoints.api;
        let [with_files, without, all] = &odata::alerts(api, id);
        let mut asked = self.short_list(with_files, lane, ALERTS_TOP).await;
        for url in [without, all] {
            if !matches!(&asked, Err(error) if is_refused_query(error)) {
                break;
            }
            asked = self.short_list(url, lane, ALERTS_TOP).await;
        }
        Ok(worst_open(asked?))
    }

    /// Actions that the service offers for a machine: undocumented, so a hint.
    ///
    /// # Errors
    /// When the list could not be read; callers continue without it.
    pub async fn available_actions(
        &self,
        id: &MachineId,
        lane: Lane,
    ) -> Result<AvailableActions, ApiError> {
        let segments = ["machines", id.as_str(), "availableMachineActions"];
        let url = odata::path(&self.0.endpoints.api, &segments);
        let (page, _) = self.list(&url, lane, Limits::ONE).await?;
        Ok(AvailableActions(page.items))
    }
}

fn latest_users(mut users: Listed<LoggedOnUser>) -> Listed<LoggedOnUser> {
    LoggedOnUser::newest_first(&mut users.items);
    users.keep_at_most(MAX_LIST_BYTES, LoggedOnUser::bytes);
    users
}

fn worst_open(mut alerts: Listed<Alert>) -> Listed<Alert> {
    // The service may have ignored the filter.
    alerts.items.retain(Alert::is_open);
    Alert::worst_first(&mut alerts.items);
    alerts.keep_at_most(MAX_LIST_BYTES, Alert::bytes);
    alerts
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireUser {
    id: Loose<Box<str>>,
    account_name: Loose<Box<str>>,
    account_domain: Loose<Box<str>>,
    first_seen: Loose<Timestamp>,
    last_seen: Loose<Timestamp>,
    logon_types: Loose<Box<str>>,
    is_domain_admin: Loose<bool>,
}

impl Noun for LoggedOnUser {
    fn read(json: &str) -> Option<Self> {
        let wire: WireUser = serde_json::from_str(json).ok()?;
        // The id is `domain\name`, and supplies both if their own properties are missing.
        let id = wire.id.0.unwrap_or_default();
        let (domain, name) = id.split_once('\\').unwrap_or(("", &id));
        let or = |reported: Loose<Box<str>>, otherwise: &str| {
            let otherwise = (!otherwise.trim().is_empty()).then(|| otherwise.into());
            reported.0.or(otherwise)
        };
        Some(Self {
            name: or(wire.account_name, name)?,
            domain: or(wire.account_domain, domain),
            first_seen: wire.first_seen.0,
            last_seen: wire.last_seen.0,
            logon_types: wire.logon_types.0,
            is_domain_admin: wire.is_domain_admin.0.unwrap_or_default(),
        })
    }
}

impl Noun for Alert {
    fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl Noun for Availability {
    fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

#[cfg(test)]
mod tests;
