"""Files that people choose, made for the occasion."""

import io

from PIL import Image

Chosen = dict[str, object]


def picture(name: str, width: int, height: int) -> Chosen:
    """From one colour to another, so that a wrong turn would be seen."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(data, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": data.getvalue()}


def document(name: str, content: bytes = b"%PDF-1.4 of no pages") -> Chosen:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}
