from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.user import KEY_MAX, TEXT_MAX, KeyField


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="User",
            fields=[
                ("uid", fields.BigIntField(generated=True, primary_key=True)),
                ("user_name", fields.CharField(max_length=TEXT_MAX)),
                ("name_key", KeyField(max_length=KEY_MAX, unique=True)),
                ("nickname", fields.CharField(max_length=TEXT_MAX)),
                ("nickname_key", KeyField(max_length=KEY_MAX, db_index=True)),
                ("avatar", fields.CharField(max_length=64, null=True)),
                ("password_hash", fields.CharField(max_length=255)),
                ("admin", fields.BooleanField(default=False)),
                ("banned_until", fields.BigIntField(default=0)),
                ("created_at", fields.BigIntField()),
            ],
            options={"table": "users", "app": "models", "pk_attr": "uid"},
            bases=["Model"],
        ),
    ]
