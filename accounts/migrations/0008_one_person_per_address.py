from django.db import migrations, models
from django.db.models.functions import Lower


def lower(apps, schema_editor):
    """People are found by their address in lower case; what an admin wrote with a capital locked its person out."""
    people = apps.get_model("accounts", "User").objects
    capital = people.exclude(email=Lower("email"))
    for person in capital:
        address = person.email.lower()
        if people.filter(email__iexact=address).count() > 1:
            raise RuntimeError(f"{address} stands for several people, with and without capitals: change one of them.")
        people.filter(pk=person.pk).update(email=address)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_told_addresses"),
    ]

    operations = [
        migrations.RunPython(lower, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(Lower("email"), name="one_person_per_address"),
        ),
    ]
