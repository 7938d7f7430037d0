//! Records with one name, side by side, to choose the right one by the differences.

use egui::{Align, Id, Key, Layout, Modifiers, RichText, ScrollArea, TextStyle, TextWrapMode, Ui};
use egui_extras::{Column as TableColumn, TableBody, TableBuilder};
use jiff::Timestamp;

use crate::message::Command;
use crate::model::{Alert, Machine, MachineRef, PanelPart, clean};
use crate::search::DeviceState;
use crate::state::State;
use crate::ui::device::facts::{or_unknown, os, tags, unknown};
use crate::ui::device::rank::{Candidate, ranks};
use crate::ui::device::users;
use crate::ui::layout::times;
use crate::ui::theme::{Role, TokensExt as _, text};
use crate::ui::views::{OpenDialog, Views};
use crate::ui::widgets::{
    ActionButton, Dialog, Icon, TipExt as _, badge, closing_ui, copy_button_ui,
};
use crate::ui::{Cx, look, words};

/// Maximum number of records side by side; more are in the list only.
const MAX_RECORDS: usize = 6;
const MAX_ADDRESSES: usize = 4;
/// Minimum width of a column, in points: the first one, and that of each record.
const FACT_WIDTH: f32 = 170.0;
const RECORD_WIDTH: f32 = 240.0;
/// Height of the table's head, and of everything above and below the facts.
const HEAD: f32 = 36.0;
const ABOVE_FACTS: f32 = HEAD + 56.0;

/// Opens the comparison. The returned commands read what is missing.
#[must_use = "the commands read the records"]
pub fn compare(state: &State, views: &mut Views, machine: &MachineRef) -> Vec<Command> {
    views.open(OpenDialog::Compare(machine.clone()));
    let records = records(state, machine).into_iter().take(MAX_RECORDS);
    let reads = records.flat_map(|record| {
        let part = |part| Command::LoadPart(record.id.clone(), part);
        let (users, alerts) = (part(PanelPart::Users), part(PanelPart::Alerts));
        [Command::LoadMachine(record.id), users, alerts]
    });
    reads.collect()
}

fn records(state: &State, machine: &MachineRef) -> Vec<MachineRef> {
    let twins = state.namesakes(machine).into_iter();
    std::iter::once(machine.clone()).chain(twins).collect()
}

/// Says that there are more records than columns.
fn left_out_words(all: usize) -> Option<String> {
    (all > MAX_RECORDS)
        .then(|| format!("{MAX_RECORDS} of {all} records; the others are in the list"))
}

/// Draws the comparison as the open dialog; returns whether it stays open.
pub fn compare_ui(ui: &Ui, cx: &mut Cx<'_>, machine: &MachineRef) -> bool {
    let id = Id::unique(("compare", machine.id.as_str()));
    let title = format!("Records like {}", machine.quoted());
    let mut records = records(cx.state, machine);
    let left_out = left_out_words(records.len());
    records.truncate(MAX_RECORDS);
    let columns = FACT_WIDTH + times(records.len(), RECORD_WIDTH);
    let width = columns.max(ui.tokens().dialog_width);
    let dialog = Dialog::new(id, &title).plain().width(width);
    let mut shown = None;
    let stays = dialog.show_until(ui.ctx(), |ui, is_opening| {
        let closes = ui.horizontal(|ui| {
            let closes = closing_ui(ui, "Close", is_opening);
            if let Some(words) = &left_out {
                badge(ui, Icon::Info, Role::Caution, words);
            }
            closes
        });
        ui.add_space(ui.tokens().space.s);
        let area = ScrollArea::horizontal().show(ui, |ui| records_ui(ui, id, cx, &records));
        shown = area.inner;
        closes.inner || shown.is_some()
    });
    if let Some(record) = shown {
        cx.select_device(record);
    }
    stays
}

