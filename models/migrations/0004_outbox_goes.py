from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0003_outbox")]

    operations = [
        # What was in it had room for recalls alone.
        ops.DeleteModel(name="OutboxRow"),
    ]
