"""Files that people choose, made for the occasion."""

import io
import math
import wave
from array import array

from PIL import Image

Chosen = dict[str, object]


def picture(name: str, width: int, height: int) -> Chosen:
    """From one colour to another, so that a wrong turn would be seen."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(data, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": data.getvalue()}


def document(name: str, content: bytes = b"%PDF-1.4 of no pages") -> Chosen:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def voice(name: str, seconds: float) -> Chosen:
    """A tone that swells."""
    rate = 8_000
    count = int(seconds * rate)
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        tone = (int(math.sin(n * 0.3) * 20_000 * n / count) for n in range(count))
        sound.writeframes(array("h", tone).tobytes())
    return {"name": name, "mimeType": "audio/wav", "buffer": data.getvalue()}
