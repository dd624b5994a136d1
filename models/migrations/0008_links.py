from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.user import KeyField


class Migration(migrations.Migration):
    dependencies = [("models", "0007_members")]

    operations = [
        ops.CreateModel(
            name="LinkRow",
            fields=[
                ("code", KeyField(max_length=32, primary_key=True)),
                ("gid", fields.BigIntField(db_index=True)),
                ("by", fields.BigIntField()),
                ("uses", fields.BigIntField()),
                ("used", fields.BigIntField(default=0)),
                ("until", fields.BigIntField()),
                ("created_at", fields.BigIntField()),
            ],
            options={"table": "chat_links", "app": "models", "pk_attr": "code"},
            bases=["Model"],
        ),
    ]
