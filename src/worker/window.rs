//! The window's layout, remembered between runs: a small file beside the journal. It contains no secrets, and
//! its loss is harmless.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::event_sink::EventSink;
use crate::files;
use crate::message::Event;
use crate::model::{Column, Sort, WindowLayout};

const FILE_NAME: &str = "window.json";
/// A hundred columns fit.
const MAX_BYTES: u64 = 64 * 1024;
const VERSION: u8 = 1;
/// Minimum time between two writes.
const PAUSE: Duration = Duration::from_secs(3);

/// Writes layout changes. A run without a folder saves nothing.
pub(super) struct LayoutWriter(Option<(Layouts, JoinHandle<()>)>);

/// Wanted content of the file; `None` for no file.
type Layouts = watch::Sender<Option<WindowLayout>>;

impl LayoutWriter {
    /// Sends the saved layout to the window, and starts saving its changes. The receiver signals that the
    /// layout was sent, before everything else, unless the disk hangs.
    pub fn start(sink: EventSink, folder: Option<PathBuf>) -> (Self, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        let Some(folder) = folder else {
            return (Self(None), receiver);
        };
        let (layouts, news) = watch::channel(None);
        let writing = tokio::spawn(async move {
            let from = folder.clone();
            let read = tokio::task::spawn_blocking(move || {
                // Left by a run that was killed while writing.
                files::remove_unfinished(&from).ok();
                read(&from)
            });
            let layout = read.await.ok().flatten().unwrap_or_default();
            sink.emit(Event::Window(Box::new(layout))).await;
            sender.send(()).ok();
            write_changes(folder, news).await;
        });
        (Self(Some((layouts, writing))), receiver)
    }

    pub fn keep(&self, layout: WindowLayout) {
        if let Some((layouts, _)) = &self.0 {
            layouts.send_replace(Some(layout));
        }
    }

    /// Removes the file; the next change creates another.
    pub fn forget(&self) {
        if let Some((layouts, _)) = &self.0 {
            layouts.send_replace(None);
        }
    }

    /// Ends the task, and writes pending changes.
    pub async fn finish(self) {
        if let Some((layouts, writing)) = self.0 {
            drop(layouts);
            writing.await.ok();
        }
    }
}

