//! The table while scrolled, sorted and small: every row shows its name, and every bar is visible.

use egui::accesskit::Role as Part;
use egui::{Modifiers, MouseWheelUnit, Pos2, Rect, Shape, TouchPhase, Vec2};

use super::*;

const SIZES: [(f32, f32); 3] = [(800.0, 600.0), (640.0, 360.0), (1400.0, 900.0)];

fn many(count: usize) -> State {
    let mut state = signed_in();
    let machines = (0..count).map(|n| {
        let mut machine = Machine::bare(MachineId::parse(&format!("{n:040x}")).expect("an id"));
        machine.computer_dns_name = Some(format!("LT-{n:05}").into());
        machine.os_platform = Some("WindowsServer2022".into());
        machine.rbac_group_name = Some("Finance laptops of the western branch".into());
        machine.machine_tags = Some(["pilot".into(), "branch-5a".into()].into());
        machine.last_ip_address = "10.20.104.177".parse().ok();
        Arc::new(machine)
    });
    state.apply(crate::message::Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(machines.collect()),
    });
    state
}

/// The list with every column, and one row selected; its panel stays closed in a narrow window.
fn table(count: usize, (width, height): (f32, f32), row: usize) -> (Shared, Harness<'static>) {
    let (desk, mut harness) = desk(many(count), egui::vec2(width, height));
    {
        let mut desk = desk.borrow_mut();
        let desk = &mut *desk;
        let machine = desk.views.rows.machine(&desk.state, row).expect("a row");
        desk.views.walked_to = Some(machine.id.clone());
        desk.views.selected = Some(machine.reference());
        desk.views.scroll_to_selection = true;
    }
    harness.run_steps(3);
    (desk, harness)
}

fn selected_row(desk: &Shared, harness: &Harness<'static>) -> Option<Rect> {
    let name = desk.borrow().views.selected.as_ref()?.name_and_tail();
    drawn_row(harness, &name)
}

/// Rectangle of the row with this name, if visible.
fn drawn_row(harness: &Harness<'static>, name: &str) -> Option<Rect> {
    let mut rows = harness.query_all_by(|node| node.role() == Part::Row);
    let row = rows.find(|row| {
        let label = row.accesskit_node().label();
        label.is_some_and(|label| label.starts_with(&format!("{name},")))
    })?;
    Some(row.rect())
}

/// Texts drawn within `room`, with their rectangles and visible parts.
fn written(harness: &Harness<'static>, room: Rect) -> Vec<(String, Rect, Rect)> {
    fn gather(shape: &Shape, clip: Rect, into: &mut Vec<(String, Rect, Rect)>) {
        if let Shape::Vec(shapes) = shape {
            for shape in shapes {
                gather(shape, clip, into);
            }
        } else if let Shape::Text(text) = shape {
            let rect = Rect::from_min_size(text.pos, text.galley.size());
            into.push((text.galley.text().to_owned(), rect, clip));
        }
    }
    let mut all = Vec::new();
    for clipped in &harness.output().shapes {
        gather(&clipped.shape, clipped.clip_rect, &mut all);
    }
    all.retain(|(_, rect, clip)| room.contains_rect(*clip) && clip.intersects(*rect));
    all
}

/// The full texts of those that start within `room` and are drawn elided.
fn elided(harness: &Harness<'static>, room: Rect) -> Vec<String> {
    fn gather(shape: &Shape, room: Rect, into: &mut Vec<String>) {
        if let Shape::Vec(shapes) = shape {
            for shape in shapes {
                gather(shape, room, into);
            }
        } else if let Shape::Text(text) = shape
            && text.galley.elided
            && room.contains(text.pos)
        {
            into.push(text.galley.text().to_owned());
        }
    }
    let mut all = Vec::new();
    for clipped in &harness.output().shapes {
        gather(&clipped.shape, room, &mut all);
    }
    all
}

