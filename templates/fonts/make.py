"""Makes the committed font subsets; README.md beside this file says from what."""

import bz2
import pathlib
import subprocess
import sys
import zlib


def double_byte(codec, first_lead, first_trail):
    found = set()
    for lead in range(first_lead, 0xFF):
        for trail in range(first_trail, 0xFF):
            try:
                text = bytes([lead, trail]).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                found.add(ord(text))
    return found


def national_table(unihan):
    """通用规范汉字表, 8105 characters: the field kTGH of Unihan."""
    found = set()
    for path in pathlib.Path(unihan).glob("Unihan_*.txt.bz2"):
        for line in bz2.open(path, "rt", encoding="utf-8"):
            fields = line.split("\t")
            if len(fields) == 3 and fields[1] == "kTGH":
                found.add(int(fields[0][2:], 16))
    assert len(found) == 8105, len(found)
    return found


SYMBOL_BLOCKS = [
    (0x20, 0x7F), (0xA0, 0x180), (0x2000, 0x2070), (0x20A0, 0x20C0), (0x2100, 0x2190), (0x2190, 0x219A),
    (0x2200, 0x2270), (0x2460, 0x2580), (0x25A0, 0x2600), (0x2605, 0x2607), (0x2713, 0x2715),
    (0x3000, 0x3040), (0x3200, 0x3400), (0xFE30, 0xFE50), (0xFF00, 0xFFF0),
]

serif, mono, unihan, out = sys.argv[1:]
symbols = {code for first, end in SYMBOL_BLOCKS for code in range(first, end)}
plain = double_byte("gb2312", 0xA1, 0xA1) | national_table(unihan) | symbols
wide = plain | double_byte("gbk", 0x81, 0x40)

SUBSETS = [
    (f"{serif}/400Regular/NotoSerifSC_400Regular.ttf", "NotoSerifSC-Regular.ttf", wide),
    (f"{serif}/700Bold/NotoSerifSC_700Bold.ttf", "NotoSerifSC-Bold.ttf", plain),
    # The zero-width space lets a ciphertext break between any two characters.
    (f"{mono}/400Regular/NotoSansMono_400Regular.ttf", "NotoSansMono-Regular.ttf", set(range(0x20, 0x7F)) | {0x200B}),
]

for source, name, characters in SUBSETS:
    target = pathlib.Path(out, name)
    subprocess.check_call([
        "pyftsubset", source, "--unicodes=" + ",".join(f"{code:04X}" for code in sorted(characters)),
        f"--output-file={target}", "--no-hinting", "--layout-features=", "--notdef-outline", "--no-glyph-names",
        "--drop-tables+=GSUB,GPOS,GDEF,BASE,STAT,vhea,vmtx,VORG,DSIG,gasp,kern",
        "--name-IDs=0,1,2,3,4,5,6,13,14",
    ])
    target.with_suffix(".ttf.z").write_bytes(zlib.compress(target.read_bytes(), 9))
    target.unlink()