async fn write_changes(folder: PathBuf, mut news: watch::Receiver<Option<WindowLayout>>) {
    // Includes the last change if the run has ended meanwhile.
    while news.changed().await.is_ok() {
        let layout = news.borrow_and_update().clone();
        let to = folder.clone();
        tokio::task::spawn_blocking(move || write(&to, layout.as_ref()))
            .await
            .ok();
        let mut end = news.clone();
        tokio::time::timeout(PAUSE, async move { end.wait_for(|_| false).await.is_err() })
            .await
            .ok();
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct File {
    v: u8,
    columns: Vec<Row>,
    sorted_by: String,
    descending: bool,
    theme: String,
    panel_width: Option<f32>,
    activity_height: Option<f32>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    width: Option<f32>,
}

impl From<&WindowLayout> for File {
    fn from(layout: &WindowLayout) -> Self {
        let row = |column: Column| Row {
            name: column.word().to_owned(),
            hidden: !layout.shows(column),
            width: layout.widths.get(&column).copied(),
        };
        Self {
            v: VERSION,
            columns: Column::ALL.map(row).into(),
            sorted_by: layout.sort.column.word().to_owned(),
            descending: layout.sort.descending,
            theme: <&str>::from(layout.theme).to_owned(),
            panel_width: layout.panel_width,
            activity_height: layout.activity_height,
        }
    }
}

impl File {
    /// Converts to a layout; unknown values are left out.
    fn into_layout(self) -> WindowLayout {
        let mut layout = WindowLayout {
            theme: self.theme.parse().unwrap_or_default(),
            panel_width: self.panel_width,
            activity_height: self.activity_height,
            ..WindowLayout::default()
        };
        if let Some(column) = Column::from_word(&self.sorted_by) {
            layout.sort = Sort {
                column,
                descending: self.descending,
            };
        }
        for row in self.columns {
            let Some(column) = Column::from_word(&row.name) else {
                continue;
            };
            if row.hidden {
                layout.hidden.insert(column);
            }
            layout.widths.extend(row.width.map(|width| (column, width)));
        }
        layout.sane()
    }
}

/// Reads the layout. An unreadable file counts as none.
fn read(folder: &Path) -> Option<WindowLayout> {
    let json = files::read(&folder.join(FILE_NAME), MAX_BYTES).ok()??;
    let file: File = serde_json::from_slice(&json).ok()?;
    (file.v == VERSION).then(|| file.into_layout())
}

fn write(folder: &Path, layout: Option<&WindowLayout>) {
    let file = folder.join(FILE_NAME);
    let done = match layout {
        // Writing plain strings and numbers to memory cannot fail.
        Some(layout) => {
            let json = serde_json::to_vec_pretty(&File::from(layout)).unwrap_or_default();
            files::replace(&file, &json)
        }
        None => files::remove(&file),
    };
    if let Err(error) = done {
        tracing::warn!("{} says what it said before: {error}", file.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ThemeChoice;

    fn layout() -> WindowLayout {
        WindowLayout {
            hidden: [Column::Risk, Column::Tags].into(),
            widths: [(Column::Risk, 90.5), (Column::Name, 300.0)].into(),
            sort: Sort {
                column: Column::LastSeen,
                descending: true,
            },
            theme: ThemeChoice::Dark,
            panel_width: Some(512.0),
            activity_height: Some(180.0),
        }
    }

    #[test]
    fn layout_is_read_back_as_written() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()), None);
        write(folder.path(), Some(&layout()));
        assert_eq!(read(folder.path()), Some(layout()));
        write(folder.path(), None);
        assert!(!files::is_there(&folder.path().join(FILE_NAME)));
    }

    #[test]
    fn damaged_file_or_other_version_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        for damaged in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"v":2}"#,
            r#"{"v":1,"columns":7}"#,
            r#"{"v":1,"columns":[{"hidden":true}]}"#,
            "\u{0}\u{1}",
        ] {
            std::fs::write(folder.path().join(FILE_NAME), damaged).expect("written");
            assert_eq!(read(folder.path()), None, "{damaged}");
        }
    }

    #[test]
    fn unknown_values_are_skipped_and_invalid_ones_corrected() {
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = r#"{"v":1,"theme":"pink","sorted_by":"colour","more":1,"panel_width":-1,"columns":[
            {"name":"colour","hidden":true,"width":9},
            {"name":"name","hidden":true},
            {"name":"risk","hidden":true,"width":1e30},
            {"name":"os","width":1}]}"#;
        std::fs::write(folder.path().join(FILE_NAME), foreign).expect("written");
        let wanted = WindowLayout {
            hidden: [Column::Risk].into(),
            widths: [(Column::Risk, 1_000.0), (Column::Os, 48.0)].into(),
            panel_width: Some(40.0),
            ..WindowLayout::default()
        };
        assert_eq!(read(folder.path()), Some(wanted));
    }

    #[tokio::test(start_paused = true)]
    async fn frequent_changes_are_debounced_and_the_last_one_is_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, news) = watch::channel(None);
        let writing = tokio::spawn(write_changes(folder.path().to_owned(), news));
        let wide = |width| WindowLayout {
            panel_width: Some(width),
            ..WindowLayout::default()
        };
        for width in [500.0, 501.0, 502.0] {
            sender.send_replace(Some(wide(width)));
            tokio::task::yield_now().await;
        }
        drop(sender);
        writing.await.expect("no panic");
        assert_eq!(read(folder.path()), Some(wide(502.0)));
    }
}