/// Shows one record per column under a fixed head, one fact per row; returns the record to show in the
/// panel.
fn records_ui(ui: &mut Ui, id: Id, cx: &Cx<'_>, records: &[MachineRef]) -> Option<MachineRef> {
    let tokens = ui.tokens();
    ui.spacing_mut().item_spacing = egui::vec2(tokens.space.s, 0.0);
    ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
    ui.visuals_mut().faint_bg_color = tokens.surface.raised;
    let line = ui.text_style_height(&TextStyle::Body);
    let room = (Dialog::room(ui.ctx()) - ABOVE_FACTS).max(3.0 * line);
    let scroll: Scroll = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let by_keys = scroll.by_keys(ui);
    let mut table = TableBuilder::new(ui)
        .id_salt("records")
        .striped(true)
        .cell_layout(Layout::left_to_right(Align::Center))
        .min_scrolled_height(0.0)
        .max_scroll_height(room)
        .column(TableColumn::auto().at_least(FACT_WIDTH - 2.0 * tokens.space.l))
        .columns(
            TableColumn::auto().at_least(RECORD_WIDTH - tokens.space.l),
            records.len(),
        );
    if let Some(down) = by_keys {
        table = table.vertical_scroll_offset(down);
    }
    let mut shown = None;
    let table = table.header(HEAD, |mut head| {
        head.col(|_| {});
        for record in records {
            head.col(|ui| shown = head_ui(ui, record).or(shown.take()));
        }
    });
    let output = table.body(|mut body| facts_ui(&mut body, cx, records, line));
    let scroll = Scroll {
        down: output.state.clamped_offset().y,
        seen: output.inner_rect.height(),
        all: output.content_size.y,
    };
    ui.data_mut(|data| data.insert_temp(id, scroll));
    shown
}

/// Shows the end of a record's id and a button to show it; returns the record if that was pressed.
fn head_ui(ui: &mut Ui, record: &MachineRef) -> Option<MachineRef> {
    let tail = RichText::new(format!("…{}", record.id.tail()));
    ui.label(tail.text_style(text::device()));
    copy_button_ui(ui, "device id", record.id.as_str());
    let name = format!("Show {}", record.quoted());
    let show = ui.add(ActionButton::new("Show").name(&name));
    show.clicked().then(|| record.clone())
}

fn facts_ui(body: &mut TableBody<'_>, cx: &Cx<'_>, records: &[MachineRef], line: f32) {
    let tokens = body.ui_mut().tokens();
    let machines: Vec<_> = records
        .iter()
        .map(|record| cx.state.machine(&record.id).map(AsRef::as_ref))
        .collect();
    let candidates: Vec<_> = records
        .iter()
        .zip(&machines)
        .map(|(record, machine)| Candidate {
            machine: *machine,
            open_alerts: open_alerts(cx, record).map(<[Alert]>::len),
        })
        .collect();
    let ranks = ("Which one", ranks(&candidates, cx.service_now()));
    let facts = FACTS.iter().map(|(name, fact)| {
        let value = |machine: Option<&Machine>| {
            machine.map_or_else(|| or_unknown(None), |machine| fact(machine, cx))
        };
        (*name, machines.iter().copied().map(value).collect())
    });
    for (name, values) in std::iter::once(ranks).chain(facts) {
        let is_same = values.iter().all(|value| Some(value) == values.first());
        let lines = values.iter().map(|value| value.lines().count()).max();
        let further = lines.unwrap_or_default().saturating_sub(1);
        let height = tokens.height.row + times(further, line);
        // Not by weight alone.
        let label = if is_same {
            RichText::new(name).color(tokens.text_weak)
        } else {
            RichText::new(format!("≠ {name}"))
        };
        // The differences decide.
        let weigh = |value: RichText| {
            if is_same {
                value.color(tokens.text_weak)
            } else {
                value.strong()
            }
        };
        body.row(height, |mut row| {
            row.col(|ui| {
                ui.add_space(tokens.space.xs);
                ui.label(label);
            });
            for (value, record) in values.into_iter().zip(records) {
                let whole = (name == ALERTS).then(|| alert_title(cx, record)).flatten();
                row.col(|ui| {
                    let shown = ui.label(weigh(RichText::new(value)));
                    if let Some(whole) = whole {
                        shown.tip(whole);
                    }
                });
            }
        });
    }
}

/// Scroll offset of the facts, their visible height and their full height.
#[derive(Debug, Clone, Copy, Default)]
struct Scroll {
    down: f32,
    seen: f32,
    all: f32,
}

impl Scroll {
    /// The scroll offset after the keys pressed. Up and down scroll too, as all the buttons are in one
    /// line.
    fn by_keys(self, ui: &Ui) -> Option<f32> {
        let max = (self.all - self.seen).max(0.0);
        if max == 0.0 {
            return None;
        }
        if let Some(focused) = ui.memory(egui::Memory::focused) {
            let filter = egui::EventFilter {
                vertical_arrows: true,
                ..egui::EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(focused, filter));
        }
        let step = ui.tokens().height.row;
        let steps = [
            (Key::ArrowDown, step),
            (Key::ArrowUp, -step),
            (Key::PageDown, self.seen),
            (Key::PageUp, -self.seen),
            (Key::Home, -self.all),
            (Key::End, self.all),
        ];
        let by = steps
            .into_iter()
            .find(|(key, _)| ui.input_mut(|input| input.consume_key(Modifiers::NONE, *key)));
        by.map(|(_, by)| (self.down + by).clamp(0.0, max))
    }
}

