//! Whether a window can be opened, and why not: a missing display is distinguished from a missing or old OpenGL.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eframe::glow::HasContext as _;

/// Environment variable for Mesa's software rendering.
const SOFTWARE: &str = "LIBGL_ALWAYS_SOFTWARE";

/// Time limit for the window to appear. If none can be created, Windows' event loop may wait
/// forever for a message of the missing window.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs `late` unless the returned sender is dropped in time. It is kept in the closure that
/// creates the window's content, until there is a window.
#[must_use]
pub fn unless_opened(timeout: Duration, late: impl FnOnce() + Send + 'static) -> SyncSender<()> {
    let (opened, wait) = sync_channel(0);
    let watch = move || {
        if wait.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            late();
        }
    };
    // Without the thread a window still appears.
    std::thread::Builder::new()
        .name("cordon-window".into())
        .spawn(watch)
        .ok();
    opened
}

/// Why no window could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No display server, or none that accepts this program.
    NoDisplay,
    /// A display, but no OpenGL, or a version too old.
    NoOpenGl { why: String },
    /// Neither a window nor a reason within [`OPEN_TIMEOUT`].
    Silent,
    /// An error of this program at the window's start.
    Ours { why: String },
}

impl From<&eframe::Error> for Trouble {
    fn from(error: &eframe::Error) -> Self {
        let why = if let eframe::Error::NoGlutinConfigs(_, cause) = error {
            // Without the requested template.
            cause.to_string()
        } else {
            error.to_string()
        };
        match error {
            eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_) => Self::NoDisplay,
            eframe::Error::Glutin(_)
            | eframe::Error::NoGlutinConfigs(..)
            | eframe::Error::OpenGL(_) => Self::NoOpenGl { why },
            eframe::Error::AppCreation(_) => Self::Ours { why },
        }
    }
}

impl Trouble {
    /// Finding and remedy, for a terminal.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::NoDisplay => {
                "There is no display; `cordon self-test` and `cordon doctor` work without one"
                    .into()
            }
            Self::NoOpenGl { .. } | Self::Silent | Self::Ours { .. } => {
                format!("No window: {}.\n{}", self.found(), self.remedy())
            }
        }
    }

    /// The finding in one line.
    #[must_use]
    pub fn found(&self) -> String {
        match self {
            Self::NoDisplay => {
                let set = ["WAYLAND_DISPLAY", "DISPLAY"]
                    .into_iter()
                    .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
                match set {
                    Some(name) => {
                        format!("there is no display to open a window on: {name} is set, and nothing answers there")
                    }
                    None if cfg!(any(windows, target_os = "macos")) => {
                        "there is no display to open a window on".to_owned()
                    }
                    None => "there is no display to open a window on: neither WAYLAND_DISPLAY nor DISPLAY is set"
                        .to_owned(),
                }
            }
            Self::NoOpenGl { why } => format!(
                "there is a display, but no OpenGL 2.0 or newer to draw the window with ({why})"
            ),
            Self::Silent => format!(
                "none could be opened within {} seconds, and the system does not say why",
                OPEN_TIMEOUT.as_secs()
            ),
            Self::Ours { why } => format!("the window could not be made ({why})"),
        }
    }

    /// The remedy.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoDisplay | Self::Silent => {
                "Start cordon from a desktop session; `cordon self-test` and `cordon doctor` work without one".into()
            }
            Self::NoOpenGl { .. } if cfg!(windows) => {
                "Install the graphics driver. A remote desktop (RDP) or a virtual machine often has OpenGL 1.1 only: \
                 sign in at the computer itself, or put Mesa's software renderer (opengl32.dll) beside cordon.exe"
                    .into()
            }
            Self::NoOpenGl { .. } if std::env::var_os(SOFTWARE).is_some() => {
                "Software rendering was requested and is not available: install Mesa's drivers (libgl1-mesa-dri and \
                 libegl1 on Debian)"
                    .into()
            }
            Self::NoOpenGl { .. } => {
                "Draw in software: LIBGL_ALWAYS_SOFTWARE=1 cordon. If that does not help either, install Mesa's \
                 drivers (libgl1-mesa-dri and libegl1 on Debian). A remote desktop (RDP, VNC) or a virtual machine \
                 often has no other way"
                    .into()
            }
            Self::Ours { .. } => "Start it with CORDON_LOG=debug and report what it says".into(),
        }
    }
}

/// Creates a window that is never shown, and describes its renderer. If there is neither a window
/// nor a reason, `late` runs meanwhile.
///
/// # Errors
/// Why there is no window.
pub fn probe(late: impl FnOnce() + Send + 'static) -> Result<String, Trouble> {
    let options = eframe::NativeOptions {
        viewport: eframe::egui::ViewportBuilder::default().with_visible(false),
        ..eframe::NativeOptions::default()
    };
    let found = Arc::new(OnceLock::new());
    let found_in_window = Arc::clone(&found);
    let opened = unless_opened(OPEN_TIMEOUT, late);
    let probed = eframe::run_native(
        "cordon",
        options,
        Box::new(move |cc| {
            drop(opened);
            let version = cc.gl.as_ref().map(|gl| gl.version().clone());
            found_in_window.set(version).ok();
            // Ends before anything is drawn.
            Err("probed".into())
        }),
    );
    match (found.get(), probed) {
        (Some(Some(version)), _) => Ok(format!(
            "a window can be opened, drawn with {} {}.{} {}",
            if version.is_embedded {
                "OpenGL ES"
            } else {
                "OpenGL"
            },
            version.major,
            version.minor,
            version.vendor_info
        )
        .trim_end()
        .to_owned()),
        (Some(None), _) | (None, Ok(())) => Ok("a window can be opened".to_owned()),
        (None, Err(error)) => Err((&error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_window_that_never_appears_times_out() {
        let wait_for = |timeout, drops_at_once: bool| {
            let (late, was_late) = sync_channel(1);
            let opened = unless_opened(timeout, move || {
                late.send(()).ok();
            });
            let opened = (!drops_at_once).then_some(opened);
            let is_late = was_late.recv().is_ok();
            drop(opened);
            is_late
        };
        assert!(wait_for(Duration::from_millis(1), false));
        assert!(!wait_for(Duration::MAX, true));
        let said = Trouble::Silent.sentence();
        assert!(said.contains("within 20 seconds"), "{said}");
        assert!(said.contains("desktop session"), "{said}");
    }

    #[test]
    fn an_old_opengl_is_not_reported_as_a_missing_display() {
        let old = "OpenGL 1.1 is too old".to_owned();
        let trouble = Trouble::from(&eframe::Error::OpenGL(old.into()));
        assert!(matches!(trouble, Trouble::NoOpenGl { .. }));
        let said = trouble.sentence();
        assert!(
            said.contains("there is a display, but no OpenGL 2.0"),
            "{said}"
        );
        assert!(said.contains("OpenGL 1.1 is too old"), "{said}");
        assert!(said.contains("RDP") && said.contains("software"), "{said}");
        let none = Trouble::NoDisplay.sentence();
        assert!(
            none.contains("no display") && none.contains("self-test"),
            "{none}"
        );
    }
}
