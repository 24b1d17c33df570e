from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0003_document_left'),
        ('shop', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='GuestAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_key', models.CharField(max_length=32, unique=True)),
                ('email', models.EmailField(max_length=254)),
            ],
            options={
                'verbose_name_plural': 'guest addresses',
            },
        ),
        migrations.AddField(
            model_name='orderline',
            name='design',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='job_key',
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='slot',
            name='cake_capacity',
            field=models.PositiveSmallIntegerField(default=3),
        ),
        migrations.AddField(
            model_name='slot',
            name='cakes_taken',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['job_key'], name='line_of_a_job'),
        ),
        migrations.AddConstraint(
            model_name='slot',
            constraint=models.CheckConstraint(condition=models.Q(('cakes_taken__lte', models.F('cake_capacity'))), name='a_slot_never_holds_too_many_cakes'),
        ),
    ]
