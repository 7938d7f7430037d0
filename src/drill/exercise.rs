//! The exercises: story, obstacles, and the requests that the tenant should receive.

use crate::action::ActionKind;
use crate::simulator::{Fault, SimControl};

/// A device of the tenant: its name, and its index among devices of that name.
pub type Device = (&'static str, usize);

/// A request that should be sent exactly once.
pub struct Wanted {
    pub device: Device,
    pub kind: ActionKind,
    /// A property that the request body must have.
    pub body: Option<(&'static str, &'static str)>,
}

const fn wanted(device: Device, kind: ActionKind) -> Wanted {
    Wanted {
        device,
        kind,
        body: None,
    }
}

pub struct Exercise {
    pub name: &'static str,
    pub task: &'static str,
    pub briefing: &'static str,
    pub wanted: &'static [Wanted],
    /// Devices that should be contained at the end; all others should not be.
    pub contained: &'static [Device],
    /// Devices whose actions are not expected to end.
    pub silent: &'static [Device],
    /// A colleague's action in progress, with its device.
    colleague: Option<(Device, &'static str)>,
    /// Whether the answer to the first order is dropped.
    loses_answer: bool,
}

const VICTIM: Device = ("FIN-LT-042", 0);
const IN_THE_WAY: Device = ("ENG-LT-030", 0);
const SILENT: Device = ("SALES-LT-019", 0);
const WITH_FILE: Device = ("HR-LT-007", 0);
/// SHA-1 of a file that does not exist.
const SHA1: &str = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9";

pub const EXERCISES: [Exercise; 3] = [
    Exercise {
        name: "A beacon with a twin",
        task: "Isolate the FIN-LT-042 with Windows 11, wait until that is done, then release it",
        briefing: "INC-9001: FIN-LT-042 is beaconing; p.marsh is using it. Two records have this name: it is the one with Windows 11. Isolate it, wait until that is done, then release it: the beacon was a red-team test",
        wanted: &[
            wanted(VICTIM, ActionKind::Isolate),
            wanted(VICTIM, ActionKind::Unisolate),
        ],
        contained: &[],
        silent: &[],
        colleague: None,
        loses_answer: false,
    },
    Exercise {
        name: "At odds with a colleague",
        task: "Isolate ENG-LT-030 and leave it isolated",
        briefing: "INC-9002: isolate ENG-LT-030 and leave it isolated. A colleague has just ordered its release, and the network is bad tonight: an answer may be lost",
        wanted: &[wanted(IN_THE_WAY, ActionKind::Isolate)],
        contained: &[IN_THE_WAY],
        silent: &[],
        colleague: Some((IN_THE_WAY, "Unisolate")),
        loses_answer: true,
    },
    Exercise {
        name: "A silent device and a file",
        task: "Isolate SALES-LT-019 and leave it isolated; quarantine the file 87662bc3d60e4200ceaf7aae249d1c343f4b83c9 on HR-LT-007",
        briefing: "INC-9003: isolate SALES-LT-019, which has not reported for days, and leave it isolated. HR-LT-007 has the same file: stop and quarantine it there, SHA-1 87662bc3d60e4200ceaf7aae249d1c343f4b83c9. End the drill when you know all there is to know tonight",
        wanted: &[
            wanted(SILENT, ActionKind::Isolate),
            Wanted {
                device: WITH_FILE,
                kind: ActionKind::StopAndQuarantineFile,
                body: Some(("Sha1", SHA1)),
            },
        ],
        contained: &[SILENT],
        silent: &[SILENT],
        colleague: None,
        loses_answer: false,
    },
];

impl Exercise {
    /// Describes changes on the exercise's devices since the tenant started.
    pub(super) fn leftovers(&self, control: &SimControl) -> Vec<String> {
        let devices = self.devices(control).into_iter();
        devices
            .filter_map(|(id, name)| {
                let state = control.state_of(&id);
                (!state.is_empty()).then(|| format!("{name}: {}", state.join(", ")))
            })
            .collect()
    }

    /// Ids and names of the devices in this exercise.
    fn devices(&self, control: &SimControl) -> Vec<(String, &'static str)> {
        let machines = control.machine_ids();
        let mut devices: Vec<Device> = self.wanted.iter().map(|wanted| wanted.device).collect();
        devices.dedup();
        let known = devices.into_iter();
        known
            .filter_map(|device| Some((id_of(&machines, device)?, device.0)))
            .collect()
    }

    /// Resets the devices and sets up the obstacles.
    pub(super) fn set_up(&self, control: &SimControl) {
        control.clear_faults();
        for (id, _) in self.devices(control) {
            control.put_back(&id);
        }
        if let Some((device, action)) = self.colleague
            && let Some(id) = id_of(&control.machine_ids(), device)
        {
            // If it fails, the exercise is easier, but still valid.
            let _ordered = control.act_as_colleague(&id, action, "checked, clean");
        }
        if let Some(fault) = Fault::parse("submit", "drop_after", 1).filter(|_| self.loses_answer) {
            control.inject(fault);
        }
    }
}

pub fn id_of(machines: &[(String, Option<String>)], (name, nth): Device) -> Option<String> {
    let mut named = machines.iter().filter(|(_, n)| n.as_deref() == Some(name));
    named.nth(nth).map(|(id, _)| id.clone())
}
