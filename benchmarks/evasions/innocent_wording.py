"""The wording of innocent prose: what everybody writes, what is written to be copied, and answers of our own."""

from __future__ import annotations

HOLDERS = ("Example Works Ltd", "The Lantern Authors", "J. Doe", "Northern Tools GmbH", "A. N. Other")
PROVERBS: tuple[str, ...] = (
    "A stitch in time saves nine.", "The early bird catches the worm.", "Too many cooks spoil the broth.",
    "Many hands make light work.", "Actions speak louder than words.", "All that glitters is not gold.",
    "A bird in the hand is worth two in the bush.", "Birds of a feather flock together.",
    "Don't count your chickens before they hatch.", "Don't put all your eggs in one basket.",
    "Every cloud has a silver lining.", "Better late than never.", "A watched pot never boils.",
    "Look before you leap.", "Rome was not built in a day.", "Where there's smoke, there's fire.",
    "When in Rome, do as the Romans do.", "You can't judge a book by its cover.", "Honesty is the best policy.",
    "Practice makes perfect.", "The pen is mightier than the sword.", "There is no place like home.",
    "Strike while the iron is hot.", "Let sleeping dogs lie.", "A rolling stone gathers no moss.",
    "Still waters run deep.", "No news is good news.", "Out of sight, out of mind.",
)  # fmt: skip
FORMULAS: tuple[str, ...] = (
    (
        "In witness whereof, the parties hereto have executed this agreement as of the day and year first above "
        "written."
    ),
    (
        "This agreement shall be governed by and construed in accordance with the laws of {place}, without regard to "
        "its conflict of law provisions."
    ),
    (
        "If any provision of this agreement is held to be invalid or unenforceable, the remaining provisions shall "
        "remain in full force and effect."
    ),
    "Nothing in this agreement shall be deemed to create a partnership, joint venture or agency between the parties.",
    (
        "This agreement constitutes the entire agreement between the parties and supersedes all prior agreements, "
        "written or oral, with respect to its subject matter."
    ),
    (
        "No waiver of any term of this agreement shall be deemed a further or continuing waiver of such term or of any "
        "other term."
    ),
    (
        "Neither party shall be liable for any failure or delay in performance due to causes beyond its reasonable "
        "control."
    ),
)
PLACES = ("England and Wales", "the State of New York", "the Federal Republic of Germany", "Ireland")
COOKIES: tuple[str, ...] = (
    (
        "We use cookies to make this site work and to understand how it is used. You can accept all of them, or choose "
        "which kinds you allow. Your choice can be changed at any time at the foot of the page."
    ),
    (
        "This website stores small files on your device. Some are needed to show the pages; others help us to count "
        "visits and are set only if you agree."
    ),
)
DISCLAIMERS: tuple[str, ...] = (
    (
        "The information on this page is for general purposes only and is no legal, medical or financial advice. Please "
        "speak to a professional before you act on it."
    ),
    "Results may vary. All trademarks belong to their owners, and their mention here does not imply endorsement.",
    (
        "All rights reserved. No part of this publication may be reproduced, stored in a retrieval system or transmitted "
        "in any form or by any means without the prior written permission of the publisher."
    ),
    (
        "This message and its attachments are confidential and meant for the addressee alone. If you have received it in "
        "error, please tell the sender and delete it."
    ),
)
NOTICES: tuple[str, ...] = (
    ("Licensed under the Apache License, Version 2.0 (the \"License\"); you may not use this file except in compliance "
    "with the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0. Unless "
    "required by applicable law or agreed to in writing, software distributed under the License is distributed on an "
    "\"AS IS\" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the "
    "specific language governing permissions and limitations under the License."),
    ("This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public "
    "License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any "
    "later version. This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without "
    "even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public "
    "License for more details."),
    ("Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
    "documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation "
    "the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and "
    "to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above "
    "copyright notice and this permission notice shall be included in all copies or substantial portions of the "
    "Software."),
)  # fmt: skip
"""The notices by which licences ask to be named; they are written to be copied."""
LOREM = (
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore "
    "magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo "
    "consequat. Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla "
    "pariatur. Excepteur sint occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est "
    "laborum."
)
QUOTATIONS: tuple[str, ...] = (
    (
        "To be, or not to be: that is the question:\nWhether 'tis nobler in the mind to suffer\nThe slings and arrows of "
        "outrageous fortune,\nOr to take arms against a sea of troubles,\nAnd by opposing end them? To die: to sleep;\n"
        "No more; and by a sleep to say we end\nThe heart-ache and the thousand natural shocks\nThat flesh is heir to, "
        "'tis a consummation\nDevoutly to be wish'd."
    ),
    (
        "Friends, Romans, countrymen, lend me your ears;\nI come to bury Caesar, not to praise him.\nThe evil that men do "
        "lives after them;\nThe good is oft interred with their bones;\nSo let it be with Caesar. The noble Brutus\nHath "
        "told you Caesar was ambitious:\nIf it were so, it was a grievous fault,\nAnd grievously hath Caesar answer'd it."
    ),
    (
        "To-morrow, and to-morrow, and to-morrow,\nCreeps in this petty pace from day to day\nTo the last syllable of "
        "recorded time,\nAnd all our yesterdays have lighted fools\nThe way to dusty death. Out, out, brief candle!\n"
        "Life's but a walking shadow, a poor player\nThat struts and frets his hour upon the stage\nAnd then is heard no "
        "more."
    ),
)
"""Out of Shakespeare's Hamlet, Julius Caesar and Macbeth."""

