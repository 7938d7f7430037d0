//! Outcome of an order that creates or removes an indicator, read from the tenant's indicators.
//!
//! The service keeps no record of the request. Instead, the indicator carries the order's tag in
//! its texts: a block is done once a reading shows its indicator, a removal once a reading no
//! longer does.

use jiff::Timestamp;

use super::inputs::{EXPIRES, FILE, INDICATOR, REACTION};
use super::order::{Order, OrderEffect, Task};
use super::parameter::{Value, Values};
use super::spec::Recorded;
use crate::model::{Indicator, MachineAction, MachineActionId, MachineActionStatus, clean};

impl Task {
    pub(super) fn values(&self) -> Option<&Values> {
        match self {
            Self::Act { values, .. } => Some(values),
            Self::Cancel { .. } => None,
        }
    }

    /// Whether it creates an indicator.
    #[must_use]
    pub fn makes_indicator(&self) -> bool {
        self.record() == Recorded::Indicator && self.removes().is_none()
    }

    /// Whether it removes an indicator.
    #[must_use]
    pub fn removes_indicator(&self) -> bool {
        self.record() == Recorded::Indicator && self.removes().is_some()
    }

    /// Expiry of the indicator to create, if any.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let Some(Value::Time(at)) = self.values()?.get(&EXPIRES) else {
            return None;
        };
        Some(*at)
    }

    /// Action of the indicator to create, in the service's spelling.
    #[must_use]
    pub fn reaction(&self) -> Option<&'static str> {
        let Some(Value::Choice(choice)) = self.values()?.get(&REACTION) else {
            return None;
        };
        Some(choice.value)
    }

    /// The indicator to remove.
    #[must_use]
    pub fn indicator(&self) -> Option<MachineActionId> {
        let Some(Value::Text(id)) = self.values()?.get(&INDICATOR) else {
            return None;
        };
        MachineActionId::parse(id).ok()
    }

    /// Hash of the file (SHA-1 or SHA-256).
    #[must_use]
    pub fn file_hash(&self) -> Option<&str> {
        if let Some(Value::Sha256(digits)) = self.values()?.get(&FILE) {
            return Some(digits);
        }
        self.file().map(super::hash::Sha1::as_str)
    }
}

impl Order {
    /// Properties of a request that creates an indicator, in documentation order.
    pub(super) fn indicator_body(&self) -> Vec<(&'static str, serde_json::Value)> {
        if !self.task.makes_indicator() {
            return Vec::new();
        }
        let hash = self.task.file_hash().unwrap_or_default();
        let of_type = if hash.len() == 64 {
            "FileSha256"
        } else {
            "FileSha1"
        };
        let mut body = vec![("indicatorType", of_type.into())];
        body.extend(self.task.properties());
        body.extend([
            ("title", format!("cordon {}", self.entry).into()),
            ("description", self.comment_to_send().into()),
            // Required for an audit; for a block, the alerts show where the file was met.
            ("generateAlert", true.into()),
        ]);
        body
    }

    /// The response to an indicator request, in the shape of an action.
    ///
    /// # Errors
    /// The deviation from the order, or the missing property.
    pub fn answered_by(&self, made: &Indicator) -> Result<MachineAction, &'static str> {
        let ordered = &self.task;
        if !ordered.file_hash().is_some_and(|hash| made.is_about(hash)) {
            return Err("an indicator of another file");
        }
        if ordered.reaction() != Some(made.action.as_wire()) {
            return Err("an indicator that does something else");
        }
        if !is_same_second(made.expires, ordered.expires()) {
            return Err("an indicator with another expiry");
        }
        if made.tag() != Some(self.entry) {
            return Err("an indicator without this order's tag");
        }
        self.shown(made).ok_or("an indicator without an id")
    }

    /// Effect of the order, read from all indicators of its file; `known` is the accepted one.
    #[must_use]
    pub fn effect_among(
        &self,
        shown: &[Indicator],
        known: Option<&MachineActionId>,
    ) -> OrderEffect {
        if self.task.removes_indicator() {
            let removed = self.task.indicator();
            // An indicator of the file without an id may be the one.
            let is_there = |one: &Indicator| match &one.id {
                Some(id) => Some(id) == removed.as_ref(),
                None => (self.task.file_hash()).is_none_or(|hash| one.is_about(hash)),
            };
            return match self.gone() {
                Some(gone) if !shown.iter().any(is_there) => OrderEffect::Shown(Box::new(gone)),
                Some(_) | None => OrderEffect::NotShown,
            };
        }
        let is_of_file =
            |one: &&Indicator| (self.task.file_hash()).is_some_and(|hash| one.is_about(hash));
        let is_ours = |one: &&Indicator| {
            one.tag() == Some(self.entry) || one.id.is_some() && one.id.as_ref() == known
        };
        let ours = shown.iter().filter(is_of_file).filter(is_ours);
        // An indicator as ordered takes precedence over a different one.
        let is_other = |one: &&Indicator| self.task.reaction() != Some(one.action.as_wire());
        let Some(one) = ours.min_by_key(is_other) else {
            return OrderEffect::NotShown;
        };
        let how = match self.shown(one) {
            _ if is_other(&one) => clean(one.action.as_wire(), 40),
            Some(read) => return OrderEffect::Shown(Box::new(read)),
            None => "one without a number".into(),
        };
        OrderEffect::Contradicts(format!(
            "Defender shows it as {how}, which is not what was ordered"
        ))
    }

    /// The indicator in the shape of a succeeded action.
    fn shown(&self, made: &Indicator) -> Option<MachineAction> {
        let mut read = self.bare(made.id.clone()?)?;
        read.scope = Some(made.action.as_wire().into());
        read.requestor.clone_from(&made.by);
        read.requestor_comment.clone_from(&made.description);
        read.created = made.created;
        read.state = (!is_same_second(made.expires, self.task.expires())).then(|| {
            let until = made.expires.map_or_else(
                || "without an expiry".to_owned(),
                |at| format!("until {}", at.strftime("%Y-%m-%d %H:%M UTC")),
            );
            format!("Defender keeps it {until}, which is not what was ordered").into()
        });
        Some(read)
    }

    /// Completed removal, made from the response or from a reading without the indicator. Its id is
    /// the order's tag, because the indicator's id already identifies the block.
    #[must_use]
    pub fn gone(&self) -> Option<MachineAction> {
        self.bare(MachineActionId::parse(&self.entry.to_string()).ok()?)
    }

    fn bare(&self, id: MachineActionId) -> Option<MachineAction> {
        let wire_type = self.task.kind()?.spec().wire_type.clone();
        let mut bare = MachineAction::bare(id, wire_type, MachineActionStatus::Succeeded);
        bare.external_id = Some(self.entry.to_string().into());
        bare.file_identifier = self.task.file_hash().map(Into::into);
        Some(bare)
    }
}

