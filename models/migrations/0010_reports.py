from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from models.report import ID_MAX
from models.user import KeyField


class Migration(migrations.Migration):
    dependencies = [("models", "0009_audit")]

    operations = [
        ops.CreateModel(
            name="ReportRow",
            fields=[
                ("number", fields.BigIntField(generated=True, primary_key=True)),
                ("id", KeyField(max_length=ID_MAX, unique=True)),
                ("conv", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
                ("by", fields.BigIntField()),
                ("reason", fields.TextField()),
                ("message", fields.TextField()),
                ("time", fields.BigIntField()),
                ("state", fields.CharField(max_length=16, db_index=True)),
                ("closed_by", fields.BigIntField(null=True)),
                ("closed_at", fields.BigIntField(default=0)),
                ("note", fields.TextField()),
            ],
            options={
                "table": "reports",
                "app": "models",
                "pk_attr": "number",
                "unique_together": (("conv", "seq", "by"),),
            },
            bases=["Model"],
        ),
    ]
