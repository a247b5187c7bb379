"""Text as the search sees it: the same tokens from a prompt and from what is typed, in any language, for any database.

Two databases and their locales split text differently, so it is split here: accents and case folded, scripts written
without spaces (Chinese, Japanese, Thai ...) and emoji cut into characters, and letters beyond ASCII spelled in
hexadecimal, in which the beginning of a word is still a beginning. A change here means to spell what is indexed anew,
see `indexing.respell`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_WORD = 60
_ASCII_WORD = re.compile("[a-z0-9]+")
_FOREIGN = re.compile("[^\x00-\x7f]+")
# Also the vowels that Hebrew and Arabic write above and below, or leave out.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"
)
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
# They change how a character looks, never which word it stands in: variation selectors, soft hyphen, keycap.
_LOOKS = re.compile("[\ufe00-\ufe0f\u00ad\u20e3]")
# As keyboards and other programs write them.
_TYPED = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"') | dict.fromkeys("\u2212\u2013\uff0d", "-")
)
# A minus counts at the start of a word only, so that "black-and-white" is three words and none of them is forbidden.
# A quote opens a phrase wherever it stands; brackets around either mean nothing.
_TERM = re.compile(r'[(\[{]*(?:(?<![^\s(\[{])(?P<minus>-))?[(\[{]*(?:"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>[^\s"]+))')


def tokens(text: str) -> list[str]:
    """The tokens of a text in order: lower-case ASCII letters and digits, of at most LONGEST_WORD letters each."""
    if text.isascii():
        return [word[:LONGEST_WORD] for word in _ASCII_WORD.findall(text.lower())]
    text = unicodedata.normalize("NFKC", _LOOKS.sub("", text))
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return [_spell(word[:LONGEST_WORD]) for word in _words(unicodedata.normalize("NFC", folded))]


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
    return _FOREIGN.sub(lambda letters: "zq" + letters[0].encode().hex(), word)


@dataclass(frozen=True, slots=True)
class Term:
    """Adjacent tokens to find, or (`negated`) to keep out. `whole`: the last one is no mere beginning of a word."""

    tokens: tuple[str, ...]
    negated: bool = False
    whole: bool = False


def is_lost(text: str) -> bool:
    """Whether something was typed, more than the beginning of a term, and nothing of it can be looked for."""
    return bool(text.translate(_TYPED).strip(' -"([{}])')) and not terms(text)


def terms(text: str) -> list[Term]:
    """What is typed, as terms: `fog "pine valley" -people`. Never fails; what has no letters or digits is left out."""
    found = []
    for match in _TERM.finditer(text.translate(_TYPED)):
        cut = tuple(tokens(match["phrase"] if match["phrase"] is not None else match["word"]))
        if cut:
            # A phrase that is still being typed may go on.
            found.append(Term(cut, bool(match["minus"]), bool(match["end"])))
    return list(dict.fromkeys(found))
