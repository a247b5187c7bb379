"""Words are spelled in another way: what is indexed is spelled anew, in its place."""

from django.db import migrations

from gallery.indexing import respell


def spell(apps, schema_editor):
    respell(apps.get_model("gallery", "Result").objects.all())


class Migration(migrations.Migration):
    dependencies = [("gallery", "0015_tries_and_gone"), ("tasks", "0001_initial")]
    operations = [migrations.RunPython(spell, migrations.RunPython.noop)]
