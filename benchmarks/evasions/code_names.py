"""Names changed consistently: each to another, no two to one, none that is captured.

Which names are a programmer's own is what `benchmarks.code_copies.plain` says: no member, no name of a keyword
argument, no builtin, no keyword. All of them are changed, those of types and called functions too.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Iterator

from tree_sitter import Node

from benchmarks.code_copies import Token, plain, renamed_inside
from benchmarks.code_functions import leaf_nodes
from benchmarks.evasions.code_kinds import COMMENTS, MEMBERS_AFTER, NAMES
from benchmarks.evasions.code_tree import Change, Program, changed
from benchmarks.evasions.registry import evasion
from simblock.grammar import grammar
from simblock.vocabulary import members

FRENCH = tuple(re.findall(r"\w+", (
    "valeur compteur indice liste noeud gauche droite tampon taille longueur largeur hauteur premier dernier suivant "
    "precedent resultat entree sortie fichier ligne colonne chaine caractere nombre somme total moyenne maximum "
    "minimum table clef drapeau etat etape debut fin milieu tete queue pile file arbre feuille racine enfant parent "
    "frere bloc page cadre fenetre bouton texte titre nom prenom adresse ville pays jour mois annee heure minute date "
    "temps delai prix poids mesure unite couleur forme ligneuse chemin dossier disque memoire registre adaptateur "
    "lecteur ecrivain message erreur avis trace niveau limite borne seuil ecart pas tour boucle essai choix option "
    "reglage mode genre espece groupe ensemble element membre champ case cellule rang ordre tri recherche filtre "
    "masque motif modele vue source cible origine copie reste partie morceau segment portion region zone point trait "
    "angle cercle carre "
)))  # fmt: skip
_LETTERS = string.ascii_letters


class Named:
    """A program's names: those that may be changed, where they stand, and all that is taken."""

    def __init__(self, code: str, language: str) -> None:
        self.program = Program(code, language)
        leaves = [leaf for leaf in leaf_nodes(self.program.root) if leaf.type not in COMMENTS]
        self._tokens = [Token(self.program.text(leaf), leaf.type, _field(leaf), "", 0) for leaf in leaves]
        self._leaves = leaves
        self._plain = plain(self._tokens, language)
        known = grammar(language)
        self.taken = {token.text for token in self._tokens} | known.builtins | known.keywords

    def own(self) -> list[str]:
        """The plain names, each once, in the order of their first occurrence."""
        pairs = zip(self._tokens, self._plain, strict=True)
        return list(dict.fromkeys(token.text for token, is_plain in pairs if is_plain))

    def members(self) -> list[str]:
        """The names of members that no vocabulary knows, each once."""
        public = members(self.program.language)
        return list(dict.fromkeys(
            token.text for number, token in enumerate(self._tokens)
            if self._is_member(number) and token.text not in public and not token.text.startswith("__")
        ))  # fmt: skip

    def _is_member(self, number: int) -> bool:
        token = self._tokens[number]
        return token.kind in NAMES and number > 0 and self._tokens[number - 1].text in MEMBERS_AFTER

    def renamed(self, names: dict[str, str], member_names: dict[str, str] | None = None) -> str | None:
        """The code with names changed, inside strings that hold code too; None where nothing is or it does not parse."""
        change = Change(self.program)
        for number, (leaf, token, is_plain) in enumerate(zip(self._leaves, self._tokens, self._plain, strict=True)):  # fmt: skip
            text = token.text
            if is_plain:
                text = names.get(text, text)
            elif member_names and self._is_member(number):
                text = member_names.get(text, text)
            else:
                text = renamed_inside(token, names, self.program.language).text
            if is_plain and token.kind.startswith("shorthand") and text != token.text:
                text = f"{token.text}: {text}"
            if text != token.text:
                change.replace(leaf, text)
        return changed(self.program.code, change.text(), self.program.language)


def _field(node: Node) -> str:
    parent = node.parent
    name = parent.child_by_field_name("name") if parent is not None else None
    return parent.type if parent is not None and name is not None and name.id == node.id else ""


