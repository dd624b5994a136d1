from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.group import NAME_MAX


class Migration(migrations.Migration):
    dependencies = [("models", "0005_outbox")]

    operations = [
        ops.CreateModel(
            name="GroupRow",
            fields=[
                ("gid", fields.BigIntField(generated=True, primary_key=True)),
                ("name", fields.CharField(max_length=NAME_MAX)),
                ("announcement", fields.TextField()),
                ("avatar", fields.CharField(max_length=64, null=True)),
                ("owner", fields.BigIntField()),
                ("speak", fields.CharField(max_length=8)),
                ("version", fields.BigIntField(default=0)),
                ("created_at", fields.BigIntField()),
                ("dissolved_at", fields.BigIntField(default=0)),
            ],
            options={"table": "chat_groups", "app": "models", "pk_attr": "gid"},
            bases=["Model"],
        ),
    ]
