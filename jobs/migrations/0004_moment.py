from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0003_merging'),
    ]

    operations = [
        migrations.AddField(
            model_name='outbox',
            name='moment',
            field=models.BigIntegerField(help_text='Microseconds since 1970: the subject changes by itself', null=True),
        ),
    ]
