//! Certificates: one with a root in the system's store is accepted, any other is refused with a reason.

use std::process::Command;

use cordon::explain::Explain as _;

use crate::harness::{Server, installed, passed, python, script};

const URLS: [&str; 3] = ["/device", "/token", "/authorize"];
/// Environment variable with the address for the child.
const ADDRESS: &str = "CORDON_TLS_ADDRESS";

#[test]
fn certificate_with_a_system_root_is_accepted_and_any_other_refused() {
    if let Ok(address) = std::env::var(ADDRESS) {
        ask(&address);
        return;
    }
    let pem = installed().join("throw-away.pem");
    let server = Server::start_with(&python(), &[&script("tls_server.py"), &pem]);
    // A program reads the system's store once.
    let asked = |roots: Option<&std::path::Path>| {
        let mut child = Command::new(std::env::current_exe().expect("this test"));
        child.args([
            "--exact",
            "tls::certificate_with_a_system_root_is_accepted_and_any_other_refused",
        ]);
        child
            .arg("--nocapture")
            .env(ADDRESS, server.address.as_str());
        child.env_remove("SSL_CERT_DIR");
        match roots {
            Some(roots) => child.env("SSL_CERT_FILE", roots),
            None => child.env_remove("SSL_CERT_FILE"),
        };
        let output = child.output().expect("it starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = asked(Some(&pem));
    assert!(
        said.contains("asked: NotUnderstood"),
        "a trusted host is asked: {said}"
    );
    passed(
        "a TLS server",
        "a root certificate of the system's store is taken",
    );
    let said = asked(None);
    assert!(said.contains("asked: Unreachable(Certificate)"), "{said}");
    assert!(
        said.contains("has to be in the certificate store of this system"),
        "{said}"
    );
    passed("a TLS server", "any other certificate is refused, in words");
}

fn ask(address: &str) {
    let address = url::Url::parse(address).expect("an address");
    let session = crate::harness::session_at(&address, URLS, "cordon");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let error = runtime
        .block_on(session.begin())
        .expect_err("it knows no codes");
    println!("asked: {error:?} {}", error.explain().next.words());
}
