//! Messages about arguments, before anything starts.

use std::process::Command;

/// A shell turns file names into arguments, and anyone may have chosen those.
#[test]
fn a_message_about_an_argument_cannot_steer_the_terminal() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cordon"));
    let output = program
        .arg("--x\u{202e}y\u{1b}]0;owned\u{7}\u{1b}[2J")
        .output();
    let output = output.expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("text");
    let quoted = r"unexpected argument '--x\u{202e}y";
    assert!(said.contains(quoted), "{said:?}");
    assert!(said.contains("\n\nUsage: "), "{said:?}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
}
