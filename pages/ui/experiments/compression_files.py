"""Encoder and decoder used apart: pictures to a file of codes, and a file of codes to pictures."""

import streamlit as st

from pages.ui import cache
from pages.ui.boundary import guarded
from pages.ui.controls import download
from pages.ui.experiments.blocks import Found
from pages.ui.images import sheet
from pages.ui.quantities import file_size
from pages.ui.text import describe, plain, t, tn, written
from vae_core import files
from vae_core.errors import InputError
from vae_core.runs import Run

COUNTS = (10, 100, 1000, 10_000)
USUAL_BITS = 8
PREVIEW = 100  # pictures
MOST_KEPT = 256_000  # bytes of an upload that the session keeps across a page switch: codes of some 10,000 images
_KEPT = "kept_codes"


def show(run: Run, name: str, found: Found) -> None:
    """Both halves, side by side.

    Args:
        run: A finished run.
        name: The data set whose test pictures can be encoded.
        found: What the study `compression` found: the range of the codes.
    """
    st.subheader(t("Encoder and decoder, apart"))
    left, right = st.columns(2, gap="large")
    with left:
        _encoder(run, name, found)
    with right:
        _decoder(run)


@st.fragment
@guarded()
def _encoder(run: Run, name: str, found: Found) -> None:
    from vae_core import code_files, compression

    st.markdown(t("**Images to codes**: what the encoder sends."))
    data = cache.images(name, "test")
    chosen = st.pills(
        t("Classes"),
        range(len(data.class_names)),
        selection_mode="multi",
        format_func=lambda number: t(data.class_names[number]),
        key="codes_classes",
        help=t("None chosen: images of all classes."),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = st.selectbox(
            t("How many"), COUNTS, 1, format_func=lambda n: written(n, ","), key="codes_count", width=130
        )
        bits = st.slider(t("Bits per dimension"), 1, compression.MOST_BITS, USUAL_BITS, key="codes_bits", width=220)
    some = data.only(tuple(chosen) or None)
    some = some.subset(slice(most))
    scale = compression.Quantiser(found.arrays["low"], found.arrays["high"], bits)
    indices = scale.quantise(compression.encode(cache.model(run), some))
    content = code_files.to_bytes(code_files.CodeFile(indices, scale, some.image_shape, _weights(run)))
    packed = -(-indices.size * bits // 8)
    st.image(
        sheet(some.images[:PREVIEW], 10 if len(some) >= 10 else len(some)),
        width=360,
        alt=t("The images that are encoded"),
    )
    st.markdown(
        tn(
            "**{count:,}** test image: {pixels} of pixels become **{packed}** of codes ({beside} more in the file "
            "say how to read them).",
            "**{count:,}** test images: {pixels} of pixels become **{packed}** of codes ({beside} more in the file say how to "
            "read them).",
            "count",
            count=len(some),
            pixels=file_size(some.images.nbytes),
            packed=file_size(packed),
            beside=file_size(len(content) - packed),
        )
    )
    download(
        t("Download the codes"),
        content,
        f"{run.id}{code_files.SUFFIX}",
        "application/octet-stream",
        help=t("A safetensors file: the codes packed to their bits, and the range that those divide."),
    )


@st.fragment
@guarded()
def _decoder(run: Run) -> None:
    from vae_core import code_files, latent

    st.markdown(t("**Codes to images**: what the decoder makes of a file alone."))
    upload = st.file_uploader(
        t("A file of codes"),
        type=["safetensors"],
        key="codes_upload",
        max_upload_size=code_files.LARGEST >> 20,
        help=t("One that was downloaded here. The images themselves are not needed."),
        on_change=_forget,
    )
    if upload is not None:
        name, content = upload.name, upload.getvalue()
        if len(content) <= MOST_KEPT:
            st.session_state[_KEPT] = {"name": name, "content": content}
    elif _KEPT in st.session_state:
        name, content = st.session_state[_KEPT]["name"], st.session_state[_KEPT]["content"]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(t("“{name}”, which you uploaded, is kept until you close the page.", name=name)))
            st.button(t("Remove it"), icon=":material/close:", on_click=_forget, key="codes_remove")
    else:
        st.caption(t("Download codes on this page, then upload the file here."))
        return
    model = cache.model(run)
    try:
        received = code_files.from_bytes(content, model.latent_dim)
    except InputError as error:
        st.error(plain(describe(error)), icon=":material/error:")
        return
    if received.weights != _weights(run):
        st.warning(
            t("Another model made these codes: to this one they stand for other images, or none."),
            icon=":material/warning:",
        )
    pictures = latent.decode(model, received.codes)
    first = pictures[:PREVIEW]
    st.image(sheet(first, min(10, len(first))), width=360, alt=t("The images that the decoder made"))
    st.markdown(
        tn(
            "**{count:,}** image from {size}: {numbers}-D codes, bits per dimension: {bits}.",
            "**{count:,}** images from {size}: {numbers}-D codes, bits per dimension: {bits}.",
            "count",
            count=len(pictures),
            size=file_size(len(content)),
            bits=received.quantiser.bits,
            numbers=model.latent_dim,
        )
    )
    if len(pictures) > PREVIEW:
        st.caption(
            tn(
                "The first is shown; the sheet holds all.",
                "The first {count} are shown; the sheet holds all.",
                "count",
                count=PREVIEW,
            )
        )
    download(t("Download the images"), sheet(pictures, scale=1), f"{run.id}-decoded.png", "image/png")


def _forget() -> None:
    """Another file was chosen, or none any more."""
    st.session_state.pop(_KEPT, None)


def _weights(run: Run) -> str:
    """By which a file of codes knows its model."""
    return files.read_metadata(run.folder / "model.safetensors").get("crc32", "")