def _all_renamed(code: str, language: str, fresh: Iterator[str], *, with_members: bool = False) -> str | None:
    """Every own name changed to the next fresh one that is not taken."""
    named = Named(code, language)
    free = (name for name in fresh if name not in named.taken)
    try:
        names = {name: next(free) for name in named.own()}
        member_names = {name: next(free) for name in named.members()} if with_members else None
    except StopIteration:
        return None
    return named.renamed(names, member_names)


def _compound(pool: tuple[str, ...], language: str, rng: random.Random) -> Iterator[str]:
    """The words of a pool, each once in some order, then pairs of them."""
    yield from rng.sample(pool, len(pool))
    while True:
        first, second = rng.sample(pool, 2)
        yield f"{first}_{second}" if language in ("python", "c") else first + second.capitalize()


def _letters() -> Iterator[str]:
    yield from _LETTERS
    for first in _LETTERS:
        yield from (first + second for second in _LETTERS)


def _gibberish(rng: random.Random) -> Iterator[str]:
    while True:
        yield rng.choice(_LETTERS) + "".join(
            rng.choices(_LETTERS + string.digits + "_", k=rng.randint(3, 14))
        )


def _distinct(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name


@evasion("names-random", kind="code", group="code-names", gate="surface")
def names_random(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves everything but the own names, which become random letters and digits."""
    return _all_renamed(code, language, _distinct(_gibberish(rng)))


@evasion("names-french", kind="code", group="code-names", gate="surface")
def names_french(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves everything but the own names, which become French words."""
    return _all_renamed(code, language, _distinct(_compound(FRENCH, language, rng)))


@evasion("names-single-letters", kind="code", group="code-names", gate="surface")
def names_single_letters(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves everything but the own names, which become a, b, c and, when letters run out, aa, ab."""
    return _all_renamed(code, language, _letters())


@evasion("names-numbered", kind="code", group="code-names", gate="surface")
def names_numbered(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves everything but the own names, which become var1, var2, var3."""
    return _all_renamed(code, language, (f"var{number}" for number in range(1, 100_000)))


@evasion("names-public", kind="code", group="code-names", gate="surface")
def names_public(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves everything but the own names, which become names of members that everybody uses (append, length)."""
    pool = tuple(
        sorted(name for name in members(language) if name.isidentifier() and not name.startswith("_"))
    )
    return _all_renamed(code, language, _distinct(_compound(pool, language, rng)))


@evasion("names-with-members", kind="code", group="code-names", gate="surface")
def names_with_members(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves everything but the own names and those of members that are in no public vocabulary."""
    return _all_renamed(code, language, _distinct(_compound(FRENCH, language, rng)), with_members=True)


@evasion("names-swapped", kind="code", group="code-names", gate="surface")
def names_swapped(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves everything but the own names, which are exchanged with each other by pairs."""
    named = Named(code, language)
    own = named.own()
    rng.shuffle(own)
    pairs = list(zip(own[::2], own[1::2], strict=False))
    return named.renamed({**dict(pairs), **{second: first for first, second in pairs}})


def _respelled(code: str, language: str, spell: Callable[[str], str]) -> str | None:
    named = Named(code, language)
    names: dict[str, str] = {}
    for name in named.own():
        made = spell(name)
        if made != name and made not in named.taken and made.isidentifier():
            names[name] = made
            named.taken.add(made)
    return named.renamed(names) if names else None


@evasion("names-camel", kind="code", group="code-names", gate="surface")
def names_camel(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves everything but own names with underscores: snake_case becomes camelCase."""
    return _respelled(code, language, lambda name: re.sub(r"(?<=\w)_+(\w)", lambda it: it[1].upper(), name))


@evasion("names-snake", kind="code", group="code-names", gate="surface")
def names_snake(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves everything but own names with capitals inside: camelCase becomes snake_case."""
    return _respelled(
        code, language, lambda name: re.sub(r"(?<=[a-z0-9])([A-Z])", lambda it: "_" + it[1].lower(), name)
    )
