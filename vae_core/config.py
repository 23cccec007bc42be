"""The settings of a run: validated, documented, and the same in Python, on the command line, on a page and in a file.

What a setting is (`Part`, a field's range and choices) is in `settings.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from vae_core.errors import N_, InputError, Named
from vae_core.reasons import reason
from vae_core.settings import Part, fields, unknown


class DataConfig(Part):
    """What the model learns from."""

    name: str = Field(
        "digits",
        title=N_("Data set"),
        description=N_("The images to learn from. 'digits' is bundled: it needs no network."),
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
    )
    classes: tuple[Annotated[int, Field(ge=0, le=999)], ...] | None = Field(
        None,
        title=N_("Only these classes"),
        description=N_(
            "Learn from some classes only. The model then knows what is normal, and everything else should "
            "be anomalous to it."
        ),
        min_length=1,
        max_length=1000,
    )
    validation: float = Field(
        0.1,
        title=N_("Validation share"),
        description=N_(
            "The part of the training images on which the model is validated: whether it also works on "
            "images it did not learn from."
        ),
        ge=0.01,
        le=0.5,
    )
    leave_out_digits_test: bool = Field(
        False,
        title=N_("Leave out the test images of 'digits'"),
        description=N_(
            "Only for MNIST: train without the 1,000 images on which 'digits' is tested, so that a model trained on MNIST can be shown on them honestly."
        ),
    )

    rare_class: int | None = Field(
        None,
        title=N_("Rare class"),
        description=N_("A class of which only a share of the training images is kept, as if it were rare."),
        ge=0,
        le=999,
    )
    rare_share: float = Field(
        0.01,
        title=N_("Share that is kept"),
        description=N_("Which part of the rare class's training images is kept. 0.01 is one image in a hundred."),
        ge=0.001,
        le=1.0,
    )
    pixels: Literal["grey", "binarised"] = Field(
        "grey",
        title=N_("Pixels"),
        description=N_(
            "Grey as they are, or black and white: each pixel is drawn anew whenever an image is looked at, white with the probability of its grey. Papers give their figures for black and white."
        ),
    )

    @field_validator("classes")
    @classmethod
    def _sorted_once(cls, classes: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if classes is None else tuple(sorted(set(classes)))


DEFAULT_HIDDEN: dict[str, tuple[int, ...]] = {"dense": (256, 128), "conv": (32, 64)}
"""Hidden widths that suit each network."""


class ModelConfig(Part):
    """An encoder, a code of `latent_dim` numbers, and a decoder."""

    kind: Literal["autoencoder", "vae", "conditional-vae"] = Field(
        "vae",
        title=N_("Model"),
        description=N_(
            "An autoencoder turns each image into one code. A variational autoencoder (VAE) turns it into a small cloud of codes, which lets you draw new images. A conditional VAE is also told the class, so that you can ask for one."
        ),
    )
    network: Literal["dense", "conv"] = Field(
        "dense",
        title=N_("Network"),
        description=N_(
            "Dense layers look at all pixels at once and are fast. Convolutional layers look at neighbouring pixels first and suit images better."
        ),
    )
    latent_dim: int = Field(
        2,
        title=N_("Latent dimensions"),
        description=N_(
            "How many dimensions the latent space has: the numbers that a code consists of. With 2 you can "
            "look at the whole latent space; with more the images get sharper."
        ),
        ge=1,
        le=256,
    )
    hidden: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = Field(
        DEFAULT_HIDDEN["dense"],
        title=N_("Hidden widths"),
        description=N_(
            "The width of each layer between image and code (for the convolutional network: its channels). The decoder has the same in reverse."
        ),
        min_length=1,
        max_length=6,
    )
    decoder_hidden: tuple[Annotated[int, Field(ge=1, le=2048)], ...] | None = Field(
        None,
        title=N_("Decoder's widths"),
        description=N_(
            "The widths of the decoder's layers, from the code to the image. Empty: the encoder's in reverse."
        ),
        min_length=1,
        max_length=6,
    )
    residual: bool = Field(
        False,
        title=N_("Residual blocks"),
        description=N_(
            "A layer as wide as the one before it adds to what came in instead of replacing it. The convolutional network gets such a layer after each halving. Deep networks learn faster with it."
        ),
    )
    kernel: int = Field(
        3,
        title=N_("Kernel"),
        description=N_("Only for the convolutional network: how many pixels wide each of its windows is."),
        ge=3,
        le=7,
    )
    activation: Literal["relu", "gelu", "silu", "tanh"] = Field(
        "silu",
        title=N_("Activation"),
        description=N_(
            "The nonlinearity after each layer. Without one, all layers together could only do what a single one can."
        ),
    )
    likelihood: Literal["bernoulli", "gaussian"] = Field(
        "bernoulli",
        title=N_("Likelihood"),
        description=N_(
            "How a difference between image and reconstruction is counted: cross-entropy (Bernoulli) or squared error (Gaussian)."
        ),
    )
    sigma: float = Field(
        0.25,
        title=N_("Pixel sigma"),
        description=N_(
            "Only for the Gaussian likelihood: the standard deviation of a pixel around its reconstruction. Smaller means that the reconstruction counts more against the KL."
        ),
        ge=0.01,
        le=1.0,
    )

    @model_validator(mode="before")
    @classmethod
    def _hidden_for_the_network(cls, values: Any) -> Any:
        if isinstance(values, dict) and "hidden" not in values and values.get("network") == "conv":
            return values | {"hidden": DEFAULT_HIDDEN["conv"]}
        return values


class LossConfig(Part):
    """How reconstruction and KL are weighed."""

    beta: float = Field(
        1.0,
        title=N_("Beta"),
        description=N_(
            "The weight of the KL term. 1 is the VAE itself; more gives a tidier latent space and blurrier images; 0 leaves only the reconstruction. An autoencoder has no KL, so nothing changes there."
        ),
        ge=0.0,
        le=1000.0,
    )
    reconstruction: float = Field(
        1.0,
        title=N_("Weight of the reconstruction"),
        description=N_("1 is the VAE itself. 0 leaves only the KL: the model then learns nothing about the images."),
        ge=0.0,
        le=1.0,
    )
    kl_warmup: float = Field(
        0.0,
        title=N_("KL warm-up"),
        description=N_(
            "Over this first part of the training the weight of the KL grows from 0 to beta, so that the model first learns what images look like."
        ),
        ge=0.0,
        le=1.0,
    )
    free_bits: float = Field(
        0.0,
        title=N_("Free bits"),
        description=N_(
            "The KL of each latent dimension counts only above so many nats, which keeps dimensions from dying."
        ),
        ge=0.0,
        le=10.0,
    )
    samples: int = Field(
        1,
        title=N_("Importance samples"),
        description=N_(
            "How many codes are drawn for each image. More than 1 trains an importance weighted autoencoder (IWAE), whose bound on the likelihood is tighter."
        ),
        ge=1,
        le=100,
    )


class TrainingConfig(Part):
    """How long and how fast it learns."""

    epochs: int = Field(
        30,
        title=N_("Epochs"),
        description=N_("How many times the model sees every training image."),
        ge=1,
        le=10_000,
    )
    batch_size: int = Field(
        64,
        title=N_("Batch size"),
        description=N_("How many images it looks at before each small correction of its weights."),
        ge=1,
        le=4096,
    )
    learning_rate: float = Field(
        2e-3,
        title=N_("Learning rate"),
        description=N_("How large each correction is. Too small is slow; too large makes the loss jump or explode."),
        ge=1e-6,
        le=1.0,
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant",
        title=N_("Schedule"),
        description=N_(
            "Whether the learning rate stays, or falls to zero along a cosine: large corrections first, fine ones at the end."
        ),
    )
    warmup: float = Field(
        0.0,
        title=N_("Rate warm-up"),
        description=N_("Over this first part of the training the learning rate grows from 0 to its value."),
        ge=0.0,
        le=0.5,
    )
    weight_decay: float = Field(
        0.0,
        title=N_("Weight decay"),
        description=N_("How strongly weights are drawn to zero at each correction (AdamW). 0 is Adam."),
        ge=0.0,
        le=1.0,
    )
    noise: float = Field(
        0.0,
        title=N_("Noise"),
        description=N_(
            "Noise of this size is added to each image that goes in, while the clean one must come out: a denoising autoencoder. Pixels lie between 0 and 1."
        ),
        ge=0.0,
        le=2.0,
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        title=N_("Precision"),
        description=N_(
            "With how many digits layers compute. bfloat16 keeps three, which some processors do twice as fast; weights and loss stay float32."
        ),
    )
    seed: int = Field(
        0,
        title=N_("Seed"),
        description=N_("The start of all chance. The same seed with the same settings gives exactly the same model."),
        ge=0,
        le=2**32 - 1,
    )
    threads: int | None = Field(
        None,
        title=N_("Threads"),
        description=N_(
            "How many processor cores it computes on. Empty means: half of those there are; more than there are: all of them. Fixed when the run is made, because the last bits of the weights depend on it."
        ),
        ge=1,
        le=64,
    )


class RunConfig(Part):
    """Everything that decides a run, as it stands in its `config.json`.

    The defaults were chosen on the validation split of `digits` at one thread: loss 150.7 nats after 30 epochs and 6
    CPU-seconds, where a single layer of 400 ReLUs at rate 1e-3 and batch 128 reached 167.4 in 8.5.
    """

    version: Literal[1] = Field(1, alias="schema", title=N_("Schema"), description=N_("The version of this format."))
    name: str = Field(
        "",
        title=N_("Name"),
        description=N_("What you call this run. Left empty, it is named after its settings."),
        max_length=80,
    )
    recipe: str | None = Field(
        None,
        title=N_("Recipe"),
        description=N_("The recipe that these settings began with."),
        max_length=64,
    )
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        config = super().from_dict(values)
        _check_together(config)
        return config

    @classmethod
    def from_json(cls, text: str) -> Self:
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(
                N_("These settings are not valid JSON ({reason}). Correct the file, or make the run anew."),
                reason=reason(error),
            ) from error
        if not isinstance(values, dict):
            raise InputError(N_("Settings must be a JSON object with keys such as 'model' and 'training'."))
        return cls.from_dict(values)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def replace(self, **changes: Any) -> Self:
        """A copy with some settings changed, by their dotted names with `__` for the dot: `replace(model__latent_dim=8)`.

        Raises:
            InputError: As `from_dict`.
        """
        return self.with_values({key.replace("__", "."): value for key, value in changes.items()})

    def with_values(self, changes: Mapping[str, Any]) -> Self:
        """A copy with some settings changed, by their dotted names: `with_values({"model.latent_dim": 8})`.

        Another network takes its own default widths, unless the widths were chosen.

        Raises:
            InputError: As `from_dict`; an unknown name is one.
        """
        values = self.to_dict()
        if "model.network" in changes and self.model.hidden == DEFAULT_HIDDEN[self.model.network]:
            del values["model"]["hidden"]
        for path, value in changes.items():
            field(path)
            *parts, last = path.split(".")
            target = values
            for part in parts:
                target = target[part]
            target["schema" if last == "version" else last] = value
        return type(self).from_dict(values)

    def get(self, path: str) -> Any:
        """The value of one setting by its dotted name, such as `model.latent_dim`."""
        field(path)
        value: Any = self
        for part in path.split("."):
            value = getattr(value, part)
        return value


def field(path: str) -> FieldInfo:
    """One setting's title, help, default and range.

    Raises:
        InputError: There is no setting of that name.
    """
    known = fields(RunConfig)
    if path not in known:
        raise unknown(path, known)
    return known[path]


def named(path: str) -> Named:
    """A setting in a message: by its dotted name in a command, by its title on a page."""
    return Named(path, field(path).title or path)


def _check_together(config: RunConfig) -> None:
    """Settings that are allowed one by one, but not together.

    Raises:
        InputError: There are such.
    """
    model, loss = config.model, config.loss
    if loss.samples == 1:
        return
    if model.kind == "autoencoder":
        raise InputError(
            N_(
                "'{setting}' is {samples}, but an autoencoder's code is a point: there is nothing to draw. Choose 1, or a VAE."
            ),
            setting=named("loss.samples"),
            samples=loss.samples,
        )
    if (loss.beta, loss.reconstruction, loss.kl_warmup, loss.free_bits) != (1, 1, 0, 0):
        raise InputError(
            N_(
                "'{setting}' is {samples}: the importance weighted bound has no terms to weigh. Choose 1, or set beta and the reconstruction's weight to 1, KL warm-up and free bits to 0."
            ),
            setting=named("loss.samples"),
            samples=loss.samples,
        )
