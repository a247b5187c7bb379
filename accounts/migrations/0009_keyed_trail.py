from django.db import migrations, models

import mjportal.encryption
from accounts.audit import HEAD, mac_of, new_key


def begin(apps, schema_editor):
    """From now on there is a head with a key, always: one without is a trail that was emptied or made up.

    What was written until now stays under its plain seals; the head, and the next line, hold the last of them.
    """
    head, _ = apps.get_model("accounts", "AuditHead").objects.get_or_create(pk=HEAD)
    head.key, head.plain = new_key(), head.count
    head.mac = mac_of(head, head.key.reveal().encode())
    head.save()


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0008_one_person_per_address"),
    ]

    operations = [
        migrations.AddField(
            model_name="audithead",
            name="key",
            field=mjportal.encryption.EncryptedField(blank=True, default="", editable=False),
        ),
        migrations.AddField(
            model_name="audithead",
            name="mac",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
        migrations.AddField(
            model_name="audithead",
            name="plain",
            field=models.BigIntegerField(
                default=0, editable=False, help_text="lines from before the seals had a key"
            ),
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
