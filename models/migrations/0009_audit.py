from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.audit import TARGET_MAX, WORD_MAX


class Migration(migrations.Migration):
    dependencies = [("models", "0008_links")]

    operations = [
        ops.CreateModel(
            name="AuditRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("time", fields.BigIntField()),
                ("by", fields.BigIntField(null=True)),
                ("act", fields.CharField(max_length=WORD_MAX)),
                ("target", fields.CharField(max_length=TARGET_MAX)),
                ("note", fields.TextField()),
            ],
            options={"table": "audit", "app": "models", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
