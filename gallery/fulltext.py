"""The full-text index: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL, one question for both.

Each saved result has one row whose number grows with time, so the newest matches are read first and reading stops when
the page is full. The row also holds who may find it (`scope`): one owner among many costs what that owner's rows cost.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.lookups import Lookup

from gallery.words import Term, tokens

TABLE = "gallery_words"


class DocumentField(models.Field):  # type: ignore[type-arg]
    """The searchable side of the index: asked with `match`, never read."""

    def db_type(self, connection: Any) -> None:
        return None


@DocumentField.register_lookup
class Match(Lookup):
    """`document__match=question`, where the question comes from `question()` for the connected database."""

    lookup_name = "match"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:
        left, given = self.process_lhs(compiler, connection)
        return f"{left} MATCH %s", [*given, self.rhs]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:
        left, given = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", [*given, self.rhs]


class Words(models.Model):
    """One result in the index. `rowid` grows with the time of saving; the result points here."""

    rowid = models.BigAutoField(primary_key=True)
    document = DocumentField(db_column=TABLE, editable=False)

    class Meta:
        managed = False
        db_table = TABLE

    def __str__(self) -> str:
        return str(self.rowid)


def scope_of(user_id: int, team_id: UUID | None) -> str:
    """Who finds a result: its team, or its owner when it belongs to none."""
    return f"team{team_id.hex}" if team_id else f"owner{user_id}"


def question(scope: str, looked_for: Iterable[Term], tier: int | None = None) -> str:
    """The search in the database's own language, for what `scope` (see `scope_of`) may find.

    `tier` 0: whole words. 1: what begins so without being in tier 0. None: both.
    """
    looked_for = list(looked_for)
    wanted = [term for term in looked_for if not term.negated]
    unwanted = [term for term in looked_for if term.negated]
    language = _Tsquery if connection.vendor == "postgresql" else _Fts5
    asked = [language.scope(scope), *(language.term(term, begins=tier != 0) for term in wanted)]
    barred = [language.term(term, begins=False) for term in unwanted]
    if tier == 1:
        barred.append(language.all(language.term(term, begins=False) for term in wanted))
    return language.but(language.all(asked), barred) if barred else language.all(asked)


def has_longer(looked_for: Iterable[Term]) -> bool:
    """Whether any text at all may have a word that goes on where one of these ends.

    Both databases gather every row of a beginning before they look at the other words: in vain where none is longer.
    """
    ends = [term.tokens[-1] for term in looked_for if not term.negated and not term.whole]
    # Tokens are made of 0-9 and a-z.
    ranges = " OR ".join(["EXISTS (SELECT 1 FROM gallery_vocabulary WHERE term >= %s AND term <= %s)"] * len(ends))
    if not ends:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ranges}", [bound for end in ends for bound in (f"{end}0", f"{end}{{")])
        return bool(cursor.fetchone()[0])


class _Fts5:
    @staticmethod
    def scope(scope: str) -> str:
        return f'scope : "{scope}"'

    @staticmethod
    def term(term: Term, *, begins: bool) -> str:
        return f'words : "{" ".join(term.tokens)}"{" *" if begins and not term.whole else ""}'

    @staticmethod
    def all(parts: Iterable[str]) -> str:
        return f"({' AND '.join(parts)})"

    @staticmethod
    def but(asked: str, barred: Iterable[str]) -> str:
        return f"{asked} NOT ({' OR '.join(barred)})"


class _Tsquery:
    @staticmethod
    def scope(scope: str) -> str:
        return f"'{scope}:'"

    @staticmethod
    def term(term: Term, *, begins: bool) -> str:
        *first, last = (f"'{token}'" for token in term.tokens)
        return f"({' <-> '.join([*first, last + (':*' if begins and not term.whole else '')])})"

    @staticmethod
    def all(parts: Iterable[str]) -> str:
        return f"({' & '.join(parts)})"

    @staticmethod
    def but(asked: str, barred: Iterable[str]) -> str:
        return f"{asked} & !({' | '.join(barred)})"


def add_many(rows: Iterable[tuple[str, Sequence[str]]]) -> list[int]:
    """Index texts, each for its scopes; returns the numbers of their rows, in order. Call it in a transaction."""
    documents = [(" ".join(tokens(text)), scopes) for text, scopes in rows]
    store = _store_postgresql if connection.vendor == "postgresql" else _store_sqlite
    return store(documents) if documents else []


def _store_sqlite(documents: list[tuple[str, Sequence[str]]]) -> list[int]:
    with connection.cursor() as cursor:
        # Every transaction is IMMEDIATE: nobody else takes a number meanwhile.
        cursor.execute(f"SELECT coalesce(max(rowid), 0) + 1 FROM {TABLE}")  # noqa: S608
        first = int(cursor.fetchone()[0])
        numbered = [(first + at, words, " ".join(scopes)) for at, (words, scopes) in enumerate(documents)]
        cursor.executemany(f"INSERT INTO {TABLE} (rowid, words, scope) VALUES (%s, %s, %s)", numbered)  # noqa: S608
    return [number for number, _, _ in numbered]


def _store_postgresql(documents: list[tuple[str, Sequence[str]]]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT nextval(pg_get_serial_sequence('{TABLE}', 'rowid')) FROM generate_series(1, %s)",  # noqa: S608
            [len(documents)],
        )
        numbers = [int(row[0]) for row in cursor.fetchall()]
        _learn(cursor, documents)
        cursor.executemany(
            f"INSERT INTO {TABLE} (rowid, {TABLE})"  # noqa: S608
            f" VALUES (%s, {_VECTOR})",
            [(number, *_vector(*document)) for number, document in zip(numbers, documents, strict=True)],
        )
    return numbers


# PostgreSQL's own parser would split a token that looks like a number: 7e4b.
_VECTOR = "%s::tsvector || array_to_tsvector(%s::text[])"


def _vector(words: str, scopes: Sequence[str]) -> tuple[str, list[str]]:
    placed = " ".join(f"{word}:{place}" for place, word in enumerate(words.split(), start=1))
    # Scopes end in a colon, which no token of a text can.
    return placed, [f"{scope}:" for scope in scopes]


def _learn(cursor: Any, documents: list[tuple[str, Sequence[str]]]) -> None:
    # New words only, in one order: two who bring the same ones wait for each other and never in a ring.
    cursor.execute(
        "INSERT INTO gallery_vocabulary SELECT given.term FROM unnest(%s::text[]) AS given(term)"
        " WHERE NOT EXISTS (SELECT 1 FROM gallery_vocabulary known WHERE known.term = given.term)"
        " ON CONFLICT DO NOTHING",
        [sorted({word for words, _ in documents for word in words.split()})],
    )


def spell_anew(rows: Iterable[tuple[int, str, Sequence[str]]]) -> None:
    """Index the texts of these rows again. Their numbers stay, and so does their order."""
    documents = {number: (" ".join(tokens(text)), scopes) for number, text, scopes in rows}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _learn(cursor, list(documents.values()))
            cursor.executemany(
                f"UPDATE {TABLE} SET {TABLE} = {_VECTOR} WHERE rowid = %s",  # noqa: S608
                [(*_vector(*document), number) for number, document in documents.items()],
            )
        else:
            cursor.executemany(
                f"UPDATE {TABLE} SET words = %s WHERE rowid = %s",  # noqa: S608
                [(words, number) for number, (words, _) in documents.items()],
            )


def remove(rowids: Sequence[int]) -> None:
    """Take rows out of the index."""
    Words.objects.filter(pk__in=list(rowids)).delete()
