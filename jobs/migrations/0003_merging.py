from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0002_version'),
    ]

    operations = [
        migrations.AddField(
            model_name='outbox',
            name='tried_since',
            field=models.BigIntegerField(db_default=4611686018427387904, help_text='Microseconds since 1970, of the first attempt'),
        ),
        migrations.AddIndex(
            model_name='outbox',
            index=models.Index(fields=['subject', 'task'], name='outbox_of_a_subject'),
        ),
    ]