pub(super) fn wheel(harness: &mut Harness<'static>, at: Pos2, delta: Vec2) {
    harness.event(egui::Event::PointerMoved(at));
    harness.event(egui::Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta,
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    harness.run_steps(20);
}

#[test]
fn name_column_stays_visible_while_scrolled_sideways() {
    for size in SIZES {
        let (desk, mut harness) = table(400, size, 3);
        let window = Rect::from_min_size(Pos2::ZERO, size.into());
        let row = selected_row(&desk, &harness).expect("the selected row");
        wheel(&mut harness, row.center(), egui::vec2(-3_000.0, 0.0));
        let row = selected_row(&desk, &harness).expect("the selected row");
        let name = desk
            .borrow()
            .views
            .selected
            .as_ref()
            .map(crate::model::MachineRef::name);
        let name = name.expect("a name");
        let name = harness
            .query_all_by_label(&name)
            .map(|node| node.rect())
            .find(|rect| row.contains(rect.center()))
            .expect("the name in its row");
        assert!(
            window.contains_rect(name) && row.expand(1.0).contains_rect(name),
            "{size:?}"
        );
        assert!(
            window.contains_rect(row),
            "the clickable row is visible: {size:?} {row:?}"
        );
        let last = harness.get_by_label("Sort by Addresses").rect();
        assert!(window.contains_rect(last), "{size:?}: {last:?}");
        for bar in ["Scroll the devices", "Scroll the columns sideways"] {
            let bar = harness.get_by_label(bar).rect();
            assert!(window.contains_rect(bar), "{size:?}: {bar:?}");
        }
    }
}

#[test]
fn no_column_is_cut_in_the_middle_of_a_word() {
    for size in SIZES {
        let (desk, mut harness) = table(400, size, 3);
        let table = harness.get_by_role(Part::Table).rect();
        for _ in 0..4 {
            for (text, rect, clip) in written(&harness, table.expand(0.5)) {
                let is_whole =
                    rect.left() >= clip.left() - 1.0 && rect.right() <= clip.right() + 1.0;
                assert!(is_whole, "{size:?}: {text:?} {rect:?} in {clip:?}");
            }
            let row = selected_row(&desk, &harness).expect("the selected row");
            wheel(&mut harness, row.center(), egui::vec2(-130.0, 0.0));
        }
    }
}

#[test]
fn arrow_keys_reach_the_last_and_first_columns() {
    let (_, mut harness) = table(400, SIZES[0], 3);
    harness.get_by_role(Part::Table).focus();
    harness.run_steps(2);
    for _ in 0..9 {
        harness.key_press(Key::ArrowRight);
        harness.run_steps(2);
    }
    let focused = harness.ctx.memory(egui::Memory::focused);
    assert_eq!(
        focused,
        Some(egui::Id::unique("devices table")),
        "the focus stays in the table"
    );
    assert!(harness.query_by_label("Sort by Addresses").is_some());
    assert!(harness.query_by_label("Sort by State").is_none());
    for _ in 0..9 {
        harness.key_press(Key::ArrowLeft);
        harness.run_steps(2);
    }
    assert!(harness.query_by_label("Sort by State").is_some());
}

#[test]
fn sorting_scrolls_to_the_top_and_keeps_the_selection() {
    let (desk, mut harness) = table(400, SIZES[0], 300);
    assert!(selected_row(&desk, &harness).is_some(), "it is in view");
    let before = selected(&desk);
    harness.get_by_label("Sort by Name").click();
    harness.run_steps(3);
    assert_eq!(selected(&desk), before);
    let first = {
        let desk = desk.borrow();
        let first = desk.views.rows.machine(&desk.state, 0).expect("a row");
        first.reference().name_and_tail()
    };
    let row = drawn_row(&harness, &first).expect("the first row is in view");
    let head = harness.get_by_label("Sort by Name").rect();
    assert!(
        (row.top() - head.bottom()).abs() < 2.0,
        "{first} at {row:?}"
    );
}

#[test]
fn heads_are_one_tab_stop_with_arrow_keys() {
    let (desk, mut harness) = table(40, SIZES[0], 3);
    harness.get_by_label("Column heads, for sorting").focus();
    harness.run_steps(2);
    for _ in 0..2 {
        harness.key_press(Key::ArrowRight);
        harness.run_steps(2);
    }
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(desk.borrow().views.layout.sort.column, Column::Health);
    let heads = egui::Id::unique("devices table").with("heads");
    assert_eq!(harness.ctx.memory(egui::Memory::focused), Some(heads));
}

#[test]
fn only_visible_table_rows_are_drawn() {
    let (_, harness) = table(20_000, SIZES[2], 12_345);
    let rows = harness.query_all_by(|node| node.role() == Part::Row);
    assert!(rows.count() < 60);
}

#[test]
fn row_with_barely_visible_name_cannot_be_clicked() {
    let (desk, mut harness) = table(400, SIZES[0], 3);
    let table = harness.get_by_role(Part::Table).rect();
    let row = selected_row(&desk, &harness).expect("the selected row");
    // Five points of the first row are left.
    wheel(&mut harness, row.center(), egui::vec2(0.0, -19.0));
    let rows: Vec<_> = harness
        .query_all_by(|node| node.role() == Part::Row)
        .map(|row| row.rect())
        .filter(|row| row.height() < 12.0)
        .collect();
    let before = selected(&desk);
    for sliver in rows {
        assert!(table.contains_rect(sliver));
        harness.hover_at(sliver.center());
        harness.drag_at(sliver.center());
        harness.drop_at(sliver.center());
        harness.run_steps(2);
        assert_eq!(selected(&desk), before);
    }
}

#[test]
fn keys_scroll_the_comparison_below_its_head() {
    let (desk, mut harness) = desk(signed_in(), egui::vec2(640.0, 360.0));
    let twin = {
        let mut desk = desk.borrow_mut();
        let id = MachineId::parse(FIN).expect("an id");
        let machine = desk.state.machine(&id).expect("in the list").reference();
        desk.views.dialog = Some(crate::ui::views::OpenDialog::Compare(machine.clone()));
        machine
    };
    harness.run_steps(4);
    let window = Rect::from_min_size(Pos2::ZERO, egui::vec2(640.0, 360.0));
    let seen = |harness: &Harness<'static>, what: &str| {
        let node = harness.query_by_label(what);
        // Nodes scrolled out of view are elsewhere, even if partly drawn.
        node.is_some_and(|node| {
            let texts = written(harness, window);
            texts.iter().any(|(text, rect, clip)| {
                text == what && clip.contains_rect(*rect) && node.rect().intersects(*rect)
            })
        })
    };
    assert!(seen(&harness, "≠ State") && !seen(&harness, "May be a duplicate"));
    let head = harness
        .get_by_label(&format!("Show {}", twin.quoted()))
        .rect();
    harness.key_press(Key::End);
    harness.run_steps(3);
    assert!(seen(&harness, "May be a duplicate") && !seen(&harness, "≠ State"));
    let now = harness
        .get_by_label(&format!("Show {}", twin.quoted()))
        .rect();
    assert_eq!(now, head, "the head stays");
    harness.key_press(Key::PageUp);
    harness.key_press(Key::ArrowUp);
    harness.run_steps(3);
    assert!(!seen(&harness, "May be a duplicate"));
    assert!(harness.get_by_label("Close").is_focused());
}

