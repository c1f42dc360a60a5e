"""Small files of pictures and sounds for tests, sound ones and broken ones."""

import io
import struct

import numpy as np
import soundfile
from PIL import Image


def encode(image, format_="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def noise(width=40, height=30, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def plain(colour, width=40, height=30):
    return Image.new("RGB", (width, height), colour)


def animation(format_):
    frames = [plain(colour) for colour in ("red", "green", "blue")]
    return encode(frames[0], format_, save_all=True, append_images=frames[1:])


def png_header(width, height):
    """Return the start of a PNG that declares a size and has no pixels."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + body + b"\0\0\0\0"


def webp_header(width, height):
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0"
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def tone(frequency=440.0, rate=16_000, seconds=1.0):
    return np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * frequency / rate) / 2


def sound_file(samples, rate=16_000, format_="WAV"):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format_)
    return buffer.getvalue()
