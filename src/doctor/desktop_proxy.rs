//! Proxy settings of the desktop that the HTTP client does not follow. Where there is no other way they
//! are asked of the program with which the system shows them.

use std::process::{Command, Stdio};

use crate::platform;

/// What the desktop says about a proxy, as far as the HTTP client does not see it by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DesktopProxy {
    None,
    /// A script decides for each address (PAC), or is looked for in the network (WPAD).
    Script,
    /// Set by hand; only where the HTTP client does not take it over.
    Manual,
    Unknown,
}

pub(super) fn read() -> DesktopProxy {
    if let Some(settings) = platform::proxy_settings() {
        return settings
            .script
            .map_or(DesktopProxy::None, |_| DesktopProxy::Script);
    }
    if cfg!(target_os = "macos") {
        return output("scutil", &["--proxy"]).map_or(DesktopProxy::Unknown, |t| of_scutil(&t));
    }
    let mode = ["get", "org.gnome.system.proxy", "mode"];
    output("gsettings", &mode).map_or(DesktopProxy::Unknown, |text| of_gnome(&text))
}

/// What a program prints; `None` when it is not there or fails.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn of_gnome(text: &str) -> DesktopProxy {
    match text.trim().trim_matches('\'') {
        "none" => DesktopProxy::None,
        "auto" => DesktopProxy::Script,
        "manual" => DesktopProxy::Manual,
        _ => DesktopProxy::Unknown,
    }
}

/// One set by hand is taken over by the HTTP client.
fn of_scutil(text: &str) -> DesktopProxy {
    let is_on = |name: &str| {
        text.lines().any(|line| {
            let (key, value) = line.split_once(':').unwrap_or_default();
            key.trim() == name && value.trim() == "1"
        })
    };
    if is_on("ProxyAutoConfigEnable") || is_on("ProxyAutoDiscoveryEnable") {
        DesktopProxy::Script
    } else {
        DesktopProxy::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_recognised_on_each_system() {
        assert_eq!(of_gnome("'auto'\n"), DesktopProxy::Script);
        assert_eq!(of_gnome("'manual'\n"), DesktopProxy::Manual);
        assert_eq!(of_gnome("'none'\n"), DesktopProxy::None);
        assert_eq!(of_gnome("No such schema"), DesktopProxy::Unknown);
        let scutil = "<dictionary> {\n  HTTPSEnable : 1\n  ProxyAutoConfigEnable : 1\n}\n";
        assert_eq!(of_scutil(scutil), DesktopProxy::Script);
        assert_eq!(
            of_scutil("<dictionary> {\n  ProxyAutoConfigEnable : 0\n}"),
            DesktopProxy::None
        );
    }
}
