from django.db import migrations, models


def remember(apps, schema_editor):
    """Whoever joined by an invitation until now: the trail has a line for each."""
    made = apps.get_model("accounts", "AuditEntry").objects.filter(action="account made", actor__isnull=False)
    apps.get_model("accounts", "User").objects.filter(pk__in=made.values("actor")).update(is_address_told=True)


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_retired_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="is_address_told",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="an invitation told the address, and its owner has proved it nowhere",
            ),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop),
    ]
