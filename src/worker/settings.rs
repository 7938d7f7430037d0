//! The settings while the run lasts: read at start, read again when somebody looks, and saved. What
//! is on disk is what holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context::Context;
use crate::explain::{Explain as _, Explanation, NextStep};
use crate::guard::Policy;
use crate::message::{Event, SettingsNews};
use crate::model::Mode;
use crate::settings::{
    DEMO_TEMPLATES, FILE_NAME, RuleChange, RuleKey, Rules, Settings, SettingsError, WrittenRules,
    change_rules, save_rules,
};

/// Where this run keeps its settings.
pub(super) enum Kept {
    /// In the settings file of this folder, which was there or was not yet.
    OnDisk { folder: PathBuf, was_there: bool },
    /// Nowhere but here, as the text of a settings file.
    InMemory(String),
}

impl Kept {
    /// In a run without a folder they begin as the run was started.
    pub fn new(folder: Option<PathBuf>, mode: Mode, policy: &Policy) -> Self {
        let Some(folder) = folder else {
            let mut written = WrittenRules::of(policy);
            if mode == Mode::Demo {
                DEMO_TEMPLATES.clone_into(written.text_mut(RuleKey::Templates));
            }
            let begun = change_rules("", Path::new(FILE_NAME), &written.as_changes());
            return Self::InMemory(begun.map(|(text, _)| text).unwrap_or_default());
        };
        let was_there = false;
        Self::OnDisk { folder, was_there }
    }

    fn file(&self) -> Option<PathBuf> {
        match self {
            Self::OnDisk { folder, .. } => Some(folder.join(FILE_NAME)),
            Self::InMemory(_) => None,
        }
    }
}

/// Tells what the settings say at start. The rules that hold were decided before.
pub(super) async fn begin(context: Arc<Context>) {
    let mut kept = context.settings.lock().await;
    let read = read_kept(&mut kept).await;
    tell(&context, &kept, SettingsNews::Begun(read)).await;
}

/// Reads the settings again: somebody may have mended or changed the file.
pub(super) async fn read(context: Arc<Context>) {
    let mut kept = context.settings.lock().await;
    let read = read_kept(&mut kept).await;
    if let Ok(rules) = &read {
        context.adopt(&rules.policy);
    }
    tell(&context, &kept, SettingsNews::Read(read)).await;
}

/// Saves changed rules. From then on they hold, here before the window says so.
pub(super) async fn save(context: Arc<Context>, changes: Vec<RuleChange>) {
    let mut kept = context.settings.lock().await;
    tell(&context, &kept, SettingsNews::Saving).await;
    let saved = match &mut *kept {
        Kept::OnDisk { folder, was_there } => {
            let (inner, known) = (folder.clone(), *was_there);
            let saved = blocking(move || {
                if known {
                    Settings::read_again(&inner)?;
                }
                save_rules(&inner, &changes)
            });
            let saved = saved.await;
            *was_there |= saved.is_ok();
            saved
        }
        Kept::InMemory(text) => change_rules(text, Path::new(FILE_NAME), &changes)
            .map(|(changed, rules)| {
                *text = changed;
                rules
            })
            .map_err(|error| explain(&error)),
    };
    if let Ok(rules) = &saved {
        context.adopt(&rules.policy);
    }
    tell(&context, &kept, SettingsNews::Saved(saved)).await;
}

async fn tell(context: &Context, kept: &Kept, news: SettingsNews) {
    let (file, news) = (kept.file(), Box::new(news));
    context.emit(Event::Settings { file, news }).await;
}

async fn read_kept(kept: &mut Kept) -> Result<Rules, Explanation> {
    match kept {
        Kept::OnDisk { folder, was_there } => {
            let (inner, known) = (folder.clone(), *was_there);
            let read = blocking(move || {
                let read = if known {
                    Settings::read_again
                } else {
                    Settings::read
                };
                Ok(read(&inner)?.rules)
            });
            let read = read.await;
            *was_there |= folder.join(FILE_NAME).exists();
            read
        }
        Kept::InMemory(text) => Settings::parse(text, Path::new(FILE_NAME))
            .map(|settings| settings.rules)
            .map_err(|error| explain(&error)),
    }
}

/// A slow disk must not hold up the others.
async fn blocking(
    work: impl FnOnce() -> Result<Rules, SettingsError> + Send + 'static,
) -> Result<Rules, Explanation> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| explain(&error)),
        Err(_) => Err(Explanation::harmless(
            "The settings could not be read or saved",
            NextStep::TryAgain,
        )),
    }
}

fn explain(error: &SettingsError) -> Explanation {
    let explanation = error.explain();
    match error {
        SettingsError::Unreadable { .. }
        | SettingsError::TooLarge(_)
        | SettingsError::NotToml(..)
        | SettingsError::NoTable(..) => Explanation {
            next: SettingsNews::mend(),
            ..explanation
        },
        SettingsError::NotSaved { .. } => Explanation {
            next: NextStep::Outside("Make room and allow writing there, then save again".into()),
            ..explanation
        },
        SettingsError::Unusable(_)
        | SettingsError::Gone(_)
        | SettingsError::ChangedMeanwhile { .. }
        | SettingsError::NoProfile { .. }
        | SettingsError::WrongValue { .. } => explanation,
    }
}
