//! The rules of an organisation: the table `[policy]`, and a file shared by a team.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item};

use super::hosts;
use super::list::NO_LIST;
use super::plans;
use super::rules::{
    NO_NUMBER, NO_TEXT, RuleKey, Rules, WrittenRules, device_id, max_devices, table_trouble,
};
use super::text::provided_text_of;
use super::toml_text::{line_at, toml_problem};
use crate::guard::{IpRange, Pattern, Policy};
use crate::model::clean;

pub(super) fn unread(why: &str) -> Policy {
    Policy::unread(clean(why, 300).into_owned())
}

/// Reads `[policy]` of the settings file and of its shared file, and the comment templates. Readable rules apply.
pub(super) fn read(text: &str, document: &Document<&str>, file: &Path) -> Rules {
    let mut rules = Rules {
        written: WrittenRules::read(document),
        template_trouble: table_trouble(text, document, file, "comments"),
        desktop_trouble: table_trouble(text, document, file, "desktop"),
        ..Rules::default()
    };
    let own = add(&mut rules.policy, text, document, file);
    let (mut max, mut trouble) = (own.max_devices, own.trouble);
    let folder = file.parent().unwrap_or(Path::new(""));
    rules.asks_host = own
        .shared_host
        .filter(|host| !hosts::is_trusted(folder, host));
    if let Some(host) = &rules.asks_host {
        let why = format!(
            "the shared rules on the computer “{host}” are not read before you confirm that computer"
        );
        trouble = trouble.or(Some(why));
    } else if let Some(file) = own.shared {
        match read_shared(&mut rules, &file) {
            // The tighter of two limits applies.
            Ok(theirs) => {
                max = max.into_iter().chain(theirs.max_devices).min();
                trouble = trouble.or(theirs.trouble);
            }
            Err(why) => trouble = trouble.or(Some(why)),
        }
    }
    // After the shared plans, so that those of this computer's file replace them.
    let plan_trouble = plans::add(&mut rules.plans, text, document, file);
    rules.plan_trouble = plan_trouble.or(rules.plan_trouble);
    if let Some(max) = max {
        rules.policy.max_batch = max;
    }
    if let Some(why) = trouble {
        // An unreadable limit may be tighter than the previous one.
        let unread = unread(&why);
        rules.policy.max_batch = rules.policy.max_batch.min(unread.max_batch);
        rules.policy.unread = unread.unread;
    }
    rules
}

/// Adds the rules of the shared file.
fn read_shared(rules: &mut Rules, file: &Path) -> Result<Added, String> {
    let text = provided_text_of(file).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| format!("there is no {}", file.display()))?;
    let document = Document::parse(text.as_str())
        .map_err(|error| format!("{}: {}", file.display(), toml_problem(&error)))?;
    let mut theirs = add(&mut rules.policy, &text, &document, file);
    if theirs.shared.is_some() {
        let why = format!("{}: a shared file names no other", file.display());
        theirs.trouble.get_or_insert(why);
    }
    rules.plan_trouble = plans::add(&mut rules.plans, &text, &document, file);
    rules.shared = Some((file.to_owned(), WrittenRules::read(&document)));
    Ok(theirs)
}

/// Keys allowed beside the tables of rules. A typo in the name of such a table must not leave a device unprotected.
const BESIDES_RULES: [&str; 3] = ["default_profile", "profile", "plan"];

/// The part of a file's `[policy]` that is replaced rather than merged.
#[derive(Default)]
struct Added {
    shared: Option<PathBuf>,
    /// The other computer with the shared file.
    shared_host: Option<Box<str>>,
    max_devices: Option<usize>,
    /// The first error.
    trouble: Option<String>,
}

/// Adds a file's `[policy]`, entry by entry: an invalid one does not affect the others.
fn add(policy: &mut Policy, text: &str, document: &Document<&str>, file: &Path) -> Added {
    let mut added = Added::default();
    let mut keys = document.iter().map(|(key, _)| key);
    let is_known = |key: &&str| {
        let mut rules = RuleKey::ALL.iter().map(|rule| rule.place().0);
        BESIDES_RULES.contains(key) || rules.any(|table| table == *key)
    };
    if let Some(key) = keys.find(|key| !is_known(key)) {
        // It may be meant as a rule.
        let key = clean(key, 40);
        added.trouble = Some(format!("{}: cordon knows no “{key}”", file.display()));
    }
    let Some(item) = document.get("policy") else {
        return added;
    };
    let Some(table) = item.as_table_like() else {
        added.trouble = Some(format!("{}: “policy” is not a table", file.display()));
        return added;
    };
    for (key, item) in table.iter() {
        if let Err(problem) = add_key(policy, &mut added, key, item, file) {
            let line = line_at(text, item.span());
            let why = format!("{}, line {line}: policy.{key}: {problem}", file.display());
            added.trouble.get_or_insert(why);
        }
    }
    added
}

/// Adds the value of one key; of a list, all valid entries.
fn add_key(
    policy: &mut Policy,
    added: &mut Added,
    key: &str,
    item: &Item,
    file: &Path,
) -> Result<(), &'static str> {
    match RuleKey::in_table("policy", key) {
        Some(RuleKey::ProtectedNames) => {
            add_each(item, &mut policy.protected_names, Pattern::parse)
        }
        Some(RuleKey::ProtectedTags) => {
            add_each(item, &mut policy.protected_tags, |tag| Ok(tag.into()))
        }
        Some(RuleKey::ProtectedIds) => add_each(item, &mut policy.protected_ids, device_id),
        Some(RuleKey::VpnRanges) => add_each(item, &mut policy.vpn_ranges, IpRange::parse),
        Some(RuleKey::OwnEntraDeviceId) => {
            let id = item.as_str().ok_or(NO_TEXT)?.trim();
            if !id.is_empty() {
                // The own file knows best which computer this is.
                policy.own_entra_device_id.get_or_insert(id.into());
            }
            Ok(())
        }
        Some(RuleKey::MaxDevices) => {
            let max = item.as_integer().ok_or(NO_NUMBER)?;
            added.max_devices = Some(max_devices(max)?);
            Ok(())
        }
        Some(RuleKey::SharedFile) => {
            let path = item.as_str().ok_or(NO_TEXT)?.trim();
            let beside = file.parent().unwrap_or(Path::new(""));
            added.shared = (!path.is_empty()).then(|| beside.join(path));
            added.shared_host = hosts::network_host(path);
            Ok(())
        }
        // A key with a typo must not leave a device unprotected.
        Some(
            RuleKey::Templates
            | RuleKey::TicketPrefixes
            | RuleKey::Notifications
            | RuleKey::SavedSearches,
        )
        | None => Err("is not a policy key"),
    }
}

fn add_each<T>(
    item: &Item,
    to: &mut Vec<T>,
    parse: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<(), &'static str> {
    let list = item.as_array().ok_or(NO_LIST)?;
    let mut trouble = Ok(());
    for entry in list {
        match entry.as_str().ok_or(NO_LIST).and_then(&parse) {
            Ok(entry) => to.push(entry),
            Err(why) => trouble = trouble.and(Err(why)),
        }
    }
    trouble
}