/// Whether both are in the same second: the service keeps fractions, an order has none.
fn is_same_second(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.map(Timestamp::as_second) == other.map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, Draft, Subject};
    use crate::model::{IndicatorAction, MachineRef};

    const HASH: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

    fn order(kind: ActionKind) -> Order {
        let entry = crate::model::EntryId::parse("cdn-7F3K2Q9M").expect("a literal tag");
        let mut draft = Draft::new(entry, MachineRef::every_device(), Subject::Act(kind));
        draft.comment = "INC-4711".into();
        draft.set(&FILE, HASH);
        draft.set(&EXPIRES, "2026-12-06 07:40");
        draft.set(&INDICATOR, "995");
        draft.parse().expect("complete")
    }

    fn made() -> Indicator {
        Indicator {
            id: MachineActionId::parse("995").ok(),
            value: HASH.to_uppercase().into(),
            action: IndicatorAction::BlockAndRemediate,
            by: Some("jane@contoso.com".into()),
            created: None,
            expires: "2026-12-06T07:40:00.25Z".parse().ok(),
            title: None,
            description: Some("[cdn-7F3K2Q9M] INC-4711".into()),
        }
    }

    #[test]
    fn the_request_is_as_documented_and_carries_the_tag() {
        let body: serde_json::Map<_, _> = (order(ActionKind::BlockFile).body().into_iter())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let expected = serde_json::json!({
            "indicatorValue": HASH, "indicatorType": "FileSha1", "action": "BlockAndRemediate",
            "expirationTime": "2026-12-06T07:40:00Z", "title": "cordon cdn-7F3K2Q9M",
            "description": "[cdn-7F3K2Q9M] INC-4711", "generateAlert": true
        });
        assert_eq!(serde_json::Value::Object(body), expected);
        assert_eq!(order(ActionKind::RemoveBlock).body(), []);
    }

    #[test]
    fn an_incomplete_or_deviating_response_is_rejected() {
        let order = order(ActionKind::BlockFile);
        let whole = order.answered_by(&made()).expect("as ordered");
        assert_eq!((whole.id.as_str(), &whole.state), ("995", &None));
        let wrong = |change: fn(&mut Indicator)| {
            let mut other = made();
            change(&mut other);
            order.answered_by(&other).expect_err("another one")
        };
        for (change, why) in [
            (
                (|one| one.id = None) as fn(&mut Indicator),
                "an indicator without an id",
            ),
            (|one| one.value = "".into(), "an indicator of another file"),
            (
                |one| one.action = IndicatorAction::Audit,
                "an indicator that does something else",
            ),
            (|one| one.expires = None, "an indicator with another expiry"),
            (
                |one| one.description = None,
                "an indicator without this order's tag",
            ),
        ] {
            assert_eq!(wrong(change), why);
        }
    }

    #[test]
    fn a_block_is_found_by_its_tag_and_its_removal_by_its_absence() {
        let (block, removal) = (order(ActionKind::BlockFile), order(ActionKind::RemoveBlock));
        let is_shown = |effect| matches!(effect, OrderEffect::Shown(_));
        let mut theirs = made();
        theirs.description = Some("[cdn-00000001] theirs".into());
        assert!(is_shown(
            block.effect_among(&[theirs.clone(), made()], None)
        ));
        let others = std::slice::from_ref(&theirs);
        assert_eq!(block.effect_among(others, None), OrderEffect::NotShown);
        // An accepted indicator stays ours, even if its description is overwritten later.
        assert!(is_shown(block.effect_among(others, made().id.as_ref())));
        let mut audit = made();
        audit.action = IndicatorAction::Audit;
        let as_it_is = "Defender shows it as Audit, which is not what was ordered".to_owned();
        let read = block.effect_among(std::slice::from_ref(&audit), None);
        assert_eq!(read, OrderEffect::Contradicts(as_it_is));
        assert!(is_shown(block.effect_among(&[audit, made()], None)));
        assert_eq!(removal.effect_among(others, None), OrderEffect::NotShown);
        theirs.id = MachineActionId::parse("996").ok();
        assert!(is_shown(removal.effect_among(&[theirs], None)));
        let mut forever = made();
        forever.expires = None;
        let OrderEffect::Shown(read) = block.effect_among(&[forever], None) else {
            panic!("it is there");
        };
        let state = read.state.expect("a deviation");
        assert!(state.contains("without an expiry"), "{state}");
    }
}
