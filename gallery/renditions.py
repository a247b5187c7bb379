"""Decode one untrusted file and draw its renditions. Runs in a forked child under limits: see gallery.darkroom.

Writes 320.webp, 640.webp and 1280.webp (never wider than the original) beside the file and makes a 16-px placeholder.
Nothing of Django is imported, so that the process that opens hostile bytes holds nothing worth taking.
"""

import base64
import io
import os
import resource
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, JpegImagePlugin, WebPImagePlugin

from gallery.wholeness import is_cut

WIDTHS = (1280, 640, 320)
QUALITY = 80
# Method 2 costs half of the usual 4 for a few per cent more bytes.
METHOD = 2
PLACEHOLDER_WIDTH = 16
MOST_PIXELS = 50_000_000
MEMORY = 1536 * 1024 * 1024
CPU_SECONDS = 60
ORIENTATION = 0x0112
PICTURES = frozenset({"JPEG", "PNG", "WEBP", "GIF"})
__all__ = ["JpegImagePlugin", "WebPImagePlugin", "develop", "draw"]


class Unusable(Exception):
    """The file is not a whole picture or clip we can show; the text is for the owner."""


def limit_process() -> None:
    """No more than this much memory and time, whatever the file asks for; and no core dump of it."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 64 * 1024 * 1024),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(5)


def open_picture(path: Path, file_format: str) -> Image.Image:
    """The upright sRGB picture, fully decoded."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image: Image.Image = Image.open(path, formats=[file_format])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Unusable("The picture has more than 50 megapixels.") from None
    profile = image.info.get("icc_profile")
    # verify() would accept half a JPEG; only load() reads every pixel.
    image.load()
    if file_format in {"JPEG", "WEBP", "PNG"} and image.getexif().get(ORIENTATION, 1) != 1:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    return _plain_colours(image, profile)


def _plain_colours(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in {"RGB", "RGBA", "CMYK", "L"}:
        image = _to_srgb(image, profile)
    if image.mode in {"RGB", "RGBA"}:
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 257).convert("L")
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A broken profile is common and harmless: the numbers are taken as sRGB, as browsers do.
        return image
    return converted or image


def draw(image: Image.Image, folder: Path) -> str:
    """Write the renditions, each drawn from the one before, and return the placeholder as a data URI."""
    written: tuple[tuple[int, int], bytes] | None = None
    # Heights come from the original: rounded from step to step they would drift by a pixel, and the picture with them.
    shape = image.height / image.width
    for width in WIDTHS:
        image = _narrowed(image, width, shape)
        if written is None or written[0] != image.size:
            written = image.size, _webp(image, QUALITY)
        (folder / f"{width}.webp").write_bytes(written[1])
    tiny = _webp(_narrowed(image, PLACEHOLDER_WIDTH, shape), 50)
    return "data:image/webp;base64," + base64.b64encode(tiny).decode()


def _narrowed(image: Image.Image, width: int, shape: float) -> Image.Image:
    if image.width <= width:
        return image
    return image.resize((width, max(1, round(width * shape))), Image.Resampling.LANCZOS)


def _webp(image: Image.Image, quality: int) -> bytes:
    body = io.BytesIO()
    image.save(body, "WEBP", quality=quality, method=METHOD)
    return body.getvalue()


def develop(path: Path, file_format: str, folder: Path) -> dict[str, Any]:
    """Decode `path` and draw it into `folder`: width, height, duration, placeholder; or error, in words."""
    try:
        duration = 0.0
        if is_cut(path, file_format):
            raise Unusable("The file breaks off before its end.")
        if file_format in PICTURES:
            image = open_picture(path, file_format)
        else:
            from gallery.posters import poster_of

            image, duration = poster_of(path, file_format)
        size = {"width": image.width, "height": image.height, "duration": round(duration, 3)}
        return {**size, "placeholder": draw(image, folder)}
    except Unusable as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "Opening it would take too much memory."}
    except Exception as error:  # noqa: BLE001 - hostile bytes raise anything; the kind of trouble is enough
        return {"error": f"It can't be opened ({type(error).__name__})."}
