//! The fonts of the system, and which of them is taken for a character.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::time::Duration;

use resvg::usvg::fontdb::{Database, FaceInfo, ID, Language, Stretch, Style};
use rustybuzz::ttf_parser;

use crate::font;

/// How long fonts are looked for; past it there are none, until a later figure finds them found.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fonts beside the bundled one, the preferred first.
#[derive(Debug)]
pub(crate) struct Faces {
    database: Arc<Database>,
    order: Vec<ID>,
}

impl Faces {
    /// Those of the system, which are looked for once, and only when they are asked for.
    ///
    /// # Cost
    /// The header of each font file is read: 20 ms for 300 fonts.
    pub(crate) fn system() -> Option<Arc<Self>> {
        static FOUND: Mutex<Option<Arc<Faces>>> = Mutex::new(None);
        static CHANGED: Condvar = Condvar::new();
        static BEGUN: Once = Once::new();
        let found = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
        let find = move || {
            let mut database = Database::new();
            database.load_system_fonts();
            *found() = Some(Arc::new(Faces::of(database)));
            CHANGED.notify_all();
        };
        // A folder on a disk that does not answer must not hold the figure up.
        BEGUN.call_once(|| {
            if std::thread::Builder::new().spawn(find).is_err() {
                *found() = Some(Arc::new(Faces::of(Database::new())));
            }
        });
        let waited = CHANGED.wait_timeout_while(found(), PATIENCE, |found| found.is_none());
        waited.map_or_else(|poisoned| poisoned.into_inner().0.clone(), |(found, _)| found.clone())
    }

    /// Those of a database.
    pub(crate) fn of(database: Database) -> Self {
        let is_boxes = |info: &&FaceInfo| BOXES.iter().any(|name| family(info).contains(name));
        let mut faces: Vec<&FaceInfo> = database.faces().filter(|info| !is_boxes(info)).collect();
        faces.sort_by_key(|info| rank(info));
        let order = faces.iter().map(|info| info.id).collect();
        Faces { order, database: Arc::new(database) }
    }

    /// The fonts that have what is wanted, each the preferred one that has a character which those before it lack.
    pub(super) fn with(&self, wanted: &BTreeSet<char>) -> Vec<Face> {
        let region = region(wanted);
        let (regional, other): (Vec<ID>, Vec<ID>) =
            self.order.iter().partition(|&&id| region.is_some_and(|end| self.ends(id, end)));
        let mut left = wanted.clone();
        let mut faces = Vec::new();
        for id in regional.into_iter().chain(other) {
            if left.is_empty() {
                break;
            }
            let Some(face) = Face::read(&self.database, id, wanted) else { continue };
            let count = left.len();
            left.retain(|&character| !face.has(character));
            if left.len() < count {
                faces.push(face);
            }
        }
        faces
    }

    /// Whether the name of a font's family ends so.
    fn ends(&self, id: ID, end: &str) -> bool {
        self.database.face(id).is_some_and(|info| family(info).ends_with(end))
    }
}

/// The family names of fonts that show every character as a box, or as nothing.
const BOXES: [&str; 4] = ["LastResort", "Last Resort", "Adobe Blank", "AdobeBlank"];
/// Parts of the names of fonts that are for something else than labels.
const ODD: [&str; 8] = ["Unifont", "Mono", "Nastaliq", "Kufi", "Symbols", "Serif", "Looped", " UI"];

/// A smaller rank is taken first: upright, of usual weight and width, without serifs; then by name, so that the choice is
/// the same at each run.
fn rank(info: &FaceInfo) -> (bool, u16, bool, u8, String, String) {
    let name = family(info);
    let is_any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let kind = if is_any(&ODD) { 2 } else { u8::from(!name.starts_with("Noto Sans")) };
    (
        info.style != Style::Normal,
        info.weight.0.abs_diff(400),
        info.stretch != Stretch::Normal,
        kind,
        name.to_owned(),
        info.post_script_name.clone(),
    )
}

fn family(info: &FaceInfo) -> &str {
    info.families.first().map_or("", |(name, _)| name)
}

/// How the name of the font ends that draws Chinese characters as the rest of the text's language does.
fn region(wanted: &BTreeSet<char>) -> Option<&'static str> {
    let has = |first: char, last: char| wanted.range(first..=last).next().is_some();
    if has('\u{3041}', '\u{30FF}') {
        Some("CJK JP")
    } else if has('\u{AC00}', '\u{D7A3}') || has('\u{1100}', '\u{11FF}') {
        Some("CJK KR")
    } else {
        has('\u{2E80}', '\u{9FFF}').then_some("CJK SC")
    }
}

