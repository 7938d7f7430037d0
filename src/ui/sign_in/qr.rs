//! An address for the camera of another device.

use egui::{Color32, Rect, Sense, Ui, Vec2, accesskit, vec2};
use qrcode::{Color, QrCode};

use crate::ui::layout::times;
use crate::ui::theme::TokensExt as _;

/// Side of one module, in points: large enough for a camera at arm's length.
const MODULE: f32 = 4.0;
/// Empty modules around it (ISO/IEC 18004 section 9.1).
const QUIET_ZONE: usize = 4;

/// Draws the code of `address`; nothing if it is too long.
pub fn qr_code_ui(ui: &mut Ui, address: &str) {
    let Ok(code) = QrCode::new(address) else {
        return;
    };
    let paper = ui.tokens().paper;
    let width = code.width();
    let side = times(width + 2 * QUIET_ZONE, MODULE);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    let square = |column: usize, row: usize, colour: Color32| {
        let at = |n: usize| times(n + QUIET_ZONE, MODULE);
        let corner = rect.min + vec2(at(column), at(row));
        ui.painter().rect_filled(
            Rect::from_min_size(corner, Vec2::splat(MODULE)),
            0.0,
            colour,
        );
    };
    ui.painter().rect_filled(rect, 0.0, paper.ground);
    for (n, module) in code.to_colors().into_iter().enumerate() {
        if module == Color::Dark {
            square(n % width, n / width, paper.mark);
        }
    }
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(accesskit::Role::Image);
        node.set_label(format!("QR code of {address}"));
    });
}
