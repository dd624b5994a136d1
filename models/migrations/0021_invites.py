from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.user import KeyField


class Migration(migrations.Migration):
    dependencies = [("models", "0020_words")]

    operations = [
        ops.CreateModel(
            name="InviteRow",
            fields=[
                ("code", KeyField(max_length=32, primary_key=True)),
                ("by", fields.BigIntField()),
                ("uses", fields.BigIntField()),
                ("used", fields.BigIntField(default=0)),
                ("until", fields.BigIntField()),
                ("created_at", fields.BigIntField()),
            ],
            options={"table": "invites", "app": "models", "pk_attr": "code"},
            bases=["Model"],
        ),
    ]
