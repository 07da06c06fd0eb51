"""Decode a picture; runs in the worker process only.

Order: the header's size is checked, a JPEG is asked for a smaller version of itself, the pixels are decoded and brought
to 8 bits of RGB or RGBA, then reduced, turned, laid on white, brought to sRGB and written. All but the first steps work
on the reduced picture.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from support.decode.worker import Refused

DRAFT_SPARE, BOX_SPARE = 1.5, 2.0
"""Times the size wanted that a JPEG is decoded to, and any picture boxed down to, at the least, so that it stays sharp.
With 1.5 a photo of 12 million pixels is decoded at half its size."""
ORIENTATION = 0x0112
TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
         5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
         8: Image.Transpose.ROTATE_90}
"""What undoes each orientation of EXIF 2.32, tag 0x0112."""


def decode(data: bytes, kind: str, most_pixels: int, longest_side: int, quality: int) -> tuple[dict[str, Any], bytes]:
    """Return the size before and after, and the picture as a JPEG without metadata.

    Parameters
    ----------
    data : bytes
    kind : str
        PNG, JPEG, WEBP, BMP or HEIF; nothing else is tried.
    most_pixels : int
        Width times height that are decoded.
    longest_side : int
        Pixels; a smaller picture is not enlarged.
    quality : int
        Of the JPEG, 1 to 95.

    Raises
    ------
    Refused
        ``pixels``, with the size.
    Exception
        What the decoder raises at a broken file.
    """
    with _opened(data, kind) as image:
        width, height = image.size
        if width * height > most_pixels:
            raise Refused("pixels", width=width, height=height)
        turn = TURNS.get(_orientation(image))
        profile = image.info.get("icc_profile")
        size = _fitting(width, height, longest_side)
        image.draft(None, (round(size[0] * DRAFT_SPARE), round(size[1] * DRAFT_SPARE)))
        image.load()
        small = _eight_bits(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=BOX_SPARE)
    if turn is not None:
        small = small.transpose(turn)
        if turn in (TURNS[5], TURNS[6], TURNS[7], TURNS[8]):
            width, height = height, width
    out = BytesIO()
    flat = _on_white(_standard(small, profile))
    flat.save(out, "JPEG", quality=quality)
    return {"width": flat.width, "height": flat.height, "original_width": width, "original_height": height}, \
        out.getvalue()


def _opened(data: bytes, kind: str) -> Image.Image:
    """Return the picture with its header read and nothing decoded."""
    Image.MAX_IMAGE_PIXELS = None  # `most_pixels` is the limit, and says by how much
    if kind == "WEBP":
        from PIL import WebPImagePlugin  # noqa: F401 (else Pillow would import all formats it knows)
    if kind == "HEIF":
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return Image.open(BytesIO(data), formats=[kind])


def _orientation(image: Image.Image) -> int:
    """Return how the picture is stored, 1 where nothing readable says so; a broken note costs no picture."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _fitting(width: int, height: int, longest_side: int) -> tuple[int, int]:
    scale = min(1.0, longest_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture in L, RGB, RGBA or CMYK: what can be reduced without loss."""
    if image.mode.startswith("I"):  # 16 bits of grey: `convert` would cut at 255
        return image.point(lambda level: level * (1 / 257) + 0.5).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("L" if image.mode == "1" else "RGB")


def _standard(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in sRGB, with its alpha; a profile that cannot be used is left out."""
    if not profile:
        return image
    from PIL import ImageCms

    colours = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        brought = ImageCms.profileToProfile(colours, ImageCms.ImageCmsProfile(BytesIO(profile)),
                                            ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    if brought is None:
        return image
    if image.mode == "RGBA":
        brought.putalpha(image.getchannel("A"))
    return brought


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture as RGB on a fresh sheet, which carries nothing but pixels."""
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image.convert("RGB"), mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return sheet
