//! A private desktop for one test: its own home, message bus, display, window manager and accessibility
//! bus. The user's own desktop is neither read nor changed, and everything ends when the value is dropped.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zbus::blocking::{Connection, connection};

/// Time limit for a part of the desktop to start.
const START_LIMIT: Duration = Duration::from_secs(90);
/// The compositor's socket, in the session's own runtime folder.
const COMPOSITOR: &str = "wayland-cordon";

/// A program started in the session, which is ended together with its children.
pub struct Running {
    child: Child,
    group: u32,
}

impl Running {
    /// Its process id.
    pub fn process(&self) -> u32 {
        self.group
    }

    /// Writes the program's input and closes it.
    pub fn write(&mut self, text: &[u8]) {
        let mut input = self.child.stdin.take().expect("the input was piped");
        input.write_all(text).expect("the program reads its input");
    }

    /// Kills the program, as a power cut would.
    pub fn kill(&mut self) {
        self.end("KILL");
    }

    /// Waits for the program to end by itself, at most for `limit`.
    pub fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the program to end by itself.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        self.ends_within(START_LIMIT)
            .unwrap_or_else(|| panic!("the program did not end; its threads: {}", self.threads()))
    }

    /// Kernel wait channels of the program's threads.
    fn threads(&self) -> String {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let tasks = fs::read_dir(format!("/proc/{}/task", self.group));
        let threads: Vec<String> = tasks
            .into_iter()
            .flatten()
            .flatten()
            .map(|task| {
                let name = read(task.path().join("comm"));
                format!("{} in {}", name.trim(), read(task.path().join("wchan")))
            })
            .collect();
        threads.join(", ")
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill` is on every system, and reaches the whole process group.
        Command::new("/bin/sh")
            .args(["-c", &format!("kill -{name} -{} 2>/dev/null", self.group)])
            .status()
            .ok();
    }

    fn end(&mut self, name: &str) {
        self.signal(name);
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.signal("KILL");
        self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end("TERM");
    }
}

/// A private desktop. Fields are dropped in order: programs first, newest first, then their folder.
pub struct Session {
    programs: Vec<Running>,
    folder: TempDir,
    pictures: PathBuf,
    display: String,
    /// The socket of the compositor, on Wayland.
    compositor: Option<&'static str>,
    bus_address: String,
}

impl Session {
    /// Writes a program of this name that runs a line of shell, and returns its path.
    pub fn program(&self, name: &str, line: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("and made runnable");
        path
    }

    /// Starts a desktop of 1280×800 with a window manager and the accessibility bus on.
    /// Pictures, trees and the programs' output are kept in `target/desktop-pictures/<name>`.
    pub fn start(name: &str) -> Self {
        Self::start_sized(name, "1280x800")
    }

    /// The same with another size, such as "1280x720".
    pub fn start_sized(name: &str, size: &str) -> Self {
        let mut session = Self::bare(name, size);
        session.start_window_manager();
        session.start_accessibility();
        session
    }

    /// The same on Wayland: the compositor `weston`, which draws on the display and gets its input from it.
    pub fn start_on_wayland(name: &str) -> Self {
        let size = "1280x800";
        let mut session = Self::bare(name, size);
        session.start_compositor(size);
        session.start_accessibility();
        session
    }

    /// A display and a message bus.
    fn bare(name: &str, size: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("cordon-desktop-")
            .tempdir()
            .expect("a temporary folder can be made");
        for part in ["home", "config", "data", "cache", "state", "runtime"] {
            let path = folder.path().join(part);
            fs::create_dir(&path).expect("a folder of the session can be made");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
                .expect("a folder of the session can be made private");
        }
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("the target folder has a parent")
            .join("desktop-pictures")
            .join(name);
        fs::remove_dir_all(&pictures).ok();
        fs::create_dir_all(&pictures).expect("the folder for pictures can be made");

        let mut session = Self {
            programs: Vec::new(),
            folder,
            pictures,
            display: String::new(),
            compositor: None,
            bus_address: String::new(),
        };
        session.start_display(size);
        session.start_bus();
        session
    }

    /// The folder for all files of this session's programs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder in which pictures and logs of this session are kept after the test.
    pub fn pictures(&self) -> &Path {
        &self.pictures
    }

    /// A command that sees only this session.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.tool(program);
        if let Some(compositor) = self.compositor {
            command
                .env_remove("DISPLAY")
                .env("WAYLAND_DISPLAY", compositor)
                .env("XDG_SESSION_TYPE", "wayland");
        }
        command
    }

    /// The same for the display itself: for programs that draw there, play the keyboard, or take pictures.
    pub fn tool(&self, program: impl AsRef<Path>) -> Command {
        let home = self.folder.path();
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.join("home"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_RUNTIME_DIR", home.join("runtime"))
            .env("XDG_SESSION_TYPE", "x11")
            .env("LANG", "C.UTF-8")
            .env("TZ", "Europe/Vienna")
            .env("GSETTINGS_BACKEND", "memory")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("RUST_BACKTRACE", "1")
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .stdin(Stdio::null());
        command
    }

    /// Starts a program whose output goes to a log beside the pictures.
    pub fn spawn(&self, what: &str, mut command: Command) -> Running {
        command.stdout(self.log(what, "out"));
        self.launch(what, command)
    }

    /// Starts a program and returns the first line that it prints.
    pub fn spawn_and_read(&self, what: &str, mut command: Command) -> (Running, String) {
        command.stdout(Stdio::piped());
        let mut running = self.launch(what, command);
        let output = running.child.stdout.take().expect("the output was piped");
        let mut log = self.log(what, "out");
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name(format!("output of {what}"))
            .spawn(move || {
                // Read on after the first line, so that the program never blocks on a full pipe.
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    writeln!(log, "{line}").ok();
                    sender.try_send(line).ok();
                }
            })
            .expect("a thread can be started");
        let line = receiver.recv_timeout(START_LIMIT).unwrap_or_else(|_| {
            panic!(
                "{what} printed nothing; its output is in {}",
                self.pictures.display()
            )
        });
        (running, line)
    }

    /// A connection to the session's message bus.
    pub fn bus(&self) -> Connection {
        connect(&self.bus_address)
    }

    /// A connection to the session's accessibility bus.
    pub fn accessibility_bus(&self) -> Connection {
        let reply = self
            .bus()
            .call_method(
                Some("org.a11y.Bus"),
                "/org/a11y/bus",
                Some("org.a11y.Bus"),
                "GetAddress",
                &(),
            )
            .expect("the accessibility bus has an address");
        let address: String = reply.body().deserialize().expect("the address is a text");
        connect(&address)
    }

    /// Waits until this name has an owner on the session bus.
    pub fn wait_for_name(&self, name: &str) {
        let bus = self.bus();
        wait_until(&format!("a service called {name}"), || {
            name_has_owner(&bus, name)
        });
    }

    /// Keeps a picture of the whole display.
    pub fn picture(&self, name: &str) -> PathBuf {
        // The accessibility bus is ahead of the painting, which is done in software.
        thread::sleep(Duration::from_millis(300));
        let path = self.pictures.join(format!("{name}.png"));
        let status = self
            .tool("import")
            .args(["-silent", "-window", "root"])
            .arg(&path)
            .status()
            .expect("`import` of ImageMagick takes pictures; tests/run installs it");
        assert!(
            status.success(),
            "the picture {} was not taken",
            path.display()
        );
        path
    }

    /// Runs xdotool, which plays the keyboard and the pointer.
    pub fn xdotool(&self, arguments: &[&str]) {
        let status = self
            .tool("xdotool")
            .args(arguments)
            .stdout(self.log("xdotool", "out"))
            .status()
            .expect("xdotool plays the keyboard; tests/run installs it");
        assert!(status.success(), "xdotool {arguments:?}: {status}");
    }

    fn start_display(&mut self, size: &str) {
        let screen = format!("{size}x24");
        let mut command = self.command("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &screen,
            "-nolisten",
            "tcp",
            "-noreset",
        ]);
        let (running, number) = self.spawn_and_read("Xvfb", command);
        self.programs.push(running);
        self.display = format!(":{}", number.trim());
    }

    fn start_bus(&mut self) {
        // No service folder: nothing on this bus starts by itself, so "no keyring" means none.
        let socket_folder = self.folder.path().join("runtime");
        let mut settings = String::new();
        writeln!(
            settings,
            "<busconfig><type>session</type><listen>unix:dir={}</listen>\
             <auth>EXTERNAL</auth><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            socket_folder.display()
        )
        .expect("text can be written");
        let path = self.folder.path().join("bus.conf");
        fs::write(&path, settings).expect("the bus settings can be written");
        let mut command = self.command("dbus-daemon");
        command
            .arg(format!("--config-file={}", path.display()))
            .args(["--print-address=1", "--nofork", "--nopidfile"]);
        let (running, address) = self.spawn_and_read("dbus-daemon", command);
        self.programs.insert(0, running);
        address.trim().clone_into(&mut self.bus_address);
    }

    fn start_window_manager(&mut self) {
        let command = self.tool("openbox");
        let running = self.spawn("openbox", command);
        self.programs.insert(0, running);
    }

    fn start_compositor(&mut self, size: &str) {
        let (width, height) = size.split_once('x').expect("width and height");
        let mut command = self.tool("weston");
        command.args([
            "--backend=x11-backend.so",
            &format!("--width={width}"),
            &format!("--height={height}"),
            "--no-config",
            "--idle-time=0",
            &format!("--socket={COMPOSITOR}"),
        ]);
        let running = self.spawn("weston", command);
        self.programs.insert(0, running);
        let socket = self.folder.path().join("runtime").join(COMPOSITOR);
        wait_until("the compositor", || socket.exists());
        self.compositor = Some(COMPOSITOR);
    }

    fn start_accessibility(&mut self) {
        let launcher = find_program("at-spi-bus-launcher");
        let mut command = self.command(launcher);
        command.arg("--launch-immediately");
        let running = self.spawn("at-spi-bus-launcher", command);
        self.programs.insert(0, running);
        self.wait_for_name("org.a11y.Bus");
        let status = self.bus();
        for property in ["IsEnabled", "ScreenReaderEnabled"] {
            let value = zbus::zvariant::Value::from(true);
            status
                .call_method(
                    Some("org.a11y.Bus"),
                    "/org/a11y/bus",
                    Some("org.freedesktop.DBus.Properties"),
                    "Set",
                    &("org.a11y.Status", property, value),
                )
                .unwrap_or_else(|error| panic!("accessibility cannot be switched on: {error}"));
        }
    }

    fn launch(&self, what: &str, mut command: Command) -> Running {
        let child = command
            .stderr(self.log(what, "err"))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{what} cannot be started ({error}); tests/run installs it")
            });
        Running {
            group: child.id(),
            child,
        }
    }

    fn log(&self, what: &str, stream: &str) -> File {
        let path = self.pictures.join(format!("{what}.{stream}.log"));
        File::options()
            .create(true)
            .append(true)
            .open(path)
            .expect("a log can be opened")
    }
}

/// Waits for a change that the desktop makes by itself.
pub fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + START_LIMIT;
    while !reached() {
        assert!(
            Instant::now() < deadline,
            "waited {START_LIMIT:?} for {what}"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

/// Whether this name has an owner on the bus.
pub fn name_has_owner(bus: &Connection, name: &str) -> bool {
    bus.call_method(
        Some("org.freedesktop.DBus"),
        "/org/freedesktop/DBus",
        Some("org.freedesktop.DBus"),
        "NameHasOwner",
        &name,
    )
    .ok()
    .and_then(|reply| reply.body().deserialize().ok())
    .unwrap_or(false)
}

fn connect(address: &str) -> Connection {
    connection::Builder::address(address)
        .expect("the bus address can be read")
        .method_timeout(Duration::from_secs(30))
        .build()
        .unwrap_or_else(|error| panic!("no connection to the bus at {address}: {error}"))
}

/// Path of a program, also outside of `PATH`.
pub fn find_program(name: &str) -> PathBuf {
    let searched = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&searched)
        .chain(["/usr/libexec", "/usr/lib/at-spi2-core", "/usr/lib"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; tests/run installs it"))
}
