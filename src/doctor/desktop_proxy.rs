//! Desktop proxy settings that the HTTP client ignores. If there is no API, they are read with the
//! system's own command-line tool.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::platform;

/// Desktop proxy settings that the HTTP client ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DesktopProxy {
    None,
    /// A script decides for each URL (PAC), or is discovered on the network (WPAD).
    Script,
    /// Set by hand; only on systems where the HTTP client does not read it.
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

/// Time limit of a program; at most [`MAX_BYTES`] of its output are read.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_BYTES: u64 = 4096;

/// Output of a program; `None` if it is missing, fails or times out.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let printed = child.stdout.take()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let reader = std::thread::Builder::new().name("cordon-desktop-proxy".into());
    let reading = reader.spawn(move || {
        let mut text = Vec::new();
        let read = printed.take(MAX_BYTES).read_to_end(&mut text);
        sender.send(read.map(|_| text)).ok();
    });
    reading.ok()?;
    let text = receiver.recv_timeout(ANSWER_TIMEOUT);
    if text.is_err() {
        // Its children may still hold its output open; that is not waited for.
        child.kill().ok();
    }
    // A program that prints more than [`MAX_BYTES`] is stopped by its closed output.
    let is_good = child.wait().is_ok_and(|status| status.success());
    let text = text.ok()?.ok().filter(|_| is_good)?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn of_gnome(text: &str) -> DesktopProxy {
    match text.trim().trim_matches('\'') {
        "none" => DesktopProxy::None,
        "auto" => DesktopProxy::Script,
        "manual" => DesktopProxy::Manual,
        _ => DesktopProxy::Unknown,
    }
}

/// A manual proxy is already read by the HTTP client.
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
    fn proxy_script_is_recognised_on_each_system() {
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
