//! Gives cordon.exe its icon, version information and manifest. On the other systems there is nothing to do.

fn main() {
    println!("cargo::rerun-if-changed=assets/packaging/windows/cordon.manifest");
    println!("cargo::rerun-if-changed=assets/icon/cordon.ico");
    // What is built for counts, not what builds it.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    let mut resource = winresource::WindowsResource::new();
    resource
        .set_icon("assets/icon/cordon.ico")
        .set_manifest_file("assets/packaging/windows/cordon.manifest")
        .set("ProductName", "cordon")
        .set("FileDescription", "cordon")
        .set("InternalName", "cordon")
        .set("OriginalFilename", "cordon.exe")
        .set("LegalCopyright", "MIT or Apache 2.0")
        .set("ProductVersion", version)
        .set("FileVersion", version);
    if let Err(error) = resource.compile_for("cordon") {
        println!("cargo::error=the resources of cordon.exe were not compiled: {error}");
    }
}
