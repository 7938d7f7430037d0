//! The About dialog: version, licences of the crates in it, and where its data is stored.

use egui::{ColorImage, Id, RichText, ScrollArea, TextureHandle, TextureOptions, Ui, Vec2};

use super::Cx;
use super::commands::UiCommand;
use super::theme::text;
use super::widgets::{
    Dialog, UiExt as _, closing_ui, copy_labelled_ui, copyable_ui, foldable_ui, section_ui,
};

/// Every crate in the program, with its version and a line for each licence. A test compares it with what
/// cargo reports.
const CRATES: &str = include_str!("../../assets/licences/crates.txt");
const ICON: &[u8] = include_bytes!("../../assets/icon/cordon.png");
const ICON_SIDE: f32 = 56.0;
/// Maximum height of the list of crates, in points.
const LIST_HEIGHT: f32 = 240.0;

/// The icon for the title bar and the window list; on Linux the desktop entry may override it.
#[must_use]
pub fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(ICON).unwrap_or_default()
}

/// Draws the open dialog; returns whether it stays open.
pub fn about_ui(ui: &Ui, cx: &Cx<'_>) -> bool {
    let dialog = Dialog::new(Id::unique("about"), UiCommand::ShowAbout.spec().title);
    dialog.plain().show_until(ui.ctx(), |ui, is_opening| {
        let closes = closing_ui(ui, "Close", is_opening);
        ui.horizontal(|ui| {
            icon_ui(ui);
            ui.vertical(|ui| {
                let name = format!("cordon {}", env!("CARGO_PKG_VERSION"));
                ui.label(RichText::new(&name).text_style(text::device()));
                ui.label("A console for containment through Microsoft Defender for Endpoint");
                copy_labelled_ui(ui, "version", &name);
            });
        });
        ui.wrapped("cordon is not a Microsoft product. Microsoft's names are used to say what it works with");
        section_ui(ui, "Your data");
        data_ui(ui, cx);
        section_ui(ui, "Licences");
        ui.wrapped("cordon: MIT or Apache-2.0, as you like. Fonts: Inter and JetBrains Mono, under the SIL Open Font Licence (OFL-1.1)");
        let label = format!("Built from {} crates", crate_count());
        foldable_ui(ui, &label, crates_ui);
        closes
    })
}

/// Paths of the journal and the settings.
pub fn data_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let journal = cx.state.journal_facts.file.as_deref();
    let settings = cx.state.settings.file.as_deref();
    let known = [("journal", journal), ("settings file", settings)];
    for (what, file) in known {
        if let Some(file) = file {
            ui.label(format!("The {what}:"));
            copyable_ui(ui, what, &file.display().to_string());
        }
    }
    if journal.is_none() && settings.is_none() {
        ui.label("No file is open yet: sign in first");
    }
}

fn crate_count() -> usize {
    CRATES.lines().map(|line| line.split(", ").count()).sum()
}

fn crates_ui(ui: &mut Ui) {
    ScrollArea::vertical()
        .id_salt("crates")
        .max_height(LIST_HEIGHT)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            // One label, so that a screen reader reads it in one go and can be stopped.
            ui.label(CRATES.trim_end());
        });
}

fn icon_ui(ui: &mut Ui) {
    let id = Id::unique("icon of the program");
    let known: Option<TextureHandle> = ui.data(|data| data.get_temp(id));
    let texture = known.unwrap_or_else(|| {
        let icon = icon();
        let size = [icon.width, icon.height].map(|side| side as usize);
        let image = ColorImage::from_rgba_unmultiplied(size, &icon.rgba);
        let texture = ui.load_texture("icon", image, TextureOptions::LINEAR);
        ui.data_mut(|data| data.insert_temp(id, texture.clone()));
        texture
    });
    let image = egui::Image::new((texture.id(), Vec2::splat(ICON_SIDE)));
    ui.add(image.alt_text("The icon of cordon"));
}
