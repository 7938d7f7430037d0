//! The tenant's interface for tests and control calls.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::encoding::Compress;
use super::faults::Fault;
use super::identity::Application;
use super::lifecycle::Status;
use super::log::{LoggedRequest, RequestKind};
use super::tenant::SimTenant;
use super::tokens::Person;

/// A handle on a running tenant: its clock, faults, accounts and request log.
#[derive(Debug, Clone)]
pub struct SimControl(pub(super) Arc<SimTenant>);

impl SimControl {
    /// Advances the tenant's clock.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// The tenant's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub fn inject(&self, fault: Fault) {
        self.0.lock().faults.arm(fault);
    }

    pub fn clear_faults(&self) {
        self.0.lock().faults.clear();
    }

    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.0.lock().faults.armed().to_vec()
    }

    /// All requests in order of arrival, without control calls.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.0.lock().log.clone()
    }

    /// Number of requests to change something, with any outcome.
    #[must_use]
    pub fn changes_requested(&self) -> usize {
        self.0
            .lock()
            .log
            .iter()
            .filter(|request| request.kind == RequestKind::Change)
            .count()
    }

    /// The tenant's indicators in the service's format.
    #[must_use]
    pub fn indicators(&self) -> Vec<Value> {
        let inner = self.0.lock();
        let all = inner.indicators.all.iter();
        all.map(super::indicator::Indicator::json).collect()
    }

    /// Creates a file indicator for a SHA-1 on behalf of `by`, or removes it.
    pub fn indicate_as(&self, by: &str, sha1: &str, action: Option<&str>, description: &str) {
        let now = self.0.clock.now();
        self.0
            .lock()
            .indicators
            .change_as(by, sha1, action, description, now);
    }

    /// Adds this many indicators that count towards the limit but are not listed.
    pub fn crowd_indicators(&self, unlisted: usize) {
        self.0.lock().indicators.unlisted = unlisted;
    }

    /// Approves a device code like the user in the browser; false if no such code is pending.
    #[must_use]
    pub fn approve(&self, user_code: &str) -> bool {
        let now = self.0.clock.now();
        self.0.lock().identity.decide(user_code, true, now)
    }

    /// Approves the newest pending code.
    #[must_use]
    pub fn approve_latest(&self) -> bool {
        self.decide_latest(true)
    }

    /// Declines the newest pending code.
    #[must_use]
    pub fn decline_latest(&self) -> bool {
        self.decide_latest(false)
    }

    fn decide_latest(&self, approve: bool) -> bool {
        let now = self.0.clock.now();
        let mut inner = self.0.lock();
        let code = inner.identity.latest_code(now);
        code.is_some_and(|code| inner.identity.decide(&code, approve, now))
    }

    /// Declines this code; false if no such code is pending.
    #[must_use]
    pub fn decline(&self, user_code: &str) -> bool {
        let now = self.0.clock.now();
        self.0.lock().identity.decide(user_code, false, now)
    }

    /// Expires all device codes.
    pub fn expire_codes(&self) {
        let now = self.0.clock.now();
        self.0.lock().identity.expire_codes(now);
    }

    /// Ends all sign-ins: access and refresh tokens become invalid.
    pub fn revoke_sign_ins(&self) {
        self.0.lock().identity.revoke();
    }

    /// Expires all access tokens; refresh tokens stay valid.
    pub fn expire_access_tokens(&self) {
        let now = self.0.clock.now();
        self.0.lock().identity.expire_access_tokens(now);
    }

    /// Sets the permissions granted to the application. Removed ones are refused at once, added
    /// ones need a new access token.
    pub fn set_permissions(&self, scopes: &[&str]) {
        self.0.lock().identity.granted = scopes.iter().map(ToString::to_string).collect();
    }

    /// Sets the account of later sign-ins: object id, sign-in name, display name.
    pub fn sign_in_as(&self, oid: &str, upn: &str, name: &str) {
        self.0.lock().identity.person = Person::new(oid, upn, name);
    }

    /// Removes the application from the tenant, or restores it.
    pub fn remove_application(&self, is_removed: bool) {
        self.0.lock().identity.application = if is_removed {
            Application::Removed
        } else {
            Application::Registered
        };
    }

    /// Sets the account whose tokens later renewals return: object id, sign-in name, display name;
    /// `None` for the signed-in one.
    pub fn renew_as(&self, somebody: Option<(&str, &str, &str)>) {
        let person = somebody.map(|(oid, upn, name)| Person::new(oid, upn, name));
        self.0.lock().identity.renews_as = person;
    }

    /// Sets the claims, as JSON, that later sign-ins must request; else AADSTS50076.
    pub fn want_claims(&self, claims: Option<&str>) {
        self.0.lock().identity.wanted_claims = claims.map(str::to_owned);
    }

    /// All tokens, codes, verifiers, states and package keys so far, which must not leak.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let inner = self.0.lock();
        let links = inner.packages.secrets();
        inner.identity.secrets().into_iter().chain(links).collect()
    }

    /// Sets the poll interval of later device codes in seconds; initially 5.
    pub fn set_poll_interval(&self, secs: u64) {
        self.0.lock().identity.poll_interval = secs;
    }

    /// Whether polling too fast gets `slow_down`. Initially off, as in Entra.
    pub fn set_strict_polling(&self, strict: bool) {
        self.0.lock().identity.strict_polling = strict;
    }

    /// Whether used refresh tokens stay valid, as in Entra. Initially off: reuse revokes the family.
    pub fn set_lenient_rotation(&self, lenient: bool) {
        self.0.lock().identity.lenient_rotation = lenient;
    }

    /// Sets the call limits; initially 100 a minute and 1,500 an hour.
    pub fn set_limits(&self, per_minute: usize, per_hour: usize) {
        self.0.lock().limits.set(per_minute, per_hour);
    }

    /// All investigations in the service's format.
    #[must_use]
    pub fn investigations(&self) -> Vec<Value> {
        let now = self.0.clock.now();
        self.0.lock().investigations.all(now)
    }

    /// Starts an investigation of this machine as a colleague or a rule; returns its number, or
    /// `None` for an unknown machine.
    #[must_use]
    pub fn investigate_as_colleague(&self, machine_id: &str) -> Option<String> {
        let (tenant, now) = (&self.0, self.0.clock.now());
        let index = tenant.fleet.find_id(machine_id)?;
        let mut inner = tenant.lock();
        let begun = super::investigations::begin(tenant, &mut inner, index, now, 90);
        begun["id"].as_str().map(str::to_owned)
    }

    /// Ends all running investigations in this state.
    pub fn end_investigations(&self, state: &str) {
        let now = self.0.clock.now();
        self.0.lock().investigations.end_all(state, now);
    }

    /// The package of this action, as served by the storage.
    #[must_use]
    pub fn package(&self, action: &str) -> Vec<u8> {
        super::packages::package(action, self.0.lock().packages.size, 0)
    }

    /// Sets the compression of responses, if the client accepts it.
    pub fn set_compression(&self, how: Compress) {
        self.0.lock().compress = how;
    }

    /// Hides new actions from reads for this long, like another regional host.
    pub fn hide_new_actions(&self, duration: Duration) {
        self.0.lock().hidden_for = duration;
    }

    /// Starts an action as a colleague in the portal; returns its id; `None` if either is unknown.
    #[must_use]
    pub fn act_as_colleague(
        &self,
        machine_id: &str,
        action_type: &str,
        comment: &str,
    ) -> Option<String> {
        self.act_as(super::tenant::COLLEAGUE, machine_id, action_type, comment)
    }

    /// [`Self::act_as_colleague`] for the account with this sign-in name.
    #[must_use]
    pub fn act_as(
        &self,
        upn: &str,
        machine_id: &str,
        action_type: &str,
        comment: &str,
    ) -> Option<String> {
        self.0.act_as(upn, machine_id, action_type, comment)
    }

    /// Forces an action's status; false for an unknown action or status.
    #[must_use]
    pub fn set_status(&self, action_id: &str, status: &str) -> bool {
        let now = self.0.clock.now();
        let Ok(status) = status.parse::<Status>() else {
            return false;
        };
        let mut inner = self.0.lock();
        let found = inner
            .actions
            .iter_mut()
            .find(|action| action.id.eq_ignore_ascii_case(action_id));
        found.is_some_and(|action| {
            action.force(status, now);
            true
        })
    }

    /// Moves an action to another machine's record, like a merge; false for an unknown action.
    #[must_use]
    pub fn move_action(&self, action_id: &str, machine_id: &str) -> bool {
        let mut inner = self.0.lock();
        let mut actions = inner.actions.iter_mut();
        let found = actions.find(|action| action.id.eq_ignore_ascii_case(action_id));
        found.is_some_and(|action| {
            machine_id.clone_into(&mut action.machine_id);
            true
        })
    }

    /// Sets the server of later package links, such as `http://127.0.0.1:8080`.
    pub fn keep_packages_at(&self, storage: &str) {
        self.0.lock().packages.storage = Some(storage.to_owned());
    }

    /// The tags of a machine; empty for an unknown one.
    #[must_use]
    pub fn tags(&self, machine_id: &str) -> Vec<String> {
        super::tags::of(&self.0, machine_id)
    }

    /// Adds a tag to a machine, as a colleague.
    pub fn tag(&self, machine_id: &str, tag: &str) {
        super::tags::add(&self.0, machine_id, tag);
    }

    /// Conditions in force on a machine and whether an action is pending, in words; empty for an
    /// unchanged one.
    #[must_use]
    pub fn state_of(&self, machine_id: &str) -> Vec<&'static str> {
        self.0.lock().state_of(machine_id)
    }

    /// Cancels a machine's pending actions and reverts its conditions, as a colleague.
    pub fn put_back(&self, machine_id: &str) {
        self.0.put_back(machine_id);
    }

    /// Leaves new actions on this machine in progress.
    pub fn never_finish(&self, machine_id: &str) {
        let id = machine_id.to_ascii_lowercase();
        self.0.lock().never_finish.insert(id);
    }

    /// Lets the next action on this machine fail with this HRESULT.
    pub fn fail_next(&self, machine_id: &str, hresult: i32) {
        let id = machine_id.to_ascii_lowercase();
        self.0.lock().fail_next.insert(id, hresult);
    }

    /// Ids and names of all machines.
    #[must_use]
    pub fn machine_ids(&self) -> Vec<(String, Option<String>)> {
        let fleet = &self.0.fleet;
        (0..fleet.len())
            .filter_map(|index| Some((fleet.id(index)?.to_owned(), fleet.name(index))))
            .collect()
    }

    /// All machine actions in the service's format, oldest first, including hidden ones.
    #[must_use]
    pub fn actions(&self) -> Vec<serde_json::Value> {
        self.0
            .lock()
            .actions
            .iter()
            .map(super::lifecycle::Action::json)
            .collect()
    }
}
