"""The words of the full-text index as a table on PostgreSQL too, where nothing can be asked for them otherwise.

A word stays when its last text is gone: the table answers whether any longer word may exist, never what is there.
"""

from django.db import migrations


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        # Sorted byte by byte, as the ranges that are asked for.
        schema_editor.execute('CREATE TABLE gallery_vocabulary (term text COLLATE "C" PRIMARY KEY)')
        schema_editor.execute(
            "INSERT INTO gallery_vocabulary SELECT word FROM ts_stat('SELECT gallery_words FROM gallery_words')"
            " WHERE right(word, 1) <> ':'"
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TABLE gallery_vocabulary")


class Migration(migrations.Migration):
    dependencies = [("gallery", "0011_pins")]
    operations = [migrations.RunPython(create, drop)]