RECIPES: tuple[str, ...] = (
    (
        "**Oat pancakes.** Soak 100 g of rolled oats in 200 ml of milk for half an hour. Whisk in two eggs, a pinch of "
        "salt and a spoon of sugar. Fry small ladles of the batter in butter over a medium flame until the rim is dry, "
        "turn them once, and serve with stewed apples."
    ),
    (
        "**Bean stew.** Fry a chopped onion and two carrots in olive oil until soft. Add a spoon of paprika, a tin of "
        "tomatoes and two tins of white beans with their water. Simmer for twenty-five minutes, season with salt and a "
        "dash of vinegar, and scatter parsley on top."
    ),
    (
        "**Quick flatbread.** Mix 300 g of flour, half a spoon of baking powder, salt, and enough yoghurt to make a soft "
        "dough. Rest it for ten minutes under a cloth, roll out six rounds, and bake each in a dry, hot pan for two "
        "minutes a side."
    ),
)
ANSWERS: tuple[str, ...] = (
    (
        "A hash table finds an entry by computing a number from its key and looking in the slot of that number. When two "
        "keys fall into one slot, the table keeps both, in a short list or in the next slots that are free. As long as "
        "the table is not too full, a look-up takes about the same time however many entries there are."
    ),
    (
        "Yes, you can freeze cooked rice. Let it cool quickly, spread out on a tray, pack it in flat portions, and put it "
        "in the freezer on the same day. It keeps for about three months. Heat it through until it steams, and do not "
        "heat it twice."
    ),
    (
        "The seasons come from the tilt of the Earth's axis, not from its distance to the Sun. In June the northern half "
        "leans towards the Sun, so that its light falls steeply and the days are long; in December it is the other way "
        "round."
    ),
    (
        "To undo the last commit but keep your changes, run `git reset --soft HEAD~1`. The files stay as they are and "
        "are staged. If the commit has been pushed already, make a new one that reverts it instead, so that nobody's "
        "history has to be rewritten."
    ),
    (
        "Photosynthesis is how plants make sugar out of light. Leaves take in carbon dioxide through small openings, "
        "draw water from the roots, and use the energy of sunlight to join the two. Oxygen is what is left over."
    ),
    (
        "I am sorry to hear that your parcel has not arrived. I have opened a case with the carrier, and you should hear "
        "from us within two working days. If it is not found by then, we shall send a new one free of charge."
    ),
    (
        "There are three things to check when a bicycle chain slips: whether the chain is worn, whether the sprockets "
        "have teeth like shark fins, and whether the derailleur is adjusted. Start with the cable, since it costs nothing "
        "to turn the barrel by half a turn."
    ),
)
SIGNATURES: tuple[str, ...] = (
    (
        "Kind regards,\n{name}\nSenior Engineer, Tooling\nTel. +44 20 5550 {number}\nPlease consider the environment "
        "before printing this e-mail."
    ),
    "Best wishes\n{name}\n--\n{name} | Customer Care | Monday to Friday, 9 am to 5 pm\n{mail}",
    "Yours sincerely,\n\n{name}\nHead of Accounts\nRoom {number}, 4 Harbour Street\n{mail}",
)
LETTERS: tuple[str, ...] = (
    (
        "Dear Sir or Madam, thank you for your letter of the {day} of {month}. Please find enclosed the documents that you "
        "asked for. Should you have any further questions, please do not hesitate to contact us. We look forward to "
        "hearing from you."
    ),
    (
        "Hello {name}, I hope this message finds you well. I am writing to follow up on our conversation of last week. "
        "Would you be available for a short call on the {day} of {month}? Thank you in advance for your time."
    ),
)
AGENDAS: tuple[str, ...] = (
    (
        "## Agenda\n1. Welcome and minutes of the last meeting\n2. Report of the treasurer\n3. Budget for next year\n"
        "4. Any other business\n5. Date of the next meeting"
    ),
    (
        "## Changelog\n### Added\n- A switch for quiet output\n### Fixed\n- Paths with spaces are quoted\n- A crash on "
        "empty input\n### Removed\n- Support for versions that have reached their end of life"
    ),
)
