from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_users")]

    operations = [
        ops.CreateModel(
            name="Block",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("owner", fields.BigIntField()),
                ("uid", fields.BigIntField()),
                ("created_at", fields.BigIntField()),
            ],
            options={
                "table": "blocks",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("owner", "uid"),),
            },
            bases=["Model"],
        ),
    ]
