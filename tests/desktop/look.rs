//! Light and dark, large and small: a picture of each screen, with a check of its look.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::console::{Console, start_command};
use crate::session::Session;
use crate::tenant::Tenant;

/// Mean lightness of a theme, from 0 for black to 1 for white; behind a form everything is dimmed.
pub const DARK: std::ops::Range<f64> = 0.0..0.3;
const LIGHT: std::ops::Range<f64> = 0.5..1.0;

const SWITCH_THEME: &str = "ctrl+shift+l";

#[test]
fn every_screen_follows_the_theme() {
    let session = Session::start("themes");
    let tenant = Tenant::start(&session);
    let console = Console::start(&session, &tenant);
    let window = &console.window;
    let themes = [("light", LIGHT), ("dark", DARK)];

    // First the system's theme, then light, then dark.
    for ((theme, lightness), now) in themes.clone().into_iter().zip(["system", "light"]) {
        window.press(&format!("Theme: {now}"));
        show(&session, &format!("{theme}-1-sign-in"), &lightness);
    }
    console.sign_in(&tenant);
    let device = tenant.devices("FIN-LT-042").remove(0);
    console.choose(&device);
    for (theme, lightness) in themes {
        if theme == "light" {
            // From dark to system, then to light. By key: with an account, the strip keeps its buttons in a
            // menu.
            window.key(SWITCH_THEME);
            session.picture("system-2-devices");
            window.key(SWITCH_THEME);
        } else {
            window.key(SWITCH_THEME);
        }
        show(&session, &format!("{theme}-2-devices"), &lightness);
        window.press("Isolate…");
        window.fill("Comment", "INC-4711 beacon seen");
        show(&session, &format!("{theme}-3-form"), &lightness);
        window.key("Escape");
        window.wait_until_gone("Exact text to be sent");
    }
    assert_eq!(tenant.changes(), []);
}

#[test]
fn small_screen_with_large_letters_is_enough_for_the_job() {
    let session = Session::start_sized("small-and-large", "1280x720");
    let tenant = Tenant::start(&session);
    let mut command = start_command(&session, &tenant);
    command.env("WINIT_X11_SCALE_FACTOR", "2");
    let console = Console::run(&session, command);
    let window = &console.window;
    console.sign_in(&tenant);
    window.picture("1-devices");
    window.type_text("ENG-LT-030");
    window.wait_for_content("Search devices", "ENG-LT-030");
    window.key("Return");
    window.wait_for_node("the panel over the list", |node| {
        node.is_live_button("Back to the list")
    });
    window.wait_for_text("State unknown: no isolation");
    window.picture("2-panel");
    window.key("ctrl+i");
    window.wait_for_focus("Keep connected");
    window.type_text("INC-4711 beacon seen");
    window.wait_for_content("Comment", "INC-4711 beacon seen");
    let device = tenant.devices("ENG-LT-030").remove(0);
    let confirm = format!("Isolate {}", device.quoted);
    let button = window.wait_for_node("the button to arm", |node| node.is_live_button(&confirm));
    let comment = window.wait_for_node("the comment", |node| {
        node.role == "entry" && node.name == "Comment"
    });
    // Scrolling there is animated.
    thread::sleep(Duration::from_secs(1));
    window.picture("3-form");
    let (_, top, _, height) = window.extents(&button);
    let (_, field_top, _, field_height) = window.extents(&comment);
    assert!(top + height <= 720, "the button is on the screen");
    assert!(
        field_top + field_height <= top,
        "typed text is visible above the buttons, not at {field_top} with the buttons at {top}"
    );
    window.key("ctrl+Return");
    console.wait_until_accepted(&device, "Isolate device");
    window.picture("4-accepted");
}

/// Keeps a picture once its mean lightness is in this range.
pub fn show(session: &Session, name: &str, lightness: &std::ops::Range<f64>) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let mean = measure(session, &session.picture(name), "%[fx:mean]");
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

/// A property of a picture, in the format language of `identify`.
pub fn measure(session: &Session, picture: &Path, figure: &str) -> f64 {
    let output = session
        .command("identify")
        .args(["-format", figure])
        .arg(picture)
        .output()
        .expect("`identify` of ImageMagick measures pictures; tests/run installs it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("`identify` says {output:?}"))
}
