//! Arbitrary bytes into each parser that foreign bytes can reach: no panic, and memory in proportion. Cases
//! are mutated samples, and now and then pure noise.
//!
//! `CORDON_BYTE_CASES` sets the number per parser and `CORDON_SEED` the seed; both are printed.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "the test harness panics with a message, and measures by the clock"
)]

mod parsers;

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory is counted for the whole process, so one parser runs at a time.
static TURN: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;
/// Memory limit of response parsers, in bytes per byte of input.
const ANSWER: usize = 100;
/// The same for TOML, where every bracket becomes a table with spare capacity. The file's size is limited
/// before.
const TOML: usize = 1_000;

/// Fragments inserted by mutations, which parsers tend to stumble over.
const SNIPPETS: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "{",
    "[",
    "}",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u0000",
    "\\ud800",
    "-",
    "9e999",
    "18446744073709551616",
    "-1",
    "0.5",
    "\u{202e}",
    "\u{0}",
    "é",
    "'",
    "%00",
    "%",
    "+",
    "/",
    "//",
    "..",
    "?",
    "#",
    "@",
    "http://",
    "https://evil.example/",
    "\r\n",
    "\t",
    "Bearer ",
    "claims=",
    "=",
    "9999999999999999",
    "GMT",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "\"value\":",
    "\"id\":",
    "\"error\":",
    "0001-01-01T00:00:00Z",
    "T",
    "Z",
];

/// Source of cases, which are the same for the same seed.
struct Rng(fastrand::Rng);

impl Rng {
    /// A number in `0..below`; 0 if that is empty.
    fn roll(&mut self, below: usize) -> usize {
        self.0.usize(..below.max(1))
    }

    fn byte(&mut self) -> u8 {
        self.0.u8(..)
    }

    /// A case made from one of the samples.
    fn case(&mut self, samples: &[Vec<u8>]) -> Vec<u8> {
        if self.roll(16) == 0 {
            return (0..self.roll(300)).map(|_| self.byte()).collect();
        }
        let mut case = samples[self.roll(samples.len())].clone();
        for _ in 0..=self.roll(6) {
            self.mutate(&mut case);
        }
        case
    }

    fn mutate(&mut self, case: &mut Vec<u8>) {
        let at = self.roll(case.len() + 1);
        let end = (at + 1 + self.roll(24)).min(case.len());
        match self.roll(8) {
            0 => {
                if let Some(byte) = case.get_mut(at) {
                    *byte = self.byte();
                }
            }
            1 => {
                if let Some(byte) = case.get_mut(at) {
                    *byte ^= 1 << self.roll(8);
                }
            }
            2 => case.truncate(at),
            3 => {
                case.drain(at..end.max(at));
            }
            4 => {
                // A piece of it repeated many times: long, and nested if it opens something.
                let piece = case[at..end.max(at)].to_vec();
                let times = 1 + self.roll(400);
                case.splice(at..at, piece.repeat(times));
            }
            5 => {
                let other = self.roll(case.len() + 1);
                if at < case.len() && other < case.len() {
                    case.swap(at, other);
                }
            }
            _ => {
                let snippet = SNIPPETS[self.roll(SNIPPETS.len())];
                case.splice(at..at, snippet.bytes());
            }
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Runs cases through one parser, and prints their number, speed and memory.
fn throw(parser: &str, per_byte: usize, samples: &[Vec<u8>], parse: impl FnMut(&[u8])) {
    throw_cases(cases(), parser, per_byte, samples, parse);
}

fn cases() -> u64 {
    number("CORDON_BYTE_CASES", 3_000)
}

fn throw_cases(
    cases: u64,
    parser: &str,
    per_byte: usize,
    samples: &[Vec<u8>],
    mut parse: impl FnMut(&[u8]),
) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = number("CORDON_SEED", 0xb17e_5eed);
    let mut rng = Rng(fastrand::Rng::with_seed(seed));
    // One-time set-up, such as a parser's tables, counts for no case.
    for sample in samples {
        parse(sample);
    }
    let (mut most, mut longest, start) = (0, 0, Instant::now());
    for n in 0..cases {
        let case = rng.case(samples);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        parse(&case);
        let took = MEMORY.peak_usage().saturating_sub(before);
        assert!(
            took <= MIB + case.len() * per_byte,
            "{parser}, seed {seed}, case {n}: {took} bytes for {} of input",
            case.len()
        );
        (most, longest) = (most.max(took), longest.max(case.len()));
    }
    let secs = start.elapsed().as_secs_f64();
    // Past the harness, which captures the output of passing tests.
    writeln!(
        std::io::stderr(),
        "{parser}: {cases} cases, seed {seed}, {:.0} a second; longest {} KiB, most memory {} KiB",
        f64::from(u32::try_from(cases).unwrap_or(u32::MAX)) / secs,
        longest / 1024,
        most / 1024
    )
    .expect("there is an error output");
    assert!(cases > 0, "something was thrown");
}
