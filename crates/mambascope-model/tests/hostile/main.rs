//! Forty-two thousand damaged files: none may panic, and none may ask for much memory.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail, and says what it skips"
)]
#![expect(unsafe_code, reason = "an allocator that counts can be written in no other way")]

#[path = "../loaders/files.rs"]
#[expect(dead_code, reason = "the loaders' tests use the rest")]
mod files;

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use mambascope_model::{Checkpoint, Config, Error, Format, Tokens};

/// The most memory that one file of a few kilobytes may cost.
const MEMORY_LIMIT: usize = 4 << 20;
/// Damaged files of each kind.
const CASES: u64 = 6_000;

/// The system's allocator, with the bytes in use and the most there were.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very method.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit.max(1) as u64) as usize
    }
}

/// Numbers that lengths and offsets are replaced with.
const LENGTHS: [u64; 8] =
    [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 32, 1 << 60, i64::MAX as u64, u64::MAX];

/// Damages the bytes in one to four ways, three quarters of them where headers are.
fn damage(bytes: &mut Vec<u8>, headers: usize, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let reach = if random.below(4) == 0 { bytes.len() } else { headers.min(bytes.len()) };
        // Zip archives have their directory at the end, so both ends count as headers.
        let at = random.below(reach);
        let at = if random.below(2) == 0 { at } else { bytes.len().saturating_sub(at + 1) };
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => splice(bytes, at, random),
            2 => length(bytes, at, random),
            3 => digits(bytes, at, random),
            4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.bits() as u8),
            _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        }
    }
}

/// Copies a run of the bytes to another place.
fn splice(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let from = random.below(bytes.len());
    let run: Vec<u8> = bytes[from..].iter().take(random.below(64)).copied().collect();
    bytes.splice(at..at, run);
}

/// Replaces two, four or eight bytes by a length that is wrong.
fn length(bytes: &mut [u8], at: usize, random: &mut Random) {
    let number = LENGTHS[random.below(LENGTHS.len())].to_le_bytes();
    let width = [2, 4, 8][random.below(3)];
    let places = bytes.iter_mut().skip(at).take(width);
    places.zip(number).for_each(|(place, byte)| *place = byte);
}

/// Replaces the next number written in digits.
fn digits(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let Some(start) = bytes.iter().skip(at).position(u8::is_ascii_digit).map(|n| n + at) else {
        return;
    };
    let count = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = match random.below(4) {
        0 => "-1".to_owned(),
        1 => "1e999".to_owned(),
        _ => LENGTHS[random.below(LENGTHS.len())].to_string(),
    };
    bytes.splice(start..start + count, number.into_bytes());
}

/// Opens every damaged file; gives how many were read all the same, and the most memory.
fn survive(
    kind: &str,
    whole: &[u8],
    headers: usize,
    open: impl Fn(Vec<u8>) -> Result<(), Error>,
) -> (u64, usize) {
    assert!(open(whole.to_vec()).is_ok(), "{kind}: the file is wrong before it is damaged");
    let (mut read, mut most) = (0, 0);
    for seed in 0..CASES {
        let mut bytes = whole.to_vec();
        damage(&mut bytes, headers, &mut Random(seed));
        let before = USED.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let outcome = catch_unwind(AssertUnwindSafe(|| match open(bytes) {
            Ok(()) => true,
            Err(error) => error.to_string().is_empty(),
        }));
        let memory = PEAK.load(Ordering::Relaxed) - before;
        assert!(outcome.is_ok(), "{kind}: seed {seed} panics");
        assert!(memory < MEMORY_LIMIT, "{kind}: seed {seed} takes {memory} bytes");
        read += u64::from(outcome.unwrap_or_default());
        most = most.max(memory);
    }
    assert!(read < CASES, "{kind}: nothing was refused");
    (read, most)
}

#[test]
fn no_damaged_file_panics_or_takes_memory_without_bound() {
    let config = Config { layers: 1, ..Config::tiny() };
    let file = Path::new("config.json");
    let state_spaces = br#"{"d_model": 4, "n_layer": 1, "vocab_size": 12, "rms_norm": true,
        "ssm_cfg": {"d_state": 2, "d_conv": 4, "expand": 2, "dt_rank": "auto", "bias": false},
        "norm_epsilon": 1e-5, "pad_vocab_size_multiple": 8, "tie_embeddings": true}"#;
    let transformers = files::transformers(&config);
    let parse = |bytes: Vec<u8>| Config::parse(&bytes, file).map(drop);
    let weights = files::safetensors(&files::parts(&config));
    let bin = include_bytes!("../golden/torch.bin");
    let open = |config: &[u8], bytes: Vec<u8>, format: Format| {
        Checkpoint::read(files::memory(config.to_vec(), bytes, format)).map(drop)
    };
    let safetensors = |bytes| open(&transformers, bytes, Format::Safetensors);
    let torch = |bytes| open(state_spaces, bytes, Format::Torch);
    let legacy = include_bytes!("../golden/torch_legacy_4.bin");
    let wrapped = include_bytes!("../golden/torch_wrapped.bin");
    let tokenizer = include_bytes!("tokenizer.json");
    let outcomes = [
        survive("state-spaces config", state_spaces, state_spaces.len(), parse),
        survive("transformers config", &transformers, transformers.len(), parse),
        survive("safetensors", &weights, 1_400, safetensors),
        survive("torch", bin, 1_600, torch),
        survive("torch before 1.6", legacy, 1_300, torch),
        survive("torch of a training program", wrapped, 1_600, torch),
        survive("tokenizer", tokenizer, tokenizer.len(), |bytes| {
            Tokens::from_bytes(&bytes)?.subject_range("The Space", "Space").map(drop)
        }),
    ];
    println!("read all the same, and the most memory in bytes: {outcomes:?}");
}
