"""Text as the search sees it: the same tokens from a prompt and from what is typed, in any language, for any database.

Two databases and their locales split text differently, so it is split here: accents and case folded, scripts written
without spaces (Chinese, Japanese, Thai ...) and emoji cut into characters, and what is left beyond ASCII spelled in
hexadecimal, in which the beginning of a word is still a beginning.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_TOKEN = 60
MOST_TERMS = 12
_ASCII_WORD = re.compile("[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
# A minus counts at the start of a word only, so that "black-and-white" is three words and none of them is forbidden.
_TERM = re.compile(r'(?<!\S)(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


def tokens(text: str) -> list[str]:
    """The tokens of a text in order: lower-case ASCII letters and digits, at most LONGEST_TOKEN of them each."""
    if text.isascii():
        return [word[:LONGEST_TOKEN] for word in _ASCII_WORD.findall(text.lower())]
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()))
    return [_spell(word)[:LONGEST_TOKEN] for word in _words(unicodedata.normalize("NFC", folded))]


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        kind = unicodedata.category(character)
        if kind == "So" or _UNSPACED.match(character):
            if word:
                yield word
            yield character
            word = ""
        elif kind[0] in "LNM":
            word += character
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _spell(word: str) -> str:
    return word if word.isascii() else "zq" + word.encode().hex()


@dataclass(frozen=True, slots=True)
class Term:
    """Adjacent tokens to find, or (`negated`) to keep out. `whole`: the last one is no mere beginning of a word."""

    tokens: tuple[str, ...]
    negated: bool = False
    whole: bool = False


def terms(text: str) -> list[Term]:
    """What is typed, as terms: `fog "pine valley" -people`. Never fails; what has no letters or digits is left out."""
    found = []
    for match in _TERM.finditer(text):
        cut = tuple(tokens(match["phrase"] if match["phrase"] is not None else match["word"]))
        if cut:
            found.append(Term(cut, bool(match["minus"]), match["phrase"] is not None))
    return found[:MOST_TERMS]
