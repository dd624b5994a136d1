from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0004_outbox_goes")]

    operations = [
        ops.CreateModel(
            name="OutboxRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("event_id", fields.CharField(max_length=128, unique=True)),
                ("conv", fields.CharField(max_length=64, db_index=True)),
                ("event", fields.CharField(max_length=16)),
                ("by", fields.BigIntField()),
                ("body", fields.TextField()),
                ("created_at", fields.BigIntField()),
            ],
            options={"table": "outbox", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
