"""What a person is looking for in the gallery: read from the address, applied to results, said in words.

Every page, tile link and viewer carries the search in its address, so that next and previous stay inside it. A further
facet is one more field here and one more line in each method.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.http import QueryDict

KINDS = {"image": "Pictures", "video": "Clips"}
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Search:
    """`text` is looked for in the prompt; `kind` is "", "image" or "video"."""

    text: str = ""
    kind: str = ""
    starred: bool = False

    @classmethod
    def from_query(cls, query: QueryDict) -> "Search":
        """Never fails: what is not understood is not part of the search."""
        kind = query.get("kind", "")
        text = query.get("q", "").replace("\x00", "").strip()[:LONGEST]
        return cls(text, kind if kind in KINDS else "", query.get("starred") == "1")

    @property
    def condition(self) -> Q:
        wanted = Q()
        if self.text:
            wanted &= Q(task__prompt__icontains=self.text)
        if self.kind:
            wanted &= Q(kind=self.kind)
        if self.starred:
            wanted &= Q(starred=True)
        return wanted

    @property
    def query(self) -> str:
        """The search as a query string without the question mark; "" when nothing is looked for."""
        given = {"q": self.text, "kind": self.kind, "starred": "1" if self.starred else ""}
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def words(self) -> str:
        """The search as a person would say it: `fog, clips, starred`."""
        said = [self.text, KINDS[self.kind].lower() if self.kind else "", "starred" if self.starred else ""]
        return ", ".join(word for word in said if word)

    @property
    def filters(self) -> int:
        return bool(self.kind) + self.starred

    def __bool__(self) -> bool:
        return bool(self.query)
