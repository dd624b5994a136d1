from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0021_invites")]

    operations = [
        ops.CreateModel(
            name="DeletionRow",
            fields=[
                ("uid", fields.BigIntField(primary_key=True)),
                ("avatar", fields.CharField(max_length=64, null=True)),
                ("begun_at", fields.BigIntField()),
            ],
            options={"table": "deletions", "app": "models", "pk_attr": "uid"},
            bases=["Model"],
        ),
    ]
