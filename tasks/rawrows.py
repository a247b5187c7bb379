"""Rows of a statement by hand as model instances, for the few places where a raw queryset is what costs the most.

A raw queryset works out the same names and converters anew each time, which for one row costs four times the row.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.sql import Query

Row = TypeVar("Row", bound=models.Model)


@cache
def _converters(model: type[models.Model], names: tuple[str, ...], vendor: str) -> list[tuple[int, Any, Any]]:
    """(place, converters, what they convert) of the columns that are not what the database returns."""
    columns = [model._meta.get_field(name).get_col(model._meta.db_table) for name in names]  # type: ignore[union-attr]
    compiler = connection.ops.compiler("SQLCompiler")(Query(model), connection, DEFAULT_DB_ALIAS)
    return [(place, *each) for place, each in compiler.get_converters(columns).items()]


def fetch(model: type[Row], columns: Sequence[str], sql: str, values: Sequence[Any]) -> list[Row]:
    """What `sql` finds; it selects `columns` of the model in this order, and what is left out is fetched when asked."""
    names = tuple(columns)
    converters = _converters(model, names, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = []
        for fetched in cursor.fetchall():
            row = list(fetched)
            for place, functions, expression in converters:
                for convert in functions:
                    row[place] = convert(row[place], expression, connection)
            found.append(model.from_db(DEFAULT_DB_ALIAS, names, row))
    return found
