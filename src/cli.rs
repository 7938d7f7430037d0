//! Arguments and subcommands.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Parser, Subcommand, ValueEnum};

use crate::action::ActionKind;
use crate::journal::Format;

/// A console for containment through Microsoft Defender for Endpoint.
#[derive(Debug, Clone, Parser)]
#[command(name = "cordon", version, about, long_about = None)]
pub struct Arguments {
    /// The built-in tenant; nothing leaves this machine.
    #[arg(long, conflicts_with_all = ["stand_in", "profile"])]
    pub demo: bool,
    /// Sign-in and API on a loopback server, such as `http://127.0.0.1:8080`.
    /// With --profile, that profile's tenant and application there.
    #[arg(long, value_name = "URL", global = true)]
    pub stand_in: Option<String>,
    /// A profile of the settings file.
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// Start with this search (for links from a ticket or SIEM).
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub device: String,
    /// Look, don't act.
    #[arg(long)]
    pub read_only: bool,
    /// Folder of the journal, settings and cache.
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Subcommands>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Subcommands {
    /// Play sign-in and every action without a window, with the real
    /// engine, and judge by the journal and the tenant's request log. With --data-dir the journal
    /// is kept, and what an earlier run left open is followed to its end first.
    SelfTest {
        /// Have the built-in tenant fail at this step.
        #[arg(long, value_name = "STEP", value_enum, conflicts_with = "stand_in")]
        fail: Option<SelfTestStep>,
        /// The stand-in's clock runs this many times faster, so waits are that much shorter.
        #[arg(long, value_name = "TIMES", requires = "stand_in", value_parser = clap::value_parser!(u16).range(1..=1_000))]
        speed: Option<u16>,
    },
    /// Say what is wrong with this installation, and how to fix it.
    Doctor,
    /// Run only the built-in tenant, for other clients and for training.
    Simulate {
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        #[arg(long, default_value_t = 60)]
        devices: usize,
    },
    /// The journal of orders, without a window.
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// Walk the hash chain.
    Verify { file: Option<PathBuf> },
    /// Name the entries that have no end yet, and fail when there are any. Demo journals do not count.
    Open,
    /// Write every entry to standard output.
    Export {
        file: Option<PathBuf>,
        #[arg(long, value_enum, default_value = "markdown")]
        format: Format,
    },
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Csv, Self::Json, Self::Markdown, Self::Html]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }))
    }
}

/// The steps of the self-test, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfTestStep {
    SignIn,
    Devices,
    Order(ActionKind),
}

impl SelfTestStep {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Devices => "devices",
            Self::Order(kind) => kind.into(),
        }
    }
}

impl ValueEnum for SelfTestStep {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Box<[SelfTestStep]>> = LazyLock::new(|| {
            let orders = ActionKind::ALL.iter().copied().map(SelfTestStep::Order);
            [SelfTestStep::SignIn, SelfTestStep::Devices]
                .into_iter()
                .chain(orders)
                .collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn argument_definitions_are_consistent() {
        Arguments::command().debug_assert();
        assert!(
            Arguments::try_parse_from(["cordon", "--demo", "--stand-in", "http://127.0.0.1:1"])
                .is_err()
        );
        assert!(Arguments::try_parse_from(["cordon", "self-test", "--fail", "release"]).is_ok());
    }
}
