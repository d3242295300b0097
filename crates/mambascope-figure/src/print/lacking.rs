//! What is said of characters that no font has.

use std::collections::BTreeSet;

use unicode_script::{Script, UnicodeScript as _};

/// One sentence on the scripts, and what to install; none where nothing is lacking.
pub(super) fn sentence(lacking: &BTreeSet<char>) -> Option<String> {
    let first = lacking.first()?;
    let scripts: BTreeSet<&str> = lacking.iter().map(|&character| script(character)).collect();
    let packages: BTreeSet<&str> = lacking.iter().map(|&character| package(character)).collect();
    let scripts = scripts.into_iter().collect::<Vec<_>>().join(", ");
    let packages = packages.into_iter().collect::<Vec<_>>().join(" ");
    Some(format!(
        "no font here has the figure's {scripts} characters, so PNG and PDF show their numbers, for example `<U+{:04X}>`\n\
         help: install a font that has them, for example Noto (on Debian and Ubuntu `apt install {packages}`), or save as svg",
        u32::from(*first)
    ))
}

fn script(character: char) -> &'static str {
    match character.script() {
        _ if is_emoji(character) => "emoji",
        Script::Common | Script::Inherited | Script::Unknown => "symbol",
        script => script.full_name(),
    }
}

/// The Debian package with a font for a character.
fn package(character: char) -> &'static str {
    match character.script() {
        _ if is_emoji(character) => "fonts-noto-color-emoji",
        Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Bopomofo => {
            "fonts-noto-cjk"
        }
        _ if crate::font::columns(character) == 2 => "fonts-noto-cjk",
        _ => "fonts-noto-core",
    }
}

const fn is_emoji(character: char) -> bool {
    matches!(character as u32, 0x2600..=0x27BF | 0xFE0F | 0x1_F000..=0x1_FAFF | 0xE_0020..=0xE_007F)
}
