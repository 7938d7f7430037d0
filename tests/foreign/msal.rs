//! `PyPI` `msal`, Microsoft's own client library, on the built-in tenant, which has to do what a real
//! client expects of Entra.

use std::process::Command;

use cordon::simulator::{SimOptions, Simulator};

use crate::harness::{passed, python, script};

#[test]
fn microsofts_own_library_signs_in_to_the_built_in_tenant() {
    let tenant = Simulator::start(SimOptions::default()).expect("it starts");
    tenant.control().set_poll_interval(1);
    let output = Command::new(python())
        .arg(script("msal_client.py"))
        .arg(tenant.address())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{errors}");
    let rows: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("passed: "))
        .collect();
    assert_eq!(rows.len(), 6, "{said}");
    for row in rows {
        passed("PyPI `msal` 1.39.0, on the built-in tenant", row);
    }
}
