from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0006_groups")]

    operations = [
        ops.CreateModel(
            name="MemberRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("gid", fields.BigIntField()),
                ("uid", fields.BigIntField(db_index=True)),
                ("role", fields.CharField(max_length=8)),
                ("muted_until", fields.BigIntField(default=0)),
                ("joined_at", fields.BigIntField()),
                ("seen", fields.TextField(null=True)),
            ],
            options={
                "table": "chat_members",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("gid", "uid"),),
            },
            bases=["Model"],
        ),
    ]
