import jobs.fields
import jobs.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Version',
            fields=[
                ('subject', jobs.fields.ExactField(max_length=100, primary_key=True, serialize=False)),
                ('version', models.BigIntegerField(help_text='Microseconds since 1970')),
            ],
            options={
                'db_table': 'jobs_version',
            },
        ),
    ]
