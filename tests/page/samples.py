"""Files that people choose, made for the occasion."""

import io
import math
import wave
from array import array

from PIL import Image, ImageDraw, ImageOps

Chosen = dict[str, object]


def picture(name: str, width: int, height: int) -> Chosen:
    """From one colour to another, so that a wrong turn would be seen."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(data, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": data.getvalue()}


def landscape(name: str) -> Chosen:
    """Hills behind each other under an evening sky."""
    width, height = 1200, 900
    sky = Image.linear_gradient("L").resize((width, height))
    drawn = ImageOps.colorize(sky, "#5b86c4", "#f7c99a")
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((760, 190, 960, 390), fill="#fff1cf")
    for ridge, colour in enumerate(("#6f8f9b", "#567a86", "#3f6470", "#2c4d58")):
        base = height * (0.46 + 0.13 * ridge)
        tops = [
            (x, base + 70 * math.sin(x / width * 7 + ridge * 2.1) + 14 * math.sin(x / 37 + ridge))
            for x in range(0, width + 20, 20)
        ]
        pen.polygon([(0, height), *tops, (width, height)], fill=colour)
    data = io.BytesIO()
    drawn.save(data, "JPEG", quality=90)
    return {"name": name, "mimeType": "image/jpeg", "buffer": data.getvalue()}


def document(name: str, content: bytes = b"%PDF-1.4 of no pages") -> Chosen:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def voice(name: str, seconds: float) -> Chosen:
    """A tone that swells and fades, as words do."""
    rate = 8_000
    count = int(seconds * rate)
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        tone = (int(math.sin(n * 0.3) * 20_000 * swell(n / count)) for n in range(count))
        sound.writeframes(array("h", tone).tobytes())
    return {"name": name, "mimeType": "audio/wav", "buffer": data.getvalue()}


def swell(part: float) -> float:
    return abs(math.sin(part * 23) * math.cos(part * 61)) * (1 - part / 2)
