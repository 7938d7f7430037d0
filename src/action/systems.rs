//! Systems on which the documentation allows an action (rule 9): a table of our own.

use super::inputs::SELECTIVE;
use super::parameter::Values;
use crate::model::{Machine, OsFamily};

/// Whether the documentation allows an action on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Yes,
    /// Not listed, or not known; warns.
    Unlisted(&'static str),
    /// Excluded explicitly; blocks.
    No(&'static str),
}

const NOT_LISTED: &str = "not on the list of supported systems";

pub(super) const fn is_windows(system: OsFamily) -> bool {
    matches!(
        system,
        OsFamily::WindowsClient
            | OsFamily::WindowsServer
            | OsFamily::OldWindowsServer
            | OsFamily::OldWindows
    )
}

pub(super) const fn is_linux(system: OsFamily) -> bool {
    matches!(system, OsFamily::Linux)
}

pub(super) const fn knows_selective(system: OsFamily) -> bool {
    is_windows(system) || matches!(system, OsFamily::MacOs)
}

pub(super) fn isolation(machine: &Machine, values: &Values) -> Support {
    match machine.os_family() {
        OsFamily::Linux if values.has(&SELECTIVE) => {
            Support::No("selective isolation is not available on Linux; choose Full")
        }
        OsFamily::WindowsClient | OsFamily::WindowsServer | OsFamily::MacOs | OsFamily::Linux => {
            Support::Yes
        }
        OsFamily::OldWindowsServer => Support::Unlisted("needs the modern agent"),
        OsFamily::Mobile => Support::No("isolation is for Windows, macOS and Linux only"),
        OsFamily::OldWindows | OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

pub(super) fn release(machine: &Machine, _: &Values) -> Support {
    if machine.is_unmanaged() {
        return Support::Yes;
    }
    // A condition that can be set can be lifted, regardless of the tables (rule 10): a contained
    // phone may be reported as any system.
    match isolation(machine, &Values::default()) {
        Support::No(why) => Support::Unlisted(why),
        support @ (Support::Unlisted(_) | Support::Yes) => support,
    }
}

/// A device without a sensor runs nothing: the other devices isolate or release it.
pub(super) const fn any(_: &Machine, _: &Values) -> Support {
    Support::Yes
}

pub(super) fn restriction(machine: &Machine, _: &Values) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient | OsFamily::WindowsServer => Support::Yes,
        OsFamily::Linux | OsFamily::MacOs | OsFamily::Mobile => Support::No("Windows only"),
        OsFamily::OldWindowsServer | OsFamily::OldWindows | OsFamily::Unknown => {
            Support::Unlisted(NOT_LISTED)
        }
    }
}

pub(super) fn quarantine(machine: &Machine, _: &Values) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient => Support::Yes,
        OsFamily::Linux | OsFamily::MacOs | OsFamily::Mobile => {
            Support::No("Windows 10 and 11 only")
        }
        OsFamily::WindowsServer | OsFamily::OldWindowsServer | OsFamily::OldWindows => {
            Support::Unlisted("documented for Windows 10 and 11 only")
        }
        OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

pub(super) fn scan(machine: &Machine, _: &Values) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient | OsFamily::MacOs | OsFamily::Linux => Support::Yes,
        OsFamily::WindowsServer | OsFamily::OldWindowsServer | OsFamily::OldWindows => {
            Support::Unlisted("documented for Windows 10 and 11, macOS and Linux")
        }
        OsFamily::Mobile | OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

pub(super) fn investigation(machine: &Machine, _: &Values) -> Support {
    match machine.os_family() {
        OsFamily::WindowsClient | OsFamily::WindowsServer => Support::Yes,
        OsFamily::OldWindowsServer
        | OsFamily::OldWindows
        | OsFamily::MacOs
        | OsFamily::Linux
        | OsFamily::Mobile => {
            Support::Unlisted("documented for Windows 10 and 11, and for Server 2019 and later")
        }
        OsFamily::Unknown => Support::Unlisted(NOT_LISTED),
    }
}

/// The same systems support both.
pub(super) fn package(machine: &Machine, values: &Values) -> Support {
    scan(machine, values)
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::ActionKind;
    use super::super::inputs::{FULL, ISOLATION_TYPE};
    use super::*;
    use crate::model::OnboardingStatus;

    fn machine(system: &str, onboarding: OnboardingStatus) -> Machine {
        let id = crate::model::MachineId::parse("a1").expect("a literal id");
        let mut machine = Machine::bare(id);
        machine.os_platform = Some(system.into());
        machine.onboarding_status = Some(onboarding);
        machine
    }

    #[test]
    fn isolation_caveats_fit_the_system() {
        let said = |systems: &[OsFamily]| {
            let texts = ActionKind::Isolate.spec().caveats_on(systems);
            texts.collect::<Vec<_>>().join("\n")
        };
        let linux = said(&[OsFamily::Linux]);
        for (part, is_there) in [
            ("iptables", true),
            ("selective isolation is not available", true),
            ("VPN", true),
            ("choose Selective", false),
            ("Hyper-V", false),
        ] {
            assert_eq!(linux.contains(part), is_there, "{part}: {linux}");
        }
        let windows = said(&[OsFamily::WindowsServer]);
        assert!(windows.contains("Hyper-V") && windows.contains("(PAC file)"));
        assert!(!windows.contains("iptables"), "{windows}");
        let mac = said(&[OsFamily::MacOs]);
        assert!(mac.contains("choose Selective") && !mac.contains("Hyper-V"));
        for systems in [
            &[OsFamily::Unknown][..],
            &[OsFamily::Linux, OsFamily::WindowsClient],
        ] {
            let all = said(systems);
            assert!(all.contains("Hyper-V") && all.contains("iptables"), "{all}");
        }
    }

    #[test]
    fn devices_without_sensor_are_contained_on_any_os() {
        use OnboardingStatus::{CanBeOnboarded, Onboarded};
        let phone = machine("iOS", CanBeOnboarded);
        let supports = |kind: ActionKind, machine: &Machine, how: Option<&'static str>| {
            let values = how.and_then(|how| ISOLATION_TYPE.parse(how).ok());
            let values = values.map(|value| (&kind.spec().parameters[0], value));
            (kind.spec().supports)(machine, &values.into_iter().collect())
        };
        let (full, selective) = (Some(FULL.value), Some(SELECTIVE.value));
        assert_eq!(supports(ActionKind::Contain, &phone, None), Support::Yes);
        assert!(matches!(
            supports(ActionKind::Isolate, &phone, full),
            Support::No(_)
        ));
        for back in [ActionKind::Unisolate, ActionKind::ReleaseContainment] {
            assert_eq!(supports(back, &phone, None), Support::Yes);
        }
        let linux = machine("Ubuntu", Onboarded);
        assert_eq!(supports(ActionKind::Isolate, &linux, full), Support::Yes);
        assert!(matches!(
            supports(ActionKind::Isolate, &linux, selective),
            Support::No(_)
        ));
    }
}
