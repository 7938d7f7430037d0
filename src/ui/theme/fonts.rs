//! The shipped fonts, and the system's fonts for scripts that they do not cover.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use egui::{Context, FontData, FontDefinitions, FontFamily};
use flate2::read::GzDecoder;

use super::text::semibold;

/// The shipped fonts by name, compressed, which makes the program 340 kB smaller.
const SHIPPED: [(&str, &[u8]); 3] = [
    (
        "Inter",
        include_bytes!("../../../assets/fonts/Inter-Regular.otf.gz"),
    ),
    (
        "Inter SemiBold",
        include_bytes!("../../../assets/fonts/Inter-SemiBold.otf.gz"),
    ),
    (
        "JetBrains Mono",
        include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf.gz"),
    ),
];

/// Larger files are skipped; no well-known text font comes near.
const MAX_FILE_BYTES: u64 = 40 * 1024 * 1024;
/// Maximum total size of the fallback fonts.
const MAX_TOTAL_BYTES: u64 = 120 * 1024 * 1024;

/// A font file in memory.
#[derive(Clone, Debug)]
pub struct FontSource {
    /// The file's name, unique among the sources.
    pub name: String,
    /// The file's content.
    pub bytes: Arc<Vec<u8>>,
}

/// Installs the shipped fonts, followed by each of `fallbacks` in turn.
pub fn install(ctx: &Context, fallbacks: &[FontSource]) {
    ctx.set_fonts(definitions(fallbacks));
}

/// Reads this system's known font files. Reads from disk, so never on the UI thread.
#[must_use]
pub fn system_fallback_fonts() -> Vec<FontSource> {
    let windows = std::env::var_os("WINDIR").map_or_else(|| "C:\\Windows".into(), PathBuf::from);
    read_all(&candidates(System::here(), &windows))
}

/// A shipped font with its name.
type Shipped = (&'static str, Arc<Vec<u8>>);

/// The shipped fonts, decompressed once.
fn shipped() -> &'static [Shipped] {
    static UNPACKED: LazyLock<Box<[Shipped]>> = LazyLock::new(|| {
        let unpacked = SHIPPED.map(|(name, packed)| {
            let mut bytes = Vec::new();
            if let Err(error) = GzDecoder::new(packed).read_to_end(&mut bytes) {
                tracing::error!("the shipped font {name} cannot be unpacked: {error}");
            }
            (name, Arc::new(bytes))
        });
        unpacked.into()
    });
    &UNPACKED
}

fn definitions(fallbacks: &[FontSource]) -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in shipped() {
        let data = FontData::from_blob(bytes.clone(), 0);
        fonts.font_data.insert((*name).to_owned(), Arc::new(data));
    }
    for source in fallbacks {
        let data = FontData::from_blob(source.bytes.clone(), 0);
        fonts.font_data.insert(source.name.clone(), Arc::new(data));
    }
    // The shipped families complement each other: one may have a glyph that the other lacks.
    let chains = [
        (FontFamily::Proportional, ["Inter", "JetBrains Mono"]),
        (semibold(), ["Inter SemiBold", "JetBrains Mono"]),
        (FontFamily::Monospace, ["JetBrains Mono", "Inter"]),
    ];
    for (family, own) in chains {
        let own = own.into_iter().map(str::to_owned);
        let others = fallbacks.iter().map(|source| source.name.clone());
        fonts.families.insert(family, own.chain(others).collect());
    }
    fonts
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Windows,
    Mac,
    Other,
}

impl System {
    fn here() -> Self {
        if cfg!(target_os = "windows") {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::Mac
        } else {
            Self::Other
        }
    }
}

/// Groups of well-known paths; the first readable file of each group is used.
fn candidates(system: System, windows: &Path) -> Vec<Vec<PathBuf>> {
    let (root, groups): (PathBuf, &[&[&str]]) = match system {
        System::Windows => (windows.join("Fonts"), WINDOWS),
        System::Mac => ("/System/Library/Fonts".into(), MAC),
        System::Other => ("/usr/share/fonts".into(), OTHER),
    };
    groups
        .iter()
        .map(|group| group.iter().map(|file| root.join(file)).collect())
        .collect()
}

const WINDOWS: &[&[&str]] = &[
    &["segoeui.ttf"],
    &["msyh.ttc", "simsun.ttc"],
    &["YuGothM.ttc", "meiryo.ttc", "msgothic.ttc"],
    &["malgun.ttf"],
    &["Nirmala.ttc", "Nirmala.ttf"],
    &["LeelawUI.ttf"],
    &["seguisym.ttf"],
];

const MAC: &[&[&str]] = &[
    &["Helvetica.ttc"],
    &["Hiragino Sans GB.ttc", "STHeiti Light.ttc"],
    &["ヒラギノ角ゴシック W3.ttc"],
    &["AppleSDGothicNeo.ttc"],
    &["GeezaPro.ttc"],
    &["Kohinoor.ttc"],
    &["Supplemental/Thonburi.ttc", "Thonburi.ttc"],
    &["Supplemental/Arial Unicode.ttf"],
    &["Apple Symbols.ttf"],
];

