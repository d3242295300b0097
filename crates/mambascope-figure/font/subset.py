"""Makes the bundled font from Debian's DejaVu Sans.

    pip install fonttools==4.68.0
    python subset.py /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

Writes beside itself `DejaVuSans-subset.ttf`, and `DejaVuSans-advances.bin`: for each character the width that it takes,
as pairs of little-endian u32 (code point) and u16 (width in font units), in order of code points.

Kerning and ligatures are left out, so that the width of a text is the sum of the widths of its characters.
"""

import struct
import sys
from pathlib import Path

import fontTools
from fontTools import subset
from fontTools.ttLib import TTFont

RANGES = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x024F),  # Latin-1 Supplement, Latin Extended-A and -B
    (0x0250, 0x02FF),  # IPA Extensions, Spacing Modifier Letters
    (0x0300, 0x036F),  # Combining Diacritical Marks
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic and its supplement
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x1F00, 0x1FFF),  # Greek Extended
    (0x2000, 0x206F),  # General Punctuation
    (0x2070, 0x20BF),  # Superscripts and Subscripts, Currency Symbols
    (0x2100, 0x218F),  # Letterlike Symbols, Number Forms
    (0x2190, 0x22FF),  # Arrows, Mathematical Operators
    (0x2300, 0x23FF),  # Miscellaneous Technical: the return sign
    (0x2400, 0x2426),  # Control Pictures: the open box
    (0x2500, 0x25FF),  # Box Drawing, Block Elements, Geometric Shapes
    (0xFFFD, 0xFFFD),  # the replacement character
]


def main(source: str) -> None:
    folder = Path(__file__).parent
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["ccmp", "mark", "mkmk", "locl"]
    options.name_IDs = ["*"]
    options.glyph_names = False
    options.notdef_outline = True
    options.recalc_timestamp = False
    options.drop_tables += ["FFTM"]

    font = TTFont(source, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[point for first, last in RANGES for point in range(first, last + 1)])
    subsetter.subset(font)
    font.save(folder / "DejaVuSans-subset.ttf")

    widths = font["hmtx"].metrics
    pairs = sorted((point, widths[glyph][0]) for point, glyph in font.getBestCmap().items())
    table = b"".join(struct.pack("<IH", point, width) for point, width in pairs)
    (folder / "DejaVuSans-advances.bin").write_bytes(table)
    print(f"fontTools {fontTools.version}, {len(pairs)} characters, {font['head'].unitsPerEm} units an em")
    print(f"notdef {widths['.notdef'][0]}, ascent {font['hhea'].ascent}, descent {font['hhea'].descent}")


if __name__ == "__main__":
    main(sys.argv[1])
