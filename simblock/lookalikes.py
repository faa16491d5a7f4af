"""Letters of other scripts that pass for Latin ones, by what case folding leaves of them.

Taken from the confusables of Unicode TR39 where the likeness holds in running text. Folding comes
after case folding, so a letter has one image in both cases: Cyrillic ``В`` passes for ``B``, so
``в`` becomes ``b`` too; Greek ``η`` and ``υ`` go by their small shapes, which prose uses more.
"""

from __future__ import annotations

_PAIRS = (
    # Cyrillic
    ("аеорсухіјѕһԁԛԝквмтнѵӏԍɡ", "aeopcyxijshdqwkbmthvlgg"),
    # Greek
    ("ανορικυτεβζημχγϳ", "avopikutebznmxyj"),
    # Latin: without a dot, of phonetics, barred
    ("ıɑɩɪʏøłđħŧƀɨʋɛ", "iaiiyoldhtbiue"),
    # Latin small capitals, which are letters of their own and have no case
    ("ᴀʙᴄᴅᴇꜰɢʜᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ", "abcdefghjklmnoprstuvwz"),
    # Armenian, Coptic
    ("օսոհցզⲟⲣⲥ", "ounhgqopc"),
    # Cherokee (folds to its capitals)
    ("ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᏀᏃᏏᏒᏕᏙᏚᏞᏟᏢᏦᏴ", "drtiajewmhgzbrsvslcpkb"),
    # Lisu
    ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsrvhwxyaeiou"),
)

LOOKALIKES: dict[str, str] = {
    letter: latin for letters, latins in _PAIRS for letter, latin in zip(letters, latins, strict=True)
}
"""Folded letter → the Latin letter that it passes for."""
