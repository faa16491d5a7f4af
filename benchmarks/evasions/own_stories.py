"""Stories of our own that may stand in an index, each with a summary: what is told of them is no copy."""

from __future__ import annotations

from typing import NamedTuple

from simblock.work import Document, Work


class Story(NamedTuple):
    """A work of about 150 words, and what one would say who has read it."""

    id: str
    text: str
    summary: str


STORIES: tuple[Story, ...] = (
    Story(
        "stories/lighthouse",
        """\
When the last keeper left the lighthouse at Grell Point he locked the door, rowed to the mainland and handed
the key to the postmistress, who hung it on a nail behind the counter between the calendar and the scales. For
nineteen years nobody asked for it. Then, on a wet evening in October, a girl of about eleven came in, shook
the rain from her hat, and said that the lamp was burning and that somebody ought to go and see. The
postmistress looked at the nail. The key was there, furred with dust, and through the window behind it, far out
over the grey water, a light swung round, paused, and swung round again. She counted the seconds as her father
had taught her to do, and they were right: four of light, eleven of dark. "Put your hat back on," she said,
"and take the big umbrella. I shall want somebody to hold the lantern while I row."
""",
        "The story is about an abandoned lighthouse whose key has been kept at a post office for many years. One "
        "night a child reports that its light has come on. Although the key has not been touched, the signal turns "
        "out to have its old rhythm, and the two of them decide to cross the water together and find out why. It "
        "plays with duty and memory: the older woman recognises at once what she was brought up to watch for.",
    ),
    Story(
        "stories/clockmaker",
        """\
The clockmaker of Vessen never sold a clock that told the right time. Those who wanted the right time, he said,
could look at the church, which had it and was welcome to it. His own clocks ran as their owners lived. The
baker's gained an hour every night, so that the bread was always early; the doctor's stood still whenever a
child was born; and the one he made for the widow Anselm went backwards from five to four each afternoon,
because that was the hour in which her husband used to come home. People laughed, and paid, and went away with
something ticking under their coats. When he died they carried all his clocks to the square and set them in
rows upon the cobbles, some two hundred of them, no two agreeing. Toward sunset they struck, one after another
and then together, and those who stood there swear that for the length of one breath it was exactly noon.
""",
        "A craftsman builds timepieces that follow their customers' lives rather than the real hour. The examples "
        "are comic at first and grow more tender, above all the one made for a bereaved woman. After his funeral the "
        "town gathers everything he built in one place, and the ending hints that all of these private times agree "
        "just once. I read it as an argument that exactness matters less than being understood.",
    ),
    Story(
        "stories/ferry",
        """\
There were three rules on the ferry, and old Tamsin had painted them on the wheelhouse in letters a foot high.
No whistling, no apples, and no questions about the dog. The first two were for the river, she explained, which
was jealous of music and had once been insulted by an orchard. The third was for the dog. He lay all day on a
coil of rope in the bows, a big brindled animal with one white paw, and whenever the boat came to the middle of
the stream he stood up, looked down into the brown water for as long as it takes to say a name, and lay down
again. Strangers took it for a trick. Those who had crossed often enough took off their hats, though none of
them could have told you when they had begun to. It cost two coppers to go over and nothing to come back, for
as Tamsin used to say, nobody ought to have to pay for having changed their mind.
""",
        "This short piece describes a river crossing run by an eccentric woman with a handful of odd regulations. The "
        "heart of it is her dog, whose behaviour halfway across suggests that somebody drowned there, although the "
        "narrator never says so. Regular passengers show respect without knowing why. The closing joke about fares "
        "turns into a kindly remark on regret.",
    ),
)


def documents() -> list[Document]:
    """The stories as works for an index."""
    return [
        Document(Work(story.id, owner="stories", license="LicenseRef-Proprietary"), story.text)
        for story in STORIES
    ]