/// A font that is used.
#[derive(Debug)]
pub(super) struct Face {
    database: Arc<Database>,
    id: ID,
    /// The font by a name that no other font has.
    info: FaceInfo,
    /// Width in em of each character that it has, of those that are wanted and those that may stand between them.
    advances: BTreeMap<char, f64>,
}

impl Face {
    fn read(database: &Arc<Database>, id: ID, wanted: &BTreeSet<char>) -> Option<Self> {
        let read = |data: &[u8], index: u32| {
            let face = ttf_parser::Face::parse(data, index).ok()?;
            let advance = |character: char| {
                let glyph = face.glyph_index(character)?;
                let width = f64::from(face.glyph_hor_advance(glyph)?);
                Some((character, width / f64::from(face.units_per_em())))
            };
            let between = (' '..='~').chain(['·', '\u{200D}']);
            Some(wanted.iter().copied().chain(between).filter_map(advance).collect())
        };
        let advances = database.with_face_data(id, read).flatten()?;
        let mut info = database.face(id)?.clone();
        let letters = info.post_script_name.chars().filter(char::is_ascii_alphanumeric);
        let name = format!("Other {}", letters.collect::<String>());
        info.families = vec![(name, Language::English_UnitedStates)];
        Some(Face { database: database.clone(), id, info, advances })
    }

    pub(super) const fn info(&self) -> &FaceInfo {
        &self.info
    }

    pub(super) fn family(&self) -> &str {
        family(&self.info)
    }

    pub(super) fn has(&self, character: char) -> bool {
        self.advances.contains_key(&character)
    }

    /// The widths in em of characters that the bundled font lacks.
    pub(super) fn advances(&self) -> impl Iterator<Item = (char, f64)> {
        let widths = self.advances.iter().map(|(character, width)| (*character, *width));
        widths.filter(|(character, _)| !font::has(*character))
    }

    /// A text in pieces with their widths in em, its letters joined as the font joins them.
    ///
    /// It is one piece, but for letters with a sign of its own width, as Hindi and Tamil have: such a pair ends a piece,
    /// because the renderer takes it to be as wide as the wider of the two.
    pub(super) fn pieces(&self, text: &str) -> Vec<(String, f64)> {
        let sum = || text.chars().filter_map(|sign| self.advances.get(&sign)).sum();
        let shape = |data: &[u8], index: u32| {
            Some(shaped(&rustybuzz::Face::from_slice(data, index)?, text))
        };
        let pieces = self.database.with_face_data(self.id, shape).flatten();
        pieces.unwrap_or_else(|| vec![(text.to_owned(), sum())])
    }
}

fn shaped(face: &rustybuzz::Face<'_>, text: &str) -> Vec<(String, f64)> {
    let mut buffer = rustybuzz::UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    let forward = buffer.direction() == rustybuzz::Direction::LeftToRight;
    let glyphs = rustybuzz::shape(face, &[], buffer);
    let em = f64::from(face.units_per_em());
    let glyphs: Vec<(usize, f64)> = glyphs
        .glyph_infos()
        .iter()
        .zip(glyphs.glyph_positions())
        .map(|(about, place)| (about.cluster as usize, f64::from(place.x_advance) / em))
        .collect();
    if !forward {
        return vec![(text.to_owned(), glyphs.iter().map(|glyph| glyph.1).sum())];
    }
    let (mut pieces, mut start, mut width) = (Vec::new(), 0, 0.0);
    for letters in glyphs.chunk_by(|one, next| one.0 == next.0) {
        if start < letters[0].0 && ends_piece(&glyphs, letters[0].0) {
            pieces.push((start, width));
            (start, width) = (letters[0].0, 0.0);
        }
        width += letters.iter().map(|glyph| glyph.1).sum::<f64>();
    }
    pieces.push((start, width));
    let ends = pieces.iter().skip(1).map(|piece| piece.0).chain([text.len()]);
    let of_piece = |(piece, end): (&(usize, f64), usize)| {
        (text.get(piece.0..end).unwrap_or_default().to_owned(), piece.1)
    };
    pieces.iter().zip(ends).map(of_piece).collect()
}

/// Whether what stands before this place has more than one glyph that takes room.
fn ends_piece(glyphs: &[(usize, f64)], place: usize) -> bool {
    let Some(before) = glyphs.iter().map(|glyph| glyph.0).filter(|at| *at < place).max() else {
        return false;
    };
    glyphs.iter().filter(|glyph| glyph.0 == before && glyph.1 > 0.0).count() > 1
}
