"""The words of the full-text index as a table, to ask whether any is longer than what was typed. SQLite only."""

from django.db import migrations


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("CREATE VIRTUAL TABLE gallery_vocabulary USING fts5vocab('gallery_words', 'row')")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TABLE gallery_vocabulary")


class Migration(migrations.Migration):
    dependencies = [("gallery", "0006_reviews_and_tags")]
    operations = [migrations.RunPython(create, drop)]
