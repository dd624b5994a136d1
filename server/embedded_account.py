"""A program: gives the SecantusDB storage at argv[1] the account argv[2], password from stdin.

The embedded MongoDB must ask for a password from its first moment, but its own way to get an
account is a first start that asks for none. So the account is written into its storage while no
server runs on it: by SecantusDB's code, in a process of its own, as the server itself is.
"""

import sys

from secantus.auth import derive_credentials
from secantus.storage import Storage

MECHANISM = "SCRAM-SHA-256"


def main(storage_path: str, name: str) -> None:
    """The account may use the database of its own name, and nothing else."""
    password = sys.stdin.read().strip()
    storage = Storage(storage_path, enable_oplog=False, sync_on_commit=True)
    try:
        storage.add_user(
            "admin",
            name,
            {
                "_id": f"admin.{name}",
                "user": name,
                "db": "admin",
                "credentials": derive_credentials(password, mechanism=MECHANISM).to_doc(),
                "roles": [{"role": role, "db": name} for role in ("readWrite", "dbAdmin")],
                "mechanisms": [MECHANISM],
            },
            replace=True,
        )
    finally:
        storage.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