const OTHER: &[&[&str]] = &[
    &[
        "truetype/noto/NotoSans-Regular.ttf",
        "noto/NotoSans-Regular.ttf",
        "google-noto/NotoSans-Regular.ttf",
        "google-noto-vf/NotoSans[wght].ttf",
        "truetype/liberation/LiberationSans-Regular.ttf",
    ],
    &[
        "opentype/noto/NotoSansCJK-Regular.ttc",
        "noto-cjk/NotoSansCJK-Regular.ttc",
        "google-noto-cjk/NotoSansCJK-Regular.ttc",
        "google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
        "truetype/droid/DroidSansFallbackFull.ttf",
        "truetype/wqy/wqy-zenhei.ttc",
    ],
    &[
        "truetype/noto/NotoSansArabic-Regular.ttf",
        "noto/NotoSansArabic-Regular.ttf",
        "google-noto/NotoSansArabic-Regular.ttf",
    ],
    &[
        "truetype/noto/NotoSansHebrew-Regular.ttf",
        "noto/NotoSansHebrew-Regular.ttf",
        "google-noto/NotoSansHebrew-Regular.ttf",
    ],
    &[
        "truetype/noto/NotoSansDevanagari-Regular.ttf",
        "noto/NotoSansDevanagari-Regular.ttf",
        "google-noto/NotoSansDevanagari-Regular.ttf",
    ],
    &[
        "truetype/noto/NotoSansThai-Regular.ttf",
        "noto/NotoSansThai-Regular.ttf",
        "google-noto/NotoSansThai-Regular.ttf",
    ],
    &[
        "truetype/dejavu/DejaVuSans.ttf",
        "TTF/DejaVuSans.ttf",
        "dejavu-sans-fonts/DejaVuSans.ttf",
        "dejavu/DejaVuSans.ttf",
    ],
];

/// Reads the fonts. Missing, too large or damaged files are skipped: fallbacks are optional.
fn read_all(groups: &[Vec<PathBuf>]) -> Vec<FontSource> {
    let mut total = 0_u64;
    let mut sources = Vec::new();
    for group in groups {
        let room = MAX_TOTAL_BYTES.saturating_sub(total).min(MAX_FILE_BYTES);
        if let Some(source) = group.iter().find_map(|path| read(path, room)) {
            total = total.saturating_add(source.bytes.len() as u64);
            sources.push(source);
        }
    }
    sources
}

fn read(path: &Path, max_bytes: u64) -> Option<FontSource> {
    let file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > max_bytes {
        return None;
    }
    let mut bytes = Vec::new();
    // One byte beyond the limit, in case the file has grown meanwhile.
    let mut file = file.take(max_bytes.saturating_add(1));
    file.read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > max_bytes || !is_usable(&bytes) {
        return None;
    }
    Some(FontSource {
        name: format!("system {}", path.file_name()?.to_string_lossy()),
        bytes: Arc::new(bytes),
    })
}

/// Whether the file's first face has the tables needed for drawing, all within the file.
///
/// egui panics on a font that it cannot read, so a damaged file must be rejected here.
fn is_usable(bytes: &[u8]) -> bool {
    let start = if bytes.starts_with(b"ttcf") {
        match number(bytes, 12) {
            Some(start) => start,
            None => return false,
        }
    } else {
        0
    };
    let Some(tables) = tables(bytes, start) else {
        return false;
    };
    let has = |tag: &[u8; 4]| tables.contains(tag);
    [b"cmap", b"head", b"hhea", b"hmtx", b"maxp"]
        .into_iter()
        .all(has)
        && (has(b"glyf") || has(b"CFF ") || has(b"CFF2"))
}

/// The tags of a face's tables, if all of them are within the file.
fn tables(bytes: &[u8], start: usize) -> Option<Vec<[u8; 4]>> {
    let face = bytes.get(start..)?;
    let kind = face.get(..4)?;
    if ![b"\0\x01\0\0", b"OTTO", b"true"].iter().any(|k| *k == kind) {
        return None;
    }
    let count = u16::from_be_bytes(face.get(4..6)?.try_into().ok()?);
    let records = face.get(12..12 + usize::from(count) * 16)?;
    records
        .chunks_exact(16)
        .map(|record| {
            let end = number(record, 8)?.checked_add(number(record, 12)?)?;
            let tag: [u8; 4] = record.get(..4)?.try_into().ok()?;
            (end <= bytes.len()).then_some(tag)
        })
        .collect()
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_fonts_are_usable_and_small() {
        assert!(shipped().iter().all(|(_, bytes)| is_usable(bytes)));
        let packed: usize = SHIPPED.iter().map(|(_, packed)| packed.len()).sum();
        assert!(packed < 500_000, "{packed}");
    }

    #[test]
    fn damaged_fonts_are_refused() {
        assert!(!is_usable(b""));
        assert!(!is_usable(b"ttcf"));
        assert!(!is_usable(b"<html>not a font</html>"));
        let inter = &*shipped()[0].1;
        assert!(!is_usable(&inter[..inter.len() / 2]));
        let mut other = inter.clone();
        other[4] = 0xFF;
        assert!(!is_usable(&other));
    }

    #[test]
    fn each_system_has_candidates_and_missing_ones_are_no_error() {
        let nowhere = Path::new("/nonexistent/windows");
        for system in [System::Windows, System::Mac, System::Other] {
            assert!(candidates(system, nowhere).len() >= 7, "{system:?}");
        }
        assert!(read_all(&candidates(System::Windows, nowhere)).is_empty());
    }

    #[test]
    fn oversized_file_is_skipped() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(read(&path, 1).is_none());
    }

    #[test]
    fn every_family_ends_with_the_fallbacks() {
        let fallback = FontSource {
            name: "system x".into(),
            bytes: Arc::clone(&shipped()[0].1),
        };
        let fonts = definitions(&[fallback]);
        assert_eq!(fonts.families.len(), 3);
        for chain in fonts.families.values() {
            assert_eq!(chain.last().map(String::as_str), Some("system x"));
            assert!(chain.iter().all(|name| fonts.font_data.contains_key(name)));
        }
    }

    #[test]
    fn fonts_of_this_system_can_be_drawn() {
        let ctx = Context::default();
        install(&ctx, &system_fallback_fonts());
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.label("Ünïcödé Жанна 東京 مرحبا");
        });
        assert!(!output.shapes.is_empty());
        output.textures_delta.clear();
    }
}
