//! Pages of the Defender portal: of a device, and of an alert.

use crate::model::{MachineId, Mode};
use crate::state::State;

/// The page of a device. A device id needs no URL encoding.
pub fn machine_page(state: &State, id: &MachineId) -> Option<String> {
    page(state, "machines", id.as_str())
}

/// The page of an alert; `None` also for an id in an unknown form.
pub fn alert_page(state: &State, id: &str) -> Option<String> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_usual = !id.is_empty() && id.chars().all(is_safe);
    page(state, "alerts", id).filter(|_| is_usual)
}

fn page(state: &State, kind: &str, id: &str) -> Option<String> {
    let host = state.cloud?.portal_host();
    Some(format!("https://{host}/{kind}/{id}"))
}

/// Why this page cannot be opened, if so.
pub fn trouble(state: &State, page: Option<&str>) -> Option<&'static str> {
    match state.mode {
        Mode::Live if state.cloud.is_none() => Some("This server belongs to no Defender portal"),
        Mode::Live => page
            .is_none()
            .then_some("Its id does not have the form that Defender uses"),
        Mode::Demo => Some("Not available in the demo"),
        Mode::StandIn => Some("Not available with a stand-in server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Policy;
    use crate::model::Cloud;

    fn state(cloud: Option<Cloud>) -> State {
        let mut state = State::new(Mode::Live, "anywhere", Policy::default());
        state.cloud = cloud;
        state
    }

    #[test]
    fn portal_page_is_on_the_host_of_the_cloud() {
        let id = MachineId::parse("a19c07").expect("a literal id");
        for (cloud, host) in [
            (Some(Cloud::Commercial), Some("security.microsoft.com")),
            (Some(Cloud::Gcc), Some("security.microsoft.com")),
            (Some(Cloud::GccHigh), Some("security.microsoft.us")),
            (Some(Cloud::Dod), Some("security.apps.mil")),
            (None, None),
        ] {
            let state = state(cloud);
            let at = |rest: &str| host.map(|host| format!("https://{host}/{rest}"));
            assert_eq!(
                machine_page(&state, &id),
                at("machines/a19c07"),
                "{cloud:?}"
            );
            let alert = "da637551227677560813_-961444813";
            let page = alert_page(&state, alert);
            assert_eq!(page, at(&format!("alerts/{alert}")), "{cloud:?}");
            assert_eq!(trouble(&state, page.as_deref()).is_none(), host.is_some());
        }
    }

    #[test]
    fn alert_id_that_would_change_the_path_has_no_page() {
        let state = state(Some(Cloud::Commercial));
        for id in ["", "../machines", "a b", "a?x=1", "a#b", "a%2Fb"] {
            assert_eq!(alert_page(&state, id), None, "{id}");
        }
    }
}
