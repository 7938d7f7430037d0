//! The last list of devices on disk, so that a start shows it at once. One file for each target and
//! account, readable by its owner only, gone at sign-out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::room::Room;
use crate::files;
use crate::model::Machine;

const VERSION: u8 = 2;
/// A hundred thousand devices take less than this.
pub(super) const MAX_BYTES: usize = 128 << 20;

/// The list as it was read then.
#[derive(Debug)]
pub(super) struct Cached {
    pub at: Timestamp,
    pub machines: Vec<Arc<Machine>>,
}

#[derive(Serialize, Deserialize)]
struct File<T> {
    v: u8,
    /// Seconds of Unix time.
    at: i64,
    /// In the service's words.
    machines: T,
}

/// Rows as they are read: what cannot be is skipped, and more than there is room for is refused, as no
/// list that was written has it.
struct Rows(Vec<Arc<Machine>>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("devices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
        let (mut rows, mut room) = (Vec::new(), Room::default());
        while let Some(row) = seq.next_element::<&RawValue>()? {
            if room.is_used_up() {
                return Err(A::Error::custom("more devices than cordon keeps"));
            }
            if let Ok(machine) = serde_json::from_str::<Machine>(row.get()) {
                room.take(&machine);
                rows.push(Arc::new(machine));
            }
        }
        Ok(Rows(rows))
    }
}

/// The file of one target and account, in characters allowed in a file name.
pub(super) fn file_of(folder: &Path, target: &str, account: &str) -> PathBuf {
    folder.join(format!("devices-{}_{}.json", plain(target), plain(account)))
}

fn plain(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// Whether a file of this name has the list of some account at this target.
fn is_of(name: &str, target: &str) -> bool {
    let rest = name
        .strip_prefix("devices-")
        .and_then(|name| name.strip_prefix(&*plain(target)));
    // Earlier versions put a hyphen between target and account, as there is inside each.
    rest.is_some_and(|rest| {
        rest.starts_with(['_', '-']) && Path::new(rest).extension() == Some("json".as_ref())
    })
}

/// Reads the list. A file that cannot be read counts as none: the list only saves waiting.
pub(super) fn read(file: &Path) -> Option<Cached> {
    let bytes = files::read(file, u64::try_from(MAX_BYTES).ok()?).ok()??;
    let file: File<Rows> = serde_json::from_slice(&bytes).ok()?;
    let at = Timestamp::from_second(file.at).ok()?;
    let Rows(machines) = file.machines;
    (file.v == VERSION).then_some(Cached { at, machines })
}

/// Writes the list.
pub(super) fn write(file: &Path, at: Timestamp, machines: &[Arc<Machine>]) {
    let content = File {
        v: VERSION,
        at: at.as_second(),
        machines: machines
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<&Machine>>(),
    };
    // Writing plain strings and numbers to memory cannot fail.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    if let Err(error) = files::replace(file, &json) {
        tracing::warn!("the list of devices is not kept: {error}");
    }
}

/// Removes the lists of all accounts at one target but this one, finished or not.
pub(super) fn remove_all(folder: &Path, target: &str, except: Option<&Path>) {
    let remove = |kept: &Path| {
        let is_of_target = files::final_name(kept).is_some_and(|name| is_of(&name, target));
        if is_of_target && except != Some(kept) {
            files::remove(kept)
        } else {
            Ok(())
        }
    };
    let removed: io::Result<()> = files::list(folder).and_then(|all| {
        // The others are removed even where one cannot be.
        let each: Vec<io::Result<()>> = all.iter().map(|kept| remove(kept)).collect();
        each.into_iter().collect()
    });
    if let Err(error) = removed {
        tracing::warn!("kept lists of devices are still there: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HealthStatus, MacAddress, MachineId, Merge, OnboardingStatus, RiskScore};

    #[test]
    fn a_list_comes_back_as_it_was() {
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
        write(&file, at, &list);
        let cached = read(&file).expect("just written");
        assert_eq!((cached.at, cached.machines), (at, list.to_vec()));
        remove_all(folder.path(), place, None);
        remove_all(folder.path(), place, None);
        assert!(read(&file).is_none());
    }

    #[test]
    fn a_damaged_file_or_one_of_another_version_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("devices.json");
        for damaged in [
            "",
            "{",
            r#"{"v":3,"at":1,"machines":[]}"#,
            r#"{"v":2,"at":"x","machines":[]}"#,
        ] {
            std::fs::write(&file, damaged).expect("written");
            assert!(read(&file).is_none(), "{damaged}");
        }
        // An id that is none goes into no request.
        std::fs::write(
            &file,
            r#"{"v":2,"at":1,"machines":[{"id":"../x","health":"Active"}]}"#,
        )
        .expect("written");
        assert!(read(&file).is_some_and(|cached| cached.machines.is_empty()));
    }

    #[test]
    fn a_list_that_takes_more_memory_than_any_of_ours_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("devices.json");
        let of = |count: usize, more: &str| {
            let row = |n: usize| format!(r#"{{"id":"{n:040x}"{more}}}"#);
            let rows: Vec<String> = (0..count).map(row).collect();
            let json = format!(r#"{{"v":2,"at":1,"machines":[{}]}}"#, rows.join(","));
            std::fs::write(&file, json).expect("written");
            read(&file).map(|cached| cached.machines.len())
        };
        assert_eq!(of(1_000, ""), Some(1_000));
        assert_eq!(of(250_001, ""), None, "too many");
        let long = format!(r#","rbacGroupName":"{}""#, "x".repeat(3_000));
        assert_eq!(of(30_000, &long), None, "too long");
    }

    #[test]
    fn sign_out_leaves_no_list_of_the_place_finished_or_not() {
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
        remove_all(folder.path(), place, Some(&present));
        assert!(files::is_there(&present));
        remove_all(folder.path(), place, None);
        let mut others = others.to_vec();
        // Of a longer name of before nobody can tell whose it is; the list is read again.
        others.remove(1);
        others.sort();
        assert_eq!(files::list(folder.path()).expect("a list"), others);
    }
}
