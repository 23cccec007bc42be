"""`sample` and `export`: what a run gives to take away."""

from collections.abc import Callable
from pathlib import Path

import click

from vae_core import datasets, learnt, runs
from vae_core.commands.figures import images_of, model_of
from vae_core.commands.outputs import check, write
from vae_core.commands.shell import Number, json_option, print_json, run_argument, say, show
from vae_core.export import ENDINGS as FILE_ENDINGS
from vae_core.export import FORMATS, drawing_to_folders
from vae_core.export import export as exported

ENDINGS = (".png", ".npz", ".zip")


@click.command()
@run_argument
@click.option("-n", "count", type=click.IntRange(1, 10_000), default=64, show_default=True, help="How many images.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="The start of all chance."
)
@click.option(
    "--temperature",
    type=Number(0, 10),
    default=1.0,
    show_default=True,
    help="Stretches the draw: below 1 more typical images, above 1 bolder ones.",
)
@click.option(
    "--prior",
    type=click.Choice(["normal", "fitted", "mixture"]),
    default="normal",
    show_default=True,
    help="Draw codes from N(0, I), or from a Gaussian or a mixture of them fitted to the codes of the training images.",
)
@click.option(
    "--components",
    type=click.IntRange(1, 200),
    default=10,
    show_default=True,
    help="How many Gaussians the mixture has.",
)
@click.option(
    "--class",
    "label",
    type=click.IntRange(0),
    metavar="CLASS",
    help="Which of the classes that it learnt a conditional VAE is asked for.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("sheet.png"),
    show_default=True,
    help="A sheet (.png), the arrays 'images' and 'z', with seed, temperature and prior (.npz), or a PNG for each "
    "image in a folder for torchvision's ImageFolder (.zip).",
)
@json_option
def sample(
    run_id: str,
    count: int,
    seed: int,
    temperature: float,
    prior: str,
    components: int,
    label: int | None,
    out: Path,
    as_json: bool,
) -> None:
    """Draw new images: random codes through the decoder. The same seed gives the same images.

    \b
    Examples:
      python -m vae_core sample RUN -n 64 --seed 0 --out sheet.png
      python -m vae_core sample RUN -n 1000 --temperature 0.8 --out drawn.npz
      python -m vae_core sample RUN --prior mixture --components 50

    JSON: run, files, n, seed, temperature, prior, components (null but for a mixture), class (null where it is open).
    """
    if out.suffix.lower() not in ENDINGS:
        raise click.BadParameter(f"'{out}' must end in {' or '.join(ENDINGS)}.", param_hint="--out")
    check(out)
    from vae_core import latent, priors
    from vae_core.drawing import draw

    run = runs.find(run_id)
    config = run.config
    learnt.check_class(config, label)
    model = model_of(run)
    source: priors.Prior | None = None
    if prior != "normal":
        train = images_of(config, None, "train", classes=config.data.classes)
        codes = priors.fitting_codes(latent.encode(model, train.subset(priors.evenly(len(train)))))
        source = priors.fitted_gaussian(codes) if prior == "fitted" else priors.fitted_mixture(codes, components)
    elif config.model.kind == "autoencoder":
        say("Note: nothing makes an autoencoder's codes follow N(0, I); --prior fitted draws where they do lie.")
    drawn = draw(model, count, seed, temperature, source, label)
    makers: dict[str, Callable[[], bytes]] = {
        ".png": drawn.png,
        ".npz": drawn.npz,
        ".zip": lambda: drawing_to_folders(drawn, datasets.source(config.data.name).class_names),
    }
    write(out, makers[out.suffix.lower()]())
    if as_json:
        how = {"n": count, "seed": seed, "temperature": temperature, "prior": prior}
        how |= {"components": components if prior == "mixture" else None, "class": label}
        print_json({"run": run.id, "files": [str(out)], **how})
    else:
        show(out)


@click.command()
@run_argument
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    required=True,
    help=" ".join(f"{name}: {text}" for name, text in FORMATS.items()),
)
@click.option("--out", type=click.Path(path_type=Path), help="Where to.  [default: RUN.FORMAT in this folder]")
@json_option
def export(run_id: str, kind: str, out: Path | None, as_json: bool) -> None:
    """Export a run, as one archive or as weights that other programs read.

    \b
    Examples:
      python -m vae_core export RUN --format zip
      python -m vae_core export RUN --format safetensors --out model.safetensors

    JSON: run, format, files; for onnx also max_difference, between ONNX Runtime and PyTorch.
    """
    run = runs.find(run_id)
    out = out or Path(f"{run.id}.{FILE_ENDINGS.get(kind, kind)}")
    check(out)
    more = {}
    if kind == "onnx":
        from vae_core.onnx_export import to_onnx

        both = to_onnx(run)
        write(out, both.to_zip(run))
        more = {"max_difference": both.difference}
    else:
        write(out, exported(run, kind))
    if as_json:
        print_json({"run": run.id, "format": kind, "files": [str(out)], **more})
    else:
        show(out)


@click.command("import")
@click.argument(
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A zip of a run, made by: export --format zip.",
)
@json_option
def import_archive(file: Path, as_json: bool) -> None:
    """Import a run that was exported with: export RUN --format zip

    \b
    Examples:
      python -m vae_core import RUN.zip

    JSON: run.
    """
    from vae_core.importing import import_run

    with file.open("rb") as opened:
        run = import_run(opened)
    if as_json:
        print_json({"run": run.id})
    else:
        show(run.id)
