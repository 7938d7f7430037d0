//! System dialogs to choose a file or folder.

use std::sync::Arc;
use std::thread;

use egui::Context;

use crate::platform::dialogs;
use crate::ui::choose::{Choose, Chosen};

/// Opens a dialog, and requests a repaint once it has a result.
pub(super) fn open(what: Choose, chosen: &Chosen, window: &Context) {
    let (answer, window) = (Arc::clone(chosen), window.clone());
    let ask = move || {
        let path = match what {
            Choose::File => dialogs::file("The file whose hash is wanted"),
            Choose::Folder => dialogs::folder("The folder for the package"),
        };
        answer.set(path).ok();
        window.request_repaint();
    };
    if dialogs::BY_WINDOW {
        ask();
    } else if (thread::Builder::new()
        .name("cordon-choose".into())
        .spawn(ask))
    .is_err()
    {
        chosen.set(None).ok();
    }
}