#[test]
fn end_of_a_long_name_distinguishes_devices() {
    let mut state = signed_in();
    let names =
        ["01", "02"].map(|end| format!("WORKSTATION-WESTERN-BRANCH-FLOOR-3-ROOM-117-DESK-{end}"));
    let machines = names.iter().enumerate().map(|(n, name)| {
        let id = format!("{:040x}", n + 1);
        machine(&id, name)
    });
    state.apply(crate::message::Event::Inventory {
        epoch: Epoch(0),
        news: InventoryNews::Page(machines.collect()),
    });
    let (_desk, harness) = desk(state, egui::vec2(800.0, 600.0));
    let window = Rect::from_min_size(Pos2::ZERO, egui::vec2(800.0, 600.0));
    let drawn: Vec<_> = written(&harness, window)
        .into_iter()
        .map(|(text, ..)| text)
        .filter(|text| text.starts_with("WORK"))
        .collect();
    assert_eq!(drawn.len(), 2, "{drawn:?}");
    assert_ne!(drawn[0], drawn[1]);
    assert!(
        drawn[0].contains('…') && drawn[0].ends_with("-01"),
        "{drawn:?}"
    );
}

/// Upper edge of a device's row.
fn row_top(harness: &Harness<'static>, name: &str) -> f32 {
    let mut rows = harness.query_all_by(|node| node.role() == Part::Row);
    let row = rows.find(|row| {
        let label = row.accesskit_node().label();
        label.is_some_and(|label| label.starts_with(name))
    });
    row.expect("in sight").rect().top()
}

fn page_above(desk: &Shared) {
    let machines = (0..25).map(|n| machine(&format!("{:040x}", 0xf000 + n), &format!("AA-{n:05}")));
    desk.borrow_mut()
        .state
        .apply(crate::message::Event::Inventory {
            epoch: Epoch(0),
            news: InventoryNews::Page(machines.collect()),
        });
}

#[test]
fn row_stays_under_the_pointer_while_devices_arrive_above_it() {
    let (desk, mut harness) = table(200, (1400.0, 900.0), 0);
    let before = row_top(&harness, "LT-00004");
    harness.hover_at(egui::pos2(60.0, before + 12.0));
    harness.run_steps(2);
    page_above(&desk);
    harness.run_steps(3);
    assert!((row_top(&harness, "LT-00004") - before).abs() < 1.0);
    // Scrolled, with the pointer elsewhere.
    let (desk, mut harness) = table(200, (1400.0, 900.0), 150);
    let before = row_top(&harness, "LT-00148");
    page_above(&desk);
    harness.run_steps(3);
    assert!((row_top(&harness, "LT-00148") - before).abs() < 1.0);
    // At the top, new rows scroll into view.
    let (desk, mut harness) = table(200, (1400.0, 900.0), 0);
    desk.borrow_mut().views.selected = None;
    harness.run_steps(2);
    page_above(&desk);
    harness.run_steps(3);
    let top = row_top(&harness, "AA-00000");
    assert!(top < before, "{top}");
}

