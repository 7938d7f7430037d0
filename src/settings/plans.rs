//! The plans of a settings file: `[[plan]]`. An invalid one does not affect the others.

use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::toml_text::line_at;
use crate::action::{ActionKind, MAX_STEPS, Parameter, Plan, Plans, Step};
use crate::model::clean;

const MAX_NAME_CHARS: usize = 40;
const CONTINUE: &str = "go on";
const STOP: &str = "stop";
/// The key of a plan, and of a step that overrides its plan.
const AFTER_REFUSAL: &str = "after_refusal";
const ACTION: &str = "action";

/// Why a plan is invalid: the position in the file, in bytes, and the reason.
type Wrong = (Option<std::ops::Range<usize>>, String);

/// Adds a file's plans to `plans`. Returns the first error in them, with file and line.
pub(super) fn add(
    plans: &mut Plans,
    text: &str,
    document: &Document<&str>,
    file: &Path,
) -> Option<Box<str>> {
    let item = document.get("plan")?;
    let said = |(span, why): Wrong| -> Box<str> {
        let line = line_at(text, span);
        format!("{}, line {line}: {why}", file.display()).into()
    };
    let tables: Option<Vec<&dyn TableLike>> = match (item.as_array_of_tables(), item.as_array()) {
        (Some(tables), _) => Some(tables.iter().map(|table| table as &dyn TableLike).collect()),
        (None, Some(list)) => list
            .iter()
            .map(|value| value.as_inline_table().map(|table| table as &dyn TableLike))
            .collect(),
        (None, None) => None,
    };
    let Some(tables) = tables else {
        let why = "plan: is not a list of plans, each under [[plan]]".to_owned();
        return Some(said((item.span(), why)));
    };
    let (mut trouble, mut names) = (None, Vec::new());
    for table in tables {
        match plan(table) {
            Ok(plan) if names.contains(&plan.name) => {
                let span = table.get("name").and_then(Item::span);
                let why = (span, format!("plan “{}”: is there twice", plan.name));
                trouble = trouble.or(Some(said(why)));
            }
            Ok(plan) => {
                names.push(plan.name.clone());
                plans.add(plan);
            }
            Err(wrong) => trouble = trouble.or(Some(said(wrong))),
        }
    }
    trouble
}

fn plan(table: &dyn TableLike) -> Result<Plan, Wrong> {
    let named = table.get("name");
    let name = named.and_then(Item::as_str).unwrap_or_default().trim();
    let is_name = !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS;
    if !is_name || clean(name, MAX_NAME_CHARS) != name {
        let first = table.iter().find_map(|(_, item)| item.span());
        let span = named.and_then(Item::span).or(first);
        let why = format!("plan: its name has to be text of 1 to {MAX_NAME_CHARS} characters");
        return Err((span, why));
    }
    let within = |(span, why)| (span, format!("plan “{name}”: {why}"));
    let steps = steps(table).map_err(within)?;
    let plan = Plan::new(name, steps);
    if let Some((n, why)) = plan.trouble() {
        let span = table.get("steps").and_then(Item::span);
        return Err(within((span, format!("step {n} {why}"))));
    }
    Ok(plan)
}

fn steps(table: &dyn TableLike) -> Result<Vec<Step>, Wrong> {
    let known = ["name", "steps", AFTER_REFUSAL];
    if let Some((key, item)) = table.iter().find(|(key, _)| !known.contains(key)) {
        let why = format!("{} is not a key of a plan", clean(key, 40));
        return Err((item.span(), why));
    }
    let continues = continues(table)?.unwrap_or(true);
    let item = table.get("steps");
    let list = item.and_then(Item::as_array);
    let count = list.map_or(0, toml_edit::Array::len);
    let list = list.filter(|_| (1..=MAX_STEPS).contains(&count));
    let Some(list) = list else {
        let span = item.or(table.get("name")).and_then(Item::span);
        let why = format!("needs steps = [{{ action = \"isolate\" }}, …], from 1 to {MAX_STEPS}");
        return Err((span, why));
    };
    let steps = list.iter().enumerate();
    steps
        .map(|(n, value)| {
            let within =
                |(span, why): Wrong| (span.or(value.span()), format!("step {}: {why}", n + 1));
            let table = value.as_inline_table();
            let no_table = || within((None, "is not { action = \"…\" }".to_owned()));
            step(table.ok_or_else(no_table)?, continues).map_err(within)
        })
        .collect()
}

fn step(table: &dyn TableLike, continues_by_default: bool) -> Result<Step, Wrong> {
    let item = table.get(ACTION);
    let name = item.and_then(Item::as_str).unwrap_or_default();
    // A tenant-wide action cannot be a step for one device.
    let kinds = || ActionKind::ALL.iter().filter(|kind| !kind.is_tenant_wide());
    let mut known = kinds().copied();
    let Some(kind) = known.find(|kind| <&str>::from(kind) == name) else {
        let known: Vec<&str> = kinds().map(Into::into).collect();
        let why = format!(
            "“{}” is not an action; there are {}",
            clean(name, 40),
            known.join(", ")
        );
        return Err((item.and_then(Item::span), why));
    };
    let mut step = Step {
        continues: continues(table)?.unwrap_or(continues_by_default),
        ..Step::new(kind)
    };
    for (key, item) in table.iter() {
        if key == ACTION || key == AFTER_REFUSAL {
            continue;
        }
        let mut parameters = kind.spec().parameters.iter();
        let Some(parameter) = parameters.find(|parameter| is_called(parameter, key)) else {
            let why = format!("“{name}” takes no {}", clean(key, 40));
            return Err((item.span(), why));
        };
        let text = item.as_str().unwrap_or_default();
        match parameter.parse(text) {
            Ok(_) => step = step.with(parameter, text.trim()),
            Err(why) => return Err((item.span(), format!("{key}: {why}"))),
        }
    }
    Ok(step)
}

/// Whether a key means this field: by its wire name or its label, in any letter case and with any separator.
fn is_called(parameter: &Parameter, key: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let key = plain(key);
    [parameter.wire_name, parameter.label]
        .map(plain)
        .contains(&key)
}

fn continues(table: &dyn TableLike) -> Result<Option<bool>, Wrong> {
    let Some(item) = table.get(AFTER_REFUSAL) else {
        return Ok(None);
    };
    match item.as_str() {
        Some(CONTINUE) => Ok(Some(true)),
        Some(STOP) => Ok(Some(false)),
        Some(_) | None => {
            let why = format!("{AFTER_REFUSAL} is neither \"{CONTINUE}\" nor \"{STOP}\"");
            Err((item.span(), why))
        }
    }
}