type Fact = fn(&Machine, &Cx<'_>) -> String;

/// A time as its age, with the date for an old one.
fn when(at: Option<Timestamp>, cx: &Cx<'_>) -> String {
    let Some(at) = at else {
        return unknown();
    };
    let date = at.to_zoned(cx.state.zone.clone()).strftime("%Y-%m-%d");
    format!("{} ({date})", words::ago(at, cx.service_now()))
}

/// The open alerts of a record, if they were read.
fn open_alerts<'a>(cx: &Cx<'a>, record: &MachineRef) -> Option<&'a [Alert]> {
    let alerts = cx.state.panels.get(&record.id)?.alerts.get()?;
    Some(&alerts.items)
}

/// Full title of the worst alert, if there is one.
fn alert_title(cx: &Cx<'_>, record: &MachineRef) -> Option<String> {
    let title = open_alerts(cx, record)?.first()?.title.as_deref()?;
    Some(clean(title, 300).into_owned())
}

/// Number of alerts, and the title of the first, which is the worst.
fn alert_words(cx: &Cx<'_>, record: &MachineRef) -> String {
    match open_alerts(cx, record) {
        None => "not read".to_owned(),
        Some([]) => "none".to_owned(),
        Some(alerts @ [first, ..]) => {
            let severity = look::severity(&first.severity).word;
            let title = clean(first.title.as_deref().unwrap_or_default(), 28);
            format!("{}, {severity}\n{title}", alerts.len())
        }
    }
}

const ALERTS: &str = "Open alerts";

const FACTS: &[(&str, Fact)] = &[
    ("State", |machine, cx| {
        DeviceState::known(cx.state, &machine.id).text()
    }),
    ("Health", |machine, _| {
        look::health(&machine.health_status).word.into_owned()
    }),
    ("Last full report", |machine, cx| {
        when(machine.last_seen, cx)
    }),
    ("First seen", |machine, cx| when(machine.first_seen, cx)),
    ("Risk", |machine, _| {
        look::risk(machine.risk_score.as_ref()).word.into_owned()
    }),
    ("Exposure", |machine, _| {
        let look = look::exposure(machine.exposure_level.as_ref());
        look.word.into_owned()
    }),
    (ALERTS, |machine, cx| alert_words(cx, &machine.reference())),
    ("Operating system", |machine, _| os(machine)),
    ("Logged-on user", |machine, cx| {
        users::newest(cx, &machine.id).unwrap_or_else(|| "unknown".into())
    }),
    ("Addresses", |machine, _| {
        // A loopback address says nothing about the device.
        let addresses = machine.addresses().filter(|ip| !ip.is_loopback());
        let addresses = addresses.take(MAX_ADDRESSES);
        addresses
            .map(|ip| ip.to_string())
            .collect::<Vec<_>>()
            .join("\n")
    }),
    ("MAC addresses", |machine, _| {
        let macs = machine.adapters.mac_addresses.iter().take(MAX_ADDRESSES);
        let macs: Vec<_> = macs.map(ToString::to_string).collect();
        if macs.is_empty() {
            or_unknown(None)
        } else {
            macs.join("\n")
        }
    }),
    ("Device id", |machine, _| {
        let (first, rest) = machine.id.as_str().split_at(machine.id.as_str().len() / 2);
        format!("{first}\n{rest}")
    }),
    ("Onboarding", |machine, _| {
        look::onboarding(machine.onboarding_status.as_ref())
            .word
            .into_owned()
    }),
    ("Group", |machine, _| {
        or_unknown(machine.rbac_group_name.as_deref())
    }),
    ("Tags", |machine, _| tags(machine)),
    ("Full name", |machine, _| {
        or_unknown(machine.computer_dns_name.as_deref())
    }),
    ("Merged into", |machine, _| match machine.merged_into() {
        Some(survivor) => format!("…{}", survivor.tail()),
        None => "not merged".into(),
    }),
    ("May be a duplicate", |machine, _| {
        let word = if machine.is_potential_duplication {
            "Defender says so"
        } else {
            "not reported"
        };
        word.into()
    }),
];

#[cfg(test)]
mod tests {
    use crate::ui::device::compare::*;

    #[test]
    fn records_beyond_the_columns_are_counted() {
        assert_eq!(left_out_words(MAX_RECORDS), None);
        let words = "6 of 9 records; the others are in the list";
        assert_eq!(left_out_words(9).as_deref(), Some(words));
    }
}
