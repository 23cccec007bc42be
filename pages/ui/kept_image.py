"""An image of the visitor's own, as small as a model sees it, kept while he is on another page or comes another way.

Streamlit forgets what a pad or an upload holds as soon as it is not shown. The session keeps a kilobyte of each.
"""

import base64
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from vae_core import handwriting
from vae_core.handwriting import Handwriting


@dataclass(frozen=True)
class KeptImage:
    """One image.

    Attributes:
        pixels: Prepared, white on black, uint8 with shape (C, H, W).
        name: Of its file; empty for a drawing.
        inverted: It was dark on light.
        sent: It came with a link.
        whole: No digit was found in the file, so it is all that it shows.
    """

    pixels: NDArray[np.uint8]
    name: str = ""
    inverted: bool = False
    sent: bool = False
    whole: bool = False

    def for_model(self, image_shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """As a model with images of that shape gets it."""
        if self.pixels.shape == image_shape:
            return self.pixels
        return handwriting.prepare(Handwriting(self.pixels[0]), image_shape)


def keep(way: str, image: KeptImage) -> None:
    """Keep an image, instead of the one before.

    Args:
        way: How it came, such as `upload`.
        image: The image.
    """
    content = base64.b64encode(image.pixels.tobytes()).decode()
    about = {"name": image.name, "inverted": image.inverted, "sent": image.sent, "whole": image.whole}
    st.session_state[_key(way)] = {"shape": image.pixels.shape, "pixels": content, **about}


def kept(way: str) -> KeptImage | None:
    """The image that came this way last."""
    found = st.session_state.get(_key(way))
    if found is None:
        return None
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(found["shape"])
    return KeptImage(pixels, found["name"], found["inverted"], found["sent"], found["whole"])


def forget(way: str) -> None:
    """Keep none any more."""
    st.session_state.pop(_key(way), None)


def _key(way: str) -> str:
    return f"kept_image_{way}"
