from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.user import KEY_MAX, KeyField
from models.word import WORD_MAX


class Migration(migrations.Migration):
    dependencies = [("models", "0011_figures")]

    operations = [
        ops.CreateModel(
            name="WordRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("word_key", KeyField(max_length=KEY_MAX, unique=True)),
                ("word", fields.CharField(max_length=WORD_MAX)),
            ],
            options={"table": "words", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
