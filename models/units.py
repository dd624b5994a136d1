"""What the numbers and words of the wire mean, named once for answers and paths.

Only the description of the API (`server.schema`) reads what stands beside the types here.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Uid = Annotated[int, Meta(description="A user.", examples=[7])]
Gid = Annotated[int, Meta(description="A group.", examples=[3])]
Conv = Annotated[
    str,
    Meta(
        description="A conversation: `{low}:{high}`, two uids, the lower one first, or `g{gid}`.",
        examples=["7:8"],
    ),
]
Seq = Annotated[
    int,
    Meta(description="The number of a message in its conversation, from 1.", examples=[1]),
]
Millis = Annotated[
    int, Meta(description="Milliseconds since the epoch, UTC.", examples=[1795600000000])
]
