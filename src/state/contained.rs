//! Devices contained now, by anyone, according to the action history.

use std::borrow::Cow;

use jiff::Timestamp;

use super::State;
use crate::action::{Condition, ConditionState, Conditions, Evidence, type_noun};
use crate::guard::{Ownership, ownership};
use crate::model::{
    MachineAction, MachineActionId, MachineActionType, MachineId, MachineRef, requestor_name,
    requestors,
};

/// A device that is contained, about to be, or being released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contained {
    pub machine: MachineRef,
    pub condition: Condition,
    /// Requests behind a condition in force: the first one and its repetitions, oldest first.
    pub in_force: Vec<Request>,
    /// Whether it may have been lifted: the history does not show which action came last.
    pub is_unclear: bool,
    /// A request that has not ended, and its direction.
    pub pending: Option<(Direction, Request)>,
}

/// Direction of a pending request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    IntoIt,
    OutOfIt,
}

/// An action of the service that contains or releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub action: MachineActionId,
    pub kind: MachineActionType,
    /// Time of execution; for a pending request, the service's last update.
    pub at: Option<Timestamp>,
    /// The reported requestor; `None` if not reported.
    pub by: Option<Box<str>>,
    pub comment: Option<Box<str>>,
    pub whose: Ownership,
}

/// Containments for the signed-in account to release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayBack {
    /// Isolated or contained by this account, and not being released.
    pub to_release: Vec<MachineRef>,
    /// The number of this account's containments that are being lifted, by anyone.
    pub to_unrestrict: Vec<MachineRef>,
    /// The number of this account's pending containments: they can be cancelled.
    pub being_lifted: usize,
    /// Devices left out of the release.
    pub pending: usize,
    /// Containments that are not released with these.
    pub left_out: Vec<LeftOut>,
}

/// A device that is not released with the account's own containments, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub machine: MachineRef,
    pub condition: Condition,
    pub why: String,
}

impl State {
    /// Every device that is contained or changing, oldest first. One that is missing here may still be
    /// contained.
    #[must_use]
    pub fn contained(&self) -> Vec<Contained> {
        let mut found = Vec::new();
        for (id, actions, conditions) in self.actions.machines() {
            let of = |condition| self.contained_by(id, condition, actions, conditions);
            found.extend(Condition::ALL.into_iter().filter_map(of));
        }
        found.sort_by(|a, b| (a.since(), &a.machine.id).cmp(&(b.since(), &b.machine.id)));
        found
    }

    /// The record of a machine, or else the name in its actions.
    pub(super) fn named(&self, id: &MachineId, actions: &[MachineAction]) -> MachineRef {
        let known = self.machine(id).map(|machine| machine.reference());
        known.unwrap_or_else(|| MachineRef {
            id: id.clone(),
            dns_name: actions.iter().find_map(|a| a.computer_dns_name.clone()),
        })
    }

    fn contained_by(
        &self,
        id: &MachineId,
        condition: Condition,
        actions: &[MachineAction],
        conditions: &Conditions,
    ) -> Option<Contained> {
        let ended = conditions.ended(condition);
        let is_unclear = matches!(ended, ConditionState::Unclear(_));
        let (in_force, pending) = match conditions.state(condition) {
            ConditionState::Yes(evidence) | ConditionState::Unclear(evidence) => {
                (Some(evidence), None)
            }
            // Lifting a condition that is not known to hold contains nothing.
            ConditionState::Changing { to: false, .. }
                if ended.in_force().is_none() && conditions.opposed(condition).is_none() =>
            {
                return None;
            }
            ConditionState::Changing { to, evidence } => {
                let direction = if *to {
                    Direction::IntoIt
                } else {
                    Direction::OutOfIt
                };
                (ended.in_force(), Some((direction, evidence)))
            }
            ConditionState::No(_) | ConditionState::Unknown => return None,
        };
        let request = |id: &MachineActionId| {
            let action = actions.iter().find(|action| action.id == *id)?;
            let evidence = Evidence::of(action);
            let own: Vec<_> = self.own_actions(self.entries.creator_of(id)).collect();
            Some(Request {
                action: evidence.action,
                kind: action.kind.clone(),
                at: evidence.since,
                by: evidence.by,
                comment: action.requestor_comment.clone(),
                whose: ownership(action, self.session.account(), &own),
            })
        };
        let in_force = in_force.into_iter().flat_map(Evidence::actions);
        Some(Contained {
            machine: self.named(id, actions),
            condition,
            in_force: in_force.filter_map(request).collect(),
            is_unclear,
            pending: pending.and_then(|(to, evidence)| Some((to, request(&evidence.action)?))),
        })
    }
}

