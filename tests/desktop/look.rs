//! Light and dark: a picture of each screen, and that it has the lightness it should have.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::session::Session;
use crate::tenant::Tenant;

/// Mean lightness, from 0 for black to 1 for white, between which a theme lies; behind a form all is dimmed.
const DARK: std::ops::Range<f64> = 0.0..0.3;
const LIGHT: std::ops::Range<f64> = 0.5..1.0;

#[test]
fn every_screen_follows_the_theme() {
    let session = Session::start("themes");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    let themes = [("light", LIGHT), ("dark", DARK)];

    // First as the system, then light, then dark.
    for (theme, lightness) in themes.clone() {
        window.press("Theme");
        show(&session, &format!("{theme}-1-sign-in"), &lightness);
    }
    console.sign_in(&tenant);
    let device = tenant.devices("FIN-LT-042").remove(0);
    console.choose(&device);
    for (theme, lightness) in themes {
        if theme == "light" {
            // Dark comes before system, and that before light.
            window.press("Theme");
            session.picture("system-2-devices");
        }
        window.press("Theme");
        show(&session, &format!("{theme}-2-devices"), &lightness);
        window.press("Isolate…");
        window.fill("Comment", "INC-4711 beacon seen");
        show(&session, &format!("{theme}-3-form"), &lightness);
        window.key("Escape");
        window.wait_until_gone("Exact text to be sent");
    }
    assert_eq!(tenant.changes(), []);
}

/// Keeps a picture, once its mean lightness is in this range.
fn show(session: &Session, name: &str, lightness: &std::ops::Range<f64>) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let mean = lightness_of(session, &session.picture(name));
        if lightness.contains(&mean) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{name} has a lightness of {mean}, not {lightness:?}"
        );
        thread::sleep(Duration::from_millis(200));
    }
}

fn lightness_of(session: &Session, picture: &Path) -> f64 {
    let output = session
        .command("identify")
        .args(["-format", "%[fx:mean]"])
        .arg(picture)
        .output()
        .expect("`identify` of ImageMagick measures pictures; tests/run installs it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("`identify` says {output:?}"))
}
