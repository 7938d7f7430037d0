//! The tenant's indicators.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::{shifted, written};

/// The first indicator's number.
const FIRST: usize = 994;

#[derive(Debug)]
pub(super) struct Indicators {
    pub(super) all: Vec<Indicator>,
    pub(super) next: usize,
    /// Unlisted indicators that count towards the limit.
    pub(super) unlisted: usize,
}

#[derive(Debug)]
pub(super) struct Indicator {
    pub(super) id: usize,
    /// The request's body, with creator and time added.
    pub(super) sent: Map<String, Value>,
    pub(super) by: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) updated_by: Option<String>,
    pub(super) expires: Option<Timestamp>,
}

impl Indicators {
    /// The story's initial state: a colleague has blocked a file.
    pub(super) fn new(begun: Timestamp) -> Self {
        let sent = json!({
            "indicatorValue": "4388963aaa83afe2042a46a3c017ad50bdcdafb3", "indicatorType": "FileSha1",
            "action": "BlockAndRemediate", "severity": "Low", "title": "Unwanted software",
            "description": "INC-20871 unwanted software", "generateAlert": false
        });
        let theirs = Indicator {
            id: FIRST,
            sent: sent.as_object().cloned().unwrap_or_default(),
            by: "s.weber@contoso.com".to_owned(),
            created: shifted(begun, -3 * 86_400),
            updated: shifted(begun, -3 * 86_400),
            updated_by: None,
            expires: Some(shifted(begun, 27 * 86_400)),
        };
        Self {
            all: vec![theirs],
            next: FIRST + 1,
            unlisted: 0,
        }
    }

    /// Creates an indicator of a file for a month on behalf of `by`, or removes the existing ones.
    pub(super) fn change_as(
        &mut self,
        by: &str,
        sha1: &str,
        action: Option<&str>,
        description: &str,
        now: Timestamp,
    ) {
        let is_of_file = |one: &Indicator| one.text("indicatorValue").eq_ignore_ascii_case(sha1);
        let Some(action) = action else {
            return self.all.retain(|one| !is_of_file(one));
        };
        let sent = json!({
            "indicatorValue": sha1, "indicatorType": "FileSha1", "action": action, "title": "theirs",
            "description": description, "generateAlert": true
        });
        self.all.push(Indicator {
            id: self.next,
            sent: sent.as_object().cloned().unwrap_or_default(),
            by: by.to_owned(),
            created: now,
            updated: now,
            updated_by: None,
            expires: Some(shifted(now, 30 * 86_400)),
        });
        self.next += 1;
    }

    /// Removes expired indicators.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.all.retain(|one| one.expires.is_none_or(|at| at > now));
    }
}

impl Indicator {
    fn text(&self, name: &str) -> &str {
        self.sent.get(name).and_then(Value::as_str).unwrap_or("")
    }

    /// Identity is value, type and action: one value may have several actions.
    pub(super) fn is_same(&self, other: &Map<String, Value>) -> bool {
        let names = ["indicatorType", "action"];
        let alike = names
            .iter()
            .all(|name| self.sent.get(*name) == other.get(*name));
        let value = other.get("indicatorValue").and_then(Value::as_str);
        alike && value.is_some_and(|value| value.eq_ignore_ascii_case(self.text("indicatorValue")))
    }

    pub(super) fn json(&self) -> Value {
        let sent = |name: &str| self.sent.get(name).cloned().unwrap_or_default();
        json!({
            "id": self.id.to_string(), "indicatorValue": sent("indicatorValue"), "indicatorType": sent("indicatorType"),
            "action": sent("action"), "createdBy": self.by, "severity": self.sent.get("severity").cloned().unwrap_or_else(|| json!("Informational")),
            "category": 1, "application": sent("application"), "educateUrl": sent("educateUrl"), "bypassDurationHours": null,
            "title": sent("title"), "description": sent("description"), "recommendedActions": sent("recommendedActions"),
            "creationTimeDateTimeUtc": written(self.created), "expirationTime": self.expires.map(written),
            "lastUpdateTime": written(self.updated), "lastUpdatedBy": self.updated_by,
            "rbacGroupNames": self.sent.get("rbacGroupNames").cloned().unwrap_or_else(|| json!([])), "rbacGroupIds": [],
            "notificationId": null, "notificationBody": null, "version": null, "mitreTechniques": [],
            "historicalDetection": false, "lookBackPeriod": null,
            "generateAlert": self.sent.get("generateAlert").cloned().unwrap_or(json!(false)), "additionalInfo": null,
            "createdByDisplayName": self.by, "externalId": null, "createdBySource": "PublicApi", "certificateInfo": null
        })
    }
}