#[test]
fn no_row_moves_when_a_reading_fails_or_ends() {
    let (desk, mut harness) = table(60, (1400.0, 900.0), 0);
    let before = row_top(&harness, "LT-00004");
    let failed = || {
        let why = Explanation::harmless("The Defender service has a problem", NextStep::TryAgain);
        InventoryNews::Failed(why)
    };
    let seen = desk
        .borrow()
        .state
        .inventory
        .all()
        .iter()
        .map(|m| m.id.clone())
        .collect();
    let done = InventoryNews::Done {
        at: at(20),
        unreadable: 0,
        incomplete: None,
        seen,
    };
    for (news, is_failed) in [
        (failed(), true),
        (InventoryNews::Started(at(10)), true),
        (failed(), true),
        (InventoryNews::Started(at(10)), true),
        (done, false),
        (InventoryNews::Started(at(10)), false),
    ] {
        desk.borrow_mut()
            .state
            .apply(crate::message::Event::Inventory {
                epoch: Epoch(0),
                news,
            });
        harness.run_steps(3);
        assert!((row_top(&harness, "LT-00004") - before).abs() < 0.5);
        let shown = harness.query_by_label("The Defender service has a problem");
        assert_eq!(shown.is_some(), is_failed);
    }
}

/// The visible heads, from the left.
fn heads(harness: &Harness<'static>) -> Vec<(String, Rect)> {
    let heads = harness.query_all_by(|node| node.role() == Part::Button);
    let mut heads: Vec<_> = heads
        .filter_map(|head| {
            let label = head.accesskit_node().label()?;
            let column = label.strip_prefix("Sort by ")?.to_owned();
            Some((column, head.rect()))
        })
        .collect();
    heads.sort_by(|one, other| one.1.left().total_cmp(&other.1.left()));
    heads
}

#[test]
fn no_head_is_truncated_and_the_columns_fill_the_table() {
    for width in [620_u16, 800, 1_000, 1_120, 1_280, 1_400, 1_600, 1_900] {
        let (_, mut harness) = table(40, (width.into(), 600.0), 3);
        harness.get_by_role(Part::Table).focus();
        harness.run_steps(2);
        let room = harness.get_by_label("Column heads, for sorting").rect();
        let name = heads(&harness)[0].1.width();
        for turn in 0..9 {
            let heads = heads(&harness);
            assert_eq!(elided(&harness, room), [""; 0], "{width}, {turn}");
            let last = heads.last().expect("a head");
            assert!(
                (last.1.right() - room.right()).abs() < 1.0,
                "{width}, {turn}: {last:?} in {room:?}"
            );
            let now = heads[0].1.width();
            assert!((now - name).abs() < 0.5, "the first one stays as it is");
            harness.key_press(Key::ArrowRight);
            harness.run_steps(2);
        }
        let last = heads(&harness).pop().expect("a head");
        assert_eq!(last.0, "Addresses", "{width}");
    }
}

#[test]
fn remaining_width_goes_to_the_name_column_unless_resized() {
    let (desk, mut harness) = table(40, (2_800.0, 900.0), 3);
    let name = |harness: &Harness<'static>| heads(harness)[0].1.width();
    assert!(name(&harness) > 300.0, "{}", name(&harness));
    let set = |column, width| desk.borrow_mut().views.layout.widths.insert(column, width);
    set(Column::Name, 150.0);
    harness.run_steps(2);
    assert!((name(&harness) - 150.0).abs() < 1.0);
}

#[test]
fn too_narrow_head_shows_its_title_as_tip() {
    let (desk, mut harness) = table(400, SIZES[2], 3);
    let set = |column, width| desk.borrow_mut().views.layout.widths.insert(column, width);
    set(Column::LastSeen, 48.0);
    harness.run_steps(2);
    assert!(harness.query_by_label("Last seen").is_none());
    let head = harness.get_by_label("Sort by Last seen").rect();
    assert!((head.width() - 48.0).abs() < 1.0);
    harness.hover_at(head.center() - Vec2::X * 8.0);
    harness.run_steps(8);
    assert!(harness.query_by_label("Last seen").is_some());
}
