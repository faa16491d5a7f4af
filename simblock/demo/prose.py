"""Prose and code of our own, between which the demo puts what it copies. It stands in no work."""

from __future__ import annotations

BEFORE = (
    "The night train to Vellamo leaves from platform nine, which is odd, since the station has only six. "
    "You walk past the last lamp, past the kiosk where Marta sells warm rolls to the shunters, and there, "
    "behind a hedge of wild currant, three green carriages wait with their curtains drawn. Nobody checks "
    "tickets. The guard, a tall man with a limp, asks each passenger what they intend to forget, and writes "
    "the answers down in pencil.\n\n"
    "I told him the colour of my grandmother's kitchen. He nodded as though that were the usual request. "
)
AFTER = (
    " When dawn came we were crossing the salt flats, slower than a cyclist, and herons stood along the "
    "embankment like grey umbrellas that somebody had planted. My neighbour unwrapped an onion, cut it in "
    "eighths, and offered me the larger share. She had given up the name of her first dog, she said, and "
    "now regretted it. Beyond the window a boy on a bay pony raced us for a while, lost interest, and "
    "turned back toward a village whose chimneys were all smoking at once."
)
CLEAN = (
    "Dear Pekka,\r\n\r\nthe goats have learned to open the gate 🐐, so the cabbages are finished, and what "
    "is left of the beans I would not offer to a neighbour. Your cousin mended the pump with a bootlace; it "
    "delivers half a bucket, coughs, and delivers the other half whenever it likes. I’ve counted the "
    "jars: forty-one of plum, nine of quince, and one without a label that nobody dares to open.\r\n\r\n"
    "The schoolmaster came by about the bees. He believes they are ours because they look "
    "“well read”. I gave him tea.\tHe stayed until the café closed — naïve, I know — "
    "and left his hat, which the goats have since considered.\r\n\r\nYours, and hungry,\r\nIlmari ☕\r\n"
)
BETWEEN = (
    "Certainly! Here is the next part, as you asked:\n\n",
    "Of course, let us carry on from where we were:\n\n",
    "Gladly. This is how it goes on from there:\n\n",
    "Sure thing, and here comes a little more of it:\n\n",
)
"""How an assistant begins when it is told to continue."""
EDITS = ("lantern", "seldom", "brave", "harbour", "quietly", "nine", "velvet", "otherwise", "ladder", "soft")
"""Words that take the place of others in an edited copy."""
NAMES = (
    "harbour", "lantern", "ferry", "meadow", "cobble", "heron", "orchard", "kettle", "pebble",
    "thicket", "saddle", "barley", "cinder", "willow", "gravel", "hamlet", "ivory", "juniper",
    "larder", "mitten", "nettle", "otter", "parsley", "quiver", "rudder", "sparrow", "tallow", "umber",
    "velvet", "walnut", "yarrow", "zephyr", "almond", "bramble", "copper", "dapple", "ember", "fennel",
    "gorse", "hazel",
)  # fmt: skip
"""What the variables of a copied function are called in the copy."""
STATEMENTS = (
    "ferries = 0",
    'print("the tide is turning")',
    "crossing = [1, 2, 3]",
    "assert ferries < 90",
)
"""What is put between the statements of a copied function."""
ANSWERED = "Here is a function for that. I have not timed it, but it should be quick enough for your files.\n\n```python\n"
CLOSED = "```\n\nTry it on a small file to begin with, and tell me if the last line comes out wrong.\n"
"""What an assistant says before and after code."""
PASTED = "notes = r'''\n", "'''\nprint(len(notes.splitlines()))\n"
"""A program that holds a copy as a string, before and after it."""
CODE = (
    "Of course — this counts what each pond holds 🐸:\r\n\r\n```python\r\n"
    "def  census( ponds, *, dry = () ):\r\n"
    '    """How many frogs sit at each pond, the fullest first."""\r\n'
    "    heads = {}\r\n"
    "    for pond, frogs in ponds :\r\n"
    "        if pond in dry :      # nobody home\r\n"
    "            continue\r\n"
    "        heads[ pond ] = heads.get( pond, 0 ) + len( set(frogs) )\r\n"
    "\r\n"
    "    ranked = sorted( heads, key = lambda p : ( -heads[p], p ) )\r\n"
    "    width  = max( map(len, ranked), default = 0 )\r\n"
    "    return [ p.ljust(width, '·') + '%4d' % heads[p] for p in ranked ]\r\n"
    "\r\n"
    "\tprint( census([('mill', 'abca'), ('ferry', 'xy')]) )\r\n"
    "```\r\n\r\nSay if the dry ones should be listed too…\r\n"
)
"""An answer with code of our own."""
