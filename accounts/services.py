"""The verbs of accounts that other rooms call."""

from django.db import connection


def next_revision(user_id: int) -> int:
    """Count up and return the person's board revision.

    Call it inside the transaction of the visible change: the row lock makes revisions commit in order, so a poll that
    has seen N has seen everything up to N.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET board_revision = board_revision + 1 WHERE id = %s RETURNING board_revision",
            [user_id],
        )
        row = cursor.fetchone()
    return int(row[0])
