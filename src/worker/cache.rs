//! The last device list on disk, so that it is on screen right after a start. One file for each target and
//! account, readable by its owner only, removed at sign-out.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, Replacement};
use crate::model::{Machine, MemoryBudget};

const VERSION: u8 = 3;
/// The maximum length of a line, more than any device takes.
const MAX_LINE: u64 = 4 << 20;

/// The list, and when it was read.
#[derive(Debug)]
pub(super) struct Cached {
    pub at: Timestamp,
    pub machines: Vec<Arc<Machine>>,
}

/// The first line; every other line is a device, in the service's format.
#[derive(Serialize, Deserialize)]
struct Head {
    v: u8,
    /// Seconds of Unix time.
    at: i64,
}

/// The file of one target and account, in characters allowed in a file name.
pub(super) fn file_of(folder: &Path, target: &str, account: &str) -> PathBuf {
    folder.join(format!("devices-{}_{}.json", plain(target), plain(account)))
}

fn plain(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// Whether a file of this name is some account's list for this target.
fn is_of(name: &str, target: &str) -> bool {
    let rest = name
        .strip_prefix("devices-")
        .and_then(|name| name.strip_prefix(&*plain(target)));
    // Earlier versions separated target and account by a hyphen, which both may contain.
    rest.is_some_and(|rest| {
        rest.starts_with(['_', '-']) && Path::new(rest).extension() == Some("json".as_ref())
    })
}

/// Reads the list. An unreadable file counts as none, as the list only saves waiting. An unreadable row is
/// skipped; a list above the memory budget is refused, as none was written that large.
pub(super) fn read(file: &Path) -> Option<Cached> {
    let mut lines = BufReader::new(files::open(file).ok()??);
    let head: Head = serde_json::from_slice(&line(&mut lines)?).ok()?;
    let at = Timestamp::from_second(head.at).ok()?;
    if head.v != VERSION {
        return None;
    }
    let (mut machines, mut budget) = (Vec::new(), MemoryBudget::of_list());
    loop {
        let line = line(&mut lines)?;
        if line.is_empty() {
            return Some(Cached { at, machines });
        }
        if let Ok(machine) = serde_json::from_slice::<Machine>(&line) {
            if !budget.reserve(machine.bytes_in_list()) {
                return None;
            }
            machines.push(Arc::new(machine));
        }
    }
}

/// The next line; empty at the end, and `None` if it cannot be read.
fn line(lines: &mut impl io::BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let read = lines.take(MAX_LINE).read_until(b'\n', &mut line);
    (read.is_ok() && (line.ends_with(b"\n") || line.is_empty())).then_some(line)
}

/// A list being written device by device, so that it is not in memory twice.
pub(super) struct Writing(BufWriter<Replacement>);

impl Writing {
    pub fn begin(file: &Path, at: Timestamp) -> io::Result<Self> {
        let mut writing = Self(BufWriter::new(Replacement::begin(file)?));
        let (v, at) = (VERSION, at.as_second());
        writing.line(&Head { v, at })?;
        Ok(writing)
    }

    pub fn add(&mut self, machines: &[Arc<Machine>]) -> io::Result<()> {
        let mut machines = machines.iter();
        machines.try_for_each(|machine| self.line(&**machine))
    }

    pub fn finish(self) -> io::Result<()> {
        let written = self.0.into_inner();
        written.map_err(io::IntoInnerError::into_error)?.finish()
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        self.0.write_all(b"\n")
    }
}

/// Removes the lists of all accounts at one target, complete or not, except this file and its unfinished
/// version. Returns whether they are gone.
pub(super) fn remove_all(folder: &Path, target: &str, except: Option<&Path>) -> bool {
    let except = except.and_then(files::final_name);
    let remove = |kept: &Path| {
        let name = files::final_name(kept);
        let is_of_target = name.as_ref().is_some_and(|name| is_of(name, target));
        if is_of_target && except != name {
            files::remove(kept)
        } else {
            Ok(())
        }
    };
    let removed: io::Result<()> = files::list(folder).and_then(|all| {
        // One that cannot be removed does not prevent the removal of the others.
        let each: Vec<io::Result<()>> = all.iter().map(|kept| remove(kept)).collect();
        each.into_iter().collect()
    });
    if let Err(error) = &removed {
        tracing::warn!("kept lists of devices are still there: {error}");
    }
    removed.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HealthStatus, MacAddress, MachineId, Merge, OnboardingStatus, RiskScore};

    #[test]
    fn list_is_read_back_as_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = "v1:live:host:443:c:contoso.com";
        let file = file_of(folder.path(), place, "T/o");
        let mut machine = Machine::bare(MachineId::parse("a1").expect("a literal id"));
        machine.computer_dns_name = Some("FIN-LT-042".into());
        machine.health_status = HealthStatus::from_wire("Hibernating");
        machine.onboarding_status = Some(OnboardingStatus::Onboarded);
        machine.merge = Merge::Unmerged;
        machine.risk_score = Some(RiskScore::High);
        machine.last_seen = Timestamp::from_second(1_763_800_000).ok();
        machine.machine_tags = Some(["vip".into()].into());
        machine.adapters.ip_addresses = ["10.0.0.1".parse().expect("an address")].into();
        machine.adapters.mac_addresses =
            [MacAddress::parse("00005E0053A3").expect("an address")].into();
        let list = [
            Arc::new(machine),
            Arc::new(Machine {
                merge: Merge::Into(MachineId::parse("a1").expect("a literal id")),
                ..Machine::bare(MachineId::parse("b2").expect("a literal id"))
            }),
        ];
        let at = Timestamp::from_second(99).expect("a small number");
        let mut writing = Writing::begin(&file, at).expect("begun");
        for half in list.chunks(1) {
            writing.add(half).expect("written");
        }
        writing.finish().expect("in its place");
        let cached = read(&file).expect("just written");
        assert_eq!((cached.at, cached.machines), (at, list.to_vec()));
        remove_all(folder.path(), place, None);
        remove_all(folder.path(), place, None);
        assert!(read(&file).is_none());
    }

    #[test]
    fn damaged_file_or_other_version_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("devices.json");
        for damaged in [
            "",
            "{",
            "{\"v\":4,\"at\":1}\n",
            "{\"v\":3,\"at\":\"x\"}\n",
            // The format of an earlier version.
            r#"{"v":2,"at":1,"machines":[]}"#,
            "{\"v\":3,\"at\":1}\n{\"id\":\"a1\"}",
        ] {
            std::fs::write(&file, damaged).expect("written");
            assert!(read(&file).is_none(), "{damaged}");
        }
        // An invalid id must not get into a request.
        std::fs::write(
            &file,
            "{\"v\":3,\"at\":1}\n{\"id\":\"../x\",\"health\":\"Active\"}\n",
        )
        .expect("written");
        assert!(read(&file).is_some_and(|cached| cached.machines.is_empty()));
    }

    #[test]
    fn list_above_the_memory_budget_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("devices.json");
        let of = |count: usize, more: &str| {
            let row = |n: usize| format!("{{\"id\":\"{n:040x}\"{more}}}\n");
            let rows: String = (0..count).map(row).collect();
            std::fs::write(&file, format!("{{\"v\":3,\"at\":1}}\n{rows}")).expect("written");
            read(&file).map(|cached| cached.machines.len())
        };
        assert_eq!(of(1_000, ""), Some(1_000));
        assert_eq!(of(250_001, ""), None, "too many");
        let long = format!(r#","rbacGroupName":"{}""#, "x".repeat(3_000));
        assert_eq!(of(40_000, &long), None, "too long");
    }

    #[test]
    fn sign_out_removes_lists_of_the_target_finished_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = "v1:live:host:443:c:contoso.com";
        let here = |name: &str| folder.path().join(name);
        let of_place = "devices-v1-live-host-443-c-contoso-com";
        for name in [
            file_of(folder.path(), place, "T/o"),
            file_of(folder.path(), place, "T/another"),
            here(&format!("{of_place}-t-o.json")),
            here(&format!("{of_place}-t-o.json.new")),
            here(&format!(".{of_place}_t-o.json.a1B2c3.new")),
        ] {
            std::fs::write(name, "FIN-LT-042").expect("written");
        }
        let others = [
            file_of(folder.path(), "v1:live:host:443:c:fabrikam.com", "T/o"),
            file_of(folder.path(), "v1:live:host:443:c:contoso.com.au", "T/o"),
            here("window.json"),
            here(".window.json.a1B2c3.new"),
        ];
        for name in &others {
            std::fs::write(name, "{}").expect("written");
        }
        let present = file_of(folder.path(), place, "T/another");
        // It is being written while its account signs in.
        let writing = Writing::begin(&present, Timestamp::UNIX_EPOCH).expect("begun");
        remove_all(folder.path(), place, Some(&present));
        assert!(files::is_there(&present));
        writing.finish().expect("it is still there");
        remove_all(folder.path(), place, None);
        let mut others = others.to_vec();
        // A longer target's file looks like an earlier version's of this target: removed, it is only read again.
        others.remove(1);
        others.sort();
        assert_eq!(files::list(folder.path()).expect("a list"), others);
    }
}
