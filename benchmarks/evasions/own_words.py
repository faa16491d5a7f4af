"""Words, names and sentences of our own: what is put between, beside and in place of a passage's words."""


def words(text: str) -> tuple[str, ...]:
    """The words of a table, which white space parts."""
    return tuple(text.split())


WORDS: tuple[str, ...] = words("""
    able acre after again almost amber angle apple arch arrow autumn bacon badge bake barn basket beach bell
    below bend birch blanket blue board boat bold bottle branch brave bread brick bridge bright brown bucket
    butter cabin calm camera candle canvas carpet castle chair chalk cheese cherry chimney circle clay clever
    clock cloud coast coffee collar colour copper cotton cousin crane cream cricket crowd curtain daily dance
    deep desk dinner distant dozen drift drum early east easy edge eight elbow empty engine evening every
    fabric faint family fence fern field fifty finger flag flat flour flower foggy forest fork fresh friend
    frost fruit gallery garden gate gentle ginger glad glass glove gold grain green grey guest hammer happy
    harbour hat heavy hill honey horse humble hurry idle inner iron island ivory jacket jar jolly juice keen
    kettle kitchen kite ladder lamp large late leaf lemon letter level lively lock lonely lunch maple market
    meadow melon mild mirror mist modest morning motor mountain music narrow near needle nest noisy north
    nutmeg ocean odd olive onion orange orchard oven owl paint pale paper parcel pasture patient pebble pencil
    pepper piano pillow pine planet plate pocket pond porch potato pretty proud puddle quick quiet rabbit
    rail rain rapid raven ribbon river roof rope rough round rural rusty saddle sail salt sand sauce school
    season shallow sharp sheep shelf shiny shore silver simple sister sleepy slow small smooth soap soft soup
    south spare spoon spring square stable steam steep stone storm street sturdy sugar summer sunny swan sweet
    table tall tea tender thick thin thread tidy tiger timber tiny toast tomato tower train tree trumpet tulip
    turkey umbrella uncle upper valley vast velvet village violet wagon walnut warm water weak west wheat wheel
    white wide willow windy winter wise wolf wooden wool yard yellow young and the of a to in for with on but
    """)
"""Substitutes and insertions: everyday words, with the little words that prose is full of."""

FILLERS: tuple[str, ...] = ("banana", "um", "like", "zebra", "xx", "well", "foo", "honestly")

EMOJI: tuple[str, ...] = tuple("😀🎉🔥🌍🍕🚀💡🌸⭐🐢✅🎵")

NAMES: tuple[str, ...] = words("""
    Aldric Brenna Corwin Delphine Edda Fabian Gudrun Hollis Isolde Jorund Kestrel Lorcan Maren Nikolai Odile
    Perrin Quilla Roswitha Sorrel Thaddeus Ulrika Viggo Wenzel Xanthe Yorick Zelda Ashby Bexley Calder Dunmore
    """)
"""Put in place of the names of a passage."""

LINKS: tuple[str, ...] = (
    "and a little further on it says",
    "to which one may add",
    "the text then goes on with",
    "as the author puts it elsewhere",
    "and this is followed by",
    "which leads straight to the remark",
    "or, in other words of the same page,",
    "and soon afterwards we come to",
    "nobody should overlook the part about",
    "I was struck most of all by",
)
"""Own words between two short quotes."""

SENTENCES: tuple[str, ...] = (
    "My neighbour waters her tomatoes before the sun is over the roofs.",
    "The bus to the harbour leaves from the other side of the square on Sundays.",
    "We painted the shed twice and it still looks as if it had been through a flood.",
    "A good kettle should boil in under four minutes and switch itself off.",
    "Nobody in the office knows who ordered eleven boxes of green staples.",
    "If the dough sticks to your fingers, dust them with a little rice flour.",
    "The choir practises on the second floor, right above the bicycle workshop.",
    "Her brother collects timetables of railways that were closed long ago.",
    "It rained so hard that the ducks came up to the kitchen door.",
    "Please bring a torch, two pairs of socks and something warm to drink.",
    "The museum lends out telescopes, though only to people who have a cellar.",
    "I could never tell the two cats apart until one of them learned to open drawers.",
    "There is a short cut through the orchard, but the goose does not like strangers.",
    "Last winter the lake froze in a single night and stayed so until March.",
    "They measured the table three times and still cut it a hand too short.",
    "The dentist has a fish tank in which nothing has ever been seen to swim.",
    "On Thursdays the library stays open until the last reader has fallen asleep.",
    "Our new lamp hums in a key that makes the dog leave the room.",
    "Most of the letters were about weather, wool and the price of nails.",
    "He keeps his receipts in a biscuit tin and his biscuits in a filing cabinet.",
    "The stairs creak on every step except the fourth, which is missing.",
    "A cup of cold tea on the windowsill keeps the wasps busy for an hour.",
    "Somebody had written a recipe for plum jam on the back of the map.",
    "The tram stops wherever the driver happens to see an aunt of his.",
    "You can borrow the ladder as long as you bring it back with all its rungs.",
    "Every clock in the house was right about something, though rarely the hour.",
    "The committee met twice, agreed on the soup, and postponed everything else.",
    "In the end we took the ferry, because the bridge was being painted blue.",
    "Two of the chairs are antique and the third only pretends to be.",
    "The baker whistles when the bread is good and hums when it is not.",
)
"""Sentences to interleave with, and to stand around what is hidden."""
