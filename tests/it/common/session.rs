//! Signing in with a code and with the browser, and its failures.

use cordon::explain::Explanation;
use cordon::message::Command;
use cordon::model::{KeyringState, SessionStatus};

use super::Engine;

impl Engine {
    /// Begins a sign-in that waits for approval.
    pub fn begin_sign_in(&mut self) {
        self.until("the start", |s| s.session != SessionStatus::Restoring);
        self.request_code();
    }

    fn request_code(&mut self) {
        self.send(Command::SignIn);
        self.until("a code", |s| {
            matches!(s.session, SessionStatus::WaitingForPerson(_))
        });
    }

    /// Begins the sign-in with the browser and returns the page that the console would open.
    pub fn begin_in_browser(&mut self) -> String {
        self.until("the start", |s| s.session != SessionStatus::Restoring);
        self.send(Command::SignInWithBrowser);
        self.until("a page", |s| {
            matches!(s.session, SessionStatus::InBrowser(_))
        });
        let SessionStatus::InBrowser(prompt) = &self.state.session else {
            panic!("just seen")
        };
        prompt.page.to_string()
    }

    /// Approves a code as the browser's user.
    pub fn approve_code(&mut self) {
        self.request_code();
        assert!(self.control.approve_latest());
    }

    pub fn until_sign_in_needed(&mut self) {
        self.until("the need", |s| {
            matches!(s.session, SessionStatus::NeedsSignIn { .. })
        });
    }

    /// Waits until a renewal has failed, and returns why.
    pub fn until_renewal_fails(&mut self) -> Explanation {
        self.until("the reason", |s| s.renewal_failure.is_some());
        self.state.renewal_failure.clone().expect("just seen")
    }

    /// Waits until a sign-in or a sign-out has failed, and returns why.
    pub fn until_sign_in_fails(&mut self) -> Explanation {
        self.until("the reason", |s| s.sign_in_failure.is_some());
        self.state.sign_in_failure.clone().expect("just seen")
    }

    /// Waits for the question whether the account is the right one.
    pub fn until_asked_who(&mut self) {
        self.until("the question", |s| {
            matches!(s.session, SessionStatus::DifferentAccount { .. })
        });
    }

    pub fn until_saved(&mut self) {
        self.until("saving", |s| s.keyring == KeyringState::Saved);
    }

    pub fn sign_in(&mut self) {
        self.begin_sign_in();
        assert!(self.control.approve_latest());
        self.until_listed();
    }
}
