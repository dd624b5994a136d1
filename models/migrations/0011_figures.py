from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0010_reports")]

    operations = [
        ops.CreateModel(
            name="FigureRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("time", fields.BigIntField()),
                ("process", fields.CharField(max_length=32)),
                ("online", fields.BigIntField()),
                ("sockets", fields.BigIntField()),
                ("messages", fields.BigIntField()),
                ("errors", fields.BigIntField()),
                ("sql", fields.FloatField()),
                ("redis", fields.FloatField()),
                ("mongo", fields.FloatField()),
            ],
            options={
                "table": "figures",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("time", "process"),),
            },
            bases=["Model"],
        ),
    ]