impl Contained {
    /// Start of the condition, or the last report of a pending request: rows do not jump on a release.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        let pending = self.pending.as_ref().map(|(_, request)| request);
        self.in_force.first().or(pending)?.at
    }

    /// Requests that set the condition or are about to, oldest first.
    #[must_use]
    pub fn setters(&self) -> &[Request] {
        match (&*self.in_force, &self.pending) {
            ([], Some((Direction::IntoIt, request))) => std::slice::from_ref(request),
            (in_force, _) => in_force,
        }
    }

    /// Ownership of the containment: this account's own only if it made every request behind it.
    #[must_use]
    pub fn whose(&self) -> Option<Ownership> {
        Ownership::of_all(self.setters().iter().map(|request| request.whose))
    }

    /// Whether a release is under way.
    #[must_use]
    pub const fn is_leaving(&self) -> bool {
        matches!(self.pending, Some((Direction::OutOfIt, _)))
    }

    /// Condition and requestors: `isolated by ann, again by you`.
    #[must_use]
    pub fn by_whom(&self) -> String {
        let sure = if self.is_unclear { "perhaps " } else { "" };
        let word = self.condition.word().to_lowercase();
        let by = requestors(self.setters().iter().map(Request::by_whom));
        format!("{sure}{word} by {by}")
    }

    /// Why it is not released with the account's own containments; `None` if it is.
    fn why_left_out(&self) -> Option<String> {
        let is_mine = self.whose() == Some(Ownership::Mine);
        match (&*self.in_force, &self.pending) {
            ([], Some((Direction::IntoIt, request))) => {
                let (noun, by) = (type_noun(&request.kind), request.by_whom());
                Some(format!("{noun} by {by} still pending"))
            }
            ([], _) => Some(format!(
                "{} and release both pending",
                self.condition.noun()
            )),
            (_, Some((Direction::OutOfIt, _))) if is_mine => Some("being released".to_owned()),
            _ if is_mine => None,
            _ => Some(self.by_whom()),
        }
    }
}

impl Request {
    /// The requestor, safe to show.
    #[must_use]
    pub fn by_whom(&self) -> Cow<'_, str> {
        match self.whose {
            Ownership::Mine => "you".into(),
            Ownership::NotOurs | Ownership::Unknown => requestor_name(self.by.as_deref()),
        }
    }
}

impl WayBack {
    /// The signed-in account's own among these.
    #[must_use]
    pub fn of(contained: &[Contained]) -> Self {
        let mut way_back = Self::default();
        for row in contained {
            if let Some(why) = row.why_left_out() {
                way_back.leave_out(row, why);
            } else {
                let list = match row.condition {
                    Condition::Restricted => &mut way_back.to_unrestrict,
                    Condition::Isolated | Condition::Contained => &mut way_back.to_release,
                };
                if !list.contains(&row.machine) {
                    list.push(row.machine.clone());
                }
            }
            let is_mine = !row.in_force.is_empty() && row.whose() == Some(Ownership::Mine);
            way_back.being_lifted += usize::from(is_mine && row.is_leaving());
            let is_coming = |(to, request): &(Direction, Request)| {
                *to == Direction::IntoIt && request.whose == Ownership::Mine
            };
            way_back.pending += usize::from(row.pending.as_ref().is_some_and(is_coming));
        }
        way_back
    }

    /// Adds a device that is left out, with the reason.
    pub fn leave_out(&mut self, row: &Contained, why: String) {
        self.left_out.push(LeftOut {
            machine: row.machine.clone(),
            condition: row.condition,
            why,
        });
    }

    /// The devices that one form releases from this condition, and those that it leaves out.
    #[must_use]
    pub fn to_release_from(&self, condition: Condition) -> (&[MachineRef], Vec<&LeftOut>) {
        let machines = match condition {
            Condition::Restricted => &self.to_unrestrict,
            Condition::Isolated | Condition::Contained => &self.to_release,
        };
        let mut left_out: Vec<&LeftOut> = Vec::new();
        for one in &self.left_out {
            let is_known = left_out
                .iter()
                .any(|known| known.machine.id == one.machine.id);
            let is_in = machines.iter().any(|machine| machine.id == one.machine.id);
            if one.condition.ends_with(condition) && !is_known && !is_in {
                left_out.push(one);
            }
        }
        (machines, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::guard::Policy;
    use crate::journal::{Author, Record};
    use crate::message::Event;
    use crate::model::{Epoch, MachineActionStatus, Mode};
    use crate::state::fixtures;

    fn action(
        machine: &str,
        kind: MachineActionType,
        status: MachineActionStatus,
        at: i64,
    ) -> MachineAction {
        let id = format!("{machine}-{at}");
        let id = MachineActionId::parse(&id).expect("a literal id");
        let mut action = MachineAction::bare(id, kind, status);
        action.machine_id = MachineId::parse(machine).ok();
        action.computer_dns_name = Some(format!("PC-{machine}").into());
        action.created = Timestamp::from_second(at).ok();
        action.last_updated = action.created;
        action.requestor = Some("sam@contoso.com".into());
        action.requestor_comment = Some("beacon".into());
        action
    }

    #[test]
    fn contained_is_sorted_oldest_first_without_released_devices() {
        use MachineActionStatus::{Failed, Pending, Succeeded};
        use MachineActionType::{Isolate, RestrictCodeExecution, Unisolate};
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        let actions = vec![
            action("a1", Isolate, Succeeded, 50),
            action("b2", Isolate, Succeeded, 10),
            action("b2", Unisolate, Succeeded, 20),
            action("c3", RestrictCodeExecution, Succeeded, 30),
            action("d4", Isolate, Failed, 5),
            action("e5", Isolate, Succeeded, 1),
            action("e5", Unisolate, Pending, 60),
            action("f6", Isolate, Succeeded, 70),
            MachineAction {
                id: MachineActionId::parse("f6-release").expect("a literal id"),
                ..action("f6", Unisolate, Succeeded, 70)
            },
        ];
        state.apply(Event::Actions {
            epoch: Epoch(0),
            actions,
        });
        let found = state.contained();
        let seen: Vec<_> = found
            .iter()
            .map(|c| {
                let pending = c.pending.as_ref().map(|(to, _)| *to);
                (
                    c.machine.id.as_str(),
                    c.condition,
                    !c.in_force.is_empty(),
                    pending,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("e5", Condition::Isolated, true, Some(Direction::OutOfIt)),
                ("c3", Condition::Restricted, true, None),
                ("a1", Condition::Isolated, true, None),
                ("f6", Condition::Isolated, true, None),
            ]
        );
        let unclear: Vec<_> = found.iter().map(|row| row.is_unclear).collect();
        assert_eq!(unclear, [false, false, false, true]);
        assert_eq!(found[1].machine.name(), "PC-c3");
        let [setter] = found[0].setters() else {
            panic!("{found:?}")
        };
        assert_eq!(setter.by.as_deref(), Some("sam@contoso.com"));
        assert_eq!(setter.comment.as_deref(), Some("beacon"));
    }

    fn signed_in(name: &str) -> Event {
        let account = fixtures::account("5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10", Some(name));
        Event::Session {
            status: fixtures::signed_in(account),
            epoch: Epoch(0),
        }
    }

    /// One of Jane's orders on this machine, with its last record.
    fn entry(tag: &str, machine: &str, record: Record) -> Event {
        let author = Author {
            tenant: "5f0c7a31-9d1e-4c0f-8a55-3d2b6f7e9a10".into(),
            ..fixtures::author()
        };
        let order = fixtures::order(
            tag,
            fixtures::machine_ref(machine, None),
            ActionKind::Isolate,
        );
        let entry = fixtures::entry(author, order, vec![Record::Sent, record]);
        Event::Entry(Box::new(entry))
    }

    /// The way back covers only this account's requests that the service credits to it.
    #[test]
    fn mine_is_never_also_others_or_unknown() {
        use MachineActionStatus::{Pending, Succeeded};
        use MachineActionType::{Isolate, RestrictCodeExecution, Unisolate};
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.apply(signed_in("jane@contoso.com"));
        let by = |requestor: &str, action: MachineAction| MachineAction {
            requestor: (!requestor.is_empty()).then(|| requestor.into()),
            ..action
        };
        let (jane, sam) = ("jane@contoso.com", "sam@contoso.com");
        let tagged = MachineAction {
            requestor_comment: Some("[cdn-7F3K2Q9M] beacon".into()),
            ..by("", action("a7", Isolate, Succeeded, 7))
        };
        let actions = vec![
            by(jane, action("a1", Isolate, Succeeded, 1)),
            by(sam, action("a2", Isolate, Succeeded, 2)),
            by("", action("a3", Isolate, Succeeded, 3)),
            by(jane, action("a4", RestrictCodeExecution, Succeeded, 4)),
            by(jane, action("a5", Isolate, Pending, 5)),
            by(jane, action("a6", Isolate, Succeeded, 6)),
            by(sam, action("a6", Unisolate, Pending, 60)),
            tagged,
            by(sam, action("a8", Isolate, Succeeded, 8)),
        ];
        let epoch = Epoch(0);
        state.apply(Event::Actions { epoch, actions });
        let done = |id: &str| fixtures::finished(id, Succeeded);
        state.apply(entry("cdn-7F3K2Q9M", "a7", done("a7-7")));
        // Someone else was first: the entry has their action, and created none.
        let theirs = Record::NotOurs {
            action: MachineActionId::parse("a8-8").expect("a literal id"),
            requestor: sam.into(),
            created: None,
        };
        state.apply(entry("cdn-00000001", "a8", theirs));
        let way_back = WayBack::of(&state.contained());
        let ids = |list: &[MachineRef]| {
            let ids = list.iter().map(|machine| machine.id.to_string());
            ids.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ids(&way_back.to_release), "a1 a7");
        assert_eq!(ids(&way_back.to_unrestrict), "a4");
        assert_eq!((way_back.being_lifted, way_back.pending), (1, 1));
        let (_, left_out) = way_back.to_release_from(Condition::Isolated);
        let left_out = left_out
            .iter()
            .map(|one| (one.machine.id.as_str(), &*one.why));
        assert_eq!(
            left_out.collect::<Vec<_>>(),
            [
                ("a2", "isolated by sam@contoso.com"),
                ("a3", "isolated by an unknown requestor"),
                ("a5", "isolation by you still pending"),
                ("a6", "being released"),
                ("a8", "isolated by sam@contoso.com"),
            ]
        );
        assert!(way_back.to_release_from(Condition::Restricted).1.is_empty());
        let found = state.contained();
        let whose = |id: &str| {
            let mut rows = found.iter();
            let row = rows.find(|row| row.machine.id.as_str() == id);
            row.and_then(Contained::whose)
        };
        assert_eq!(whose("a2"), Some(Ownership::NotOurs));
        assert_eq!(whose("a3"), Some(Ownership::Unknown));
        assert_eq!(whose("a8"), Some(Ownership::NotOurs));
    }

    /// Repeating a colleague's containment does not transfer it, and a colleague who repeats one shares it.
    #[test]
    fn containment_set_by_several_accounts_is_nobodys_own() {
        use MachineActionStatus::Succeeded;
        use MachineActionType::Isolate;
        let mut state = State::new(Mode::Demo, "Demo", Policy::default());
        state.apply(signed_in("jane@contoso.com"));
        let by = |requestor: &str, machine: &str, at| MachineAction {
            requestor: Some(format!("{requestor}@contoso.com").into()),
            ..action(machine, Isolate, Succeeded, at)
        };
        let actions = vec![
            by("sam", "a1", 1),
            by("jane", "a1", 50),
            by("jane", "a2", 2),
            by("sam", "a2", 60),
            by("jane", "a3", 3),
            by("jane", "a3", 70),
        ];
        let epoch = Epoch(0);
        state.apply(Event::Actions { epoch, actions });
        let way_back = WayBack::of(&state.contained());
        let ids = way_back
            .to_release
            .iter()
            .map(|machine| machine.id.as_str());
        assert_eq!(ids.collect::<Vec<_>>(), ["a3"]);
    }
}
