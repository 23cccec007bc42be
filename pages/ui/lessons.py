"""The words, the formulas and the code of the page How it works. Imports no Streamlit and no torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from pages.ui.explanations import DISTRIBUTIONS, LOSS, MODEL, Explanation
from pages.ui.text import N_


@dataclass(frozen=True)
class Lesson:
    """A part of the story.

    Attributes:
        title: Its heading.
        text: What it says, a paragraph each, before the live picture.
        behind: What stands behind it: what it says after the live picture, its formulas, and its code.
    """

    title: str
    text: tuple[str, ...]
    behind: Explanation


LESSONS: Mapping[str, Lesson] = {
    "hourglass": Lesson(
        N_("The hourglass"),
        (
            N_(
                "Imagine describing a handwritten digit to a friend on the telephone, in just a few numbers, so that "
                "your friend can draw it again. You would have to agree on what matters: which digit it is, how slanted, "
                "how bold. Nobody tells the network what matters. It finds out."
            ),
            N_(
                "It has two halves. The **encoder** reads the image and says a few numbers: the **code**, "
                "a point of the **latent space**. The **decoder** hears only the code, and draws. Because "
                "the middle is so narrow, copying is impossible: to draw well, both halves have to learn "
                "what digits look like."
            ),
        ),
        Explanation(
            (
                N_(
                    "A reconstruction is blurry where the code is too short to say more. Training means "
                    "showing the network thousands of images, and after each handful changing its weights "
                    "a little so that the reconstructions are less wrong."
                ),
            ),
            (
                (
                    r"x \;\longrightarrow\; \text{encoder} \;\longrightarrow\; z \;\longrightarrow\; \text{decoder} \;\longrightarrow\; \hat{x}",
                    N_("An image x becomes a code z, and the code becomes an image again."),
                ),
            ),
            (f"{MODEL}:VAE.encode", f"{MODEL}:Model.decode", "vae_core.models.networks:dense_encoder"),
        ),
    ),
    "code": Lesson(
        N_("The code is a small cloud"),
        (
            N_(
                "A plain autoencoder says one point: “this image is at (1.2, −0.4)”. A **variational** "
                "autoencoder, or VAE, is more modest. It says “about here, give or take this much”: for "
                "every latent dimension a mean **μ** and a spread **σ**."
            ),
        ),
        Explanation(
            (
                N_(
                    "The grey band is where the codes of all images together should lie, most of the time, "
                    "in each latent dimension. A spread much narrower than the band means: this dimension "
                    "says something exact about this image. A spread as wide as the band means: this "
                    "dimension says nothing about it."
                ),
            ),
            (
                (
                    r"q(z \mid x) = \mathcal{N}\big(\mu(x),\, \operatorname{diag}\, \sigma^2(x)\big)",
                    N_(
                        "The encoder's answer is a normal distribution for each latent dimension. It puts "
                        "out log σ², which may be any number, so that σ is always positive."
                    ),
                ),
            ),
            (f"{MODEL}:VAE.encode", f"{DISTRIBUTIONS}:DiagonalGaussian.sigma"),
        ),
    ),
    "sampling": Lesson(
        N_("A draw from the cloud"),
        (
            N_(
                "While it learns, the decoder never sees μ itself, but a point **z** drawn at random from the cloud. So "
                "it must draw a good image for *every* point in there. That is what makes the space between two "
                "images meaningful: neighbours get neighbouring points, and nothing in between is left empty."
            ),
        ),
        Explanation(
            (
                N_(
                    "The draw is written in a clever way: chance comes in as a number ε of its own, and μ and σ only stretch "
                    "and shift it. So the network can work out in which direction μ and σ should have been different. When "
                    "you look at a finished model, on the other pages, no draw is made: μ is used."
                ),
            ),
            (
                (
                    r"z = \mu + \sigma \odot \varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, I)",
                    N_(
                        "The reparameterisation trick (Kingma and Welling 2014): z depends smoothly on μ and σ, so gradients reach both."
                    ),
                ),
            ),
            (f"{DISTRIBUTIONS}:DiagonalGaussian.sample",),
        ),
    ),
    "loss": Lesson(
        N_("What the loss penalises"),
        (
            N_(
                "Two things, added up. **Reconstruction**: how surprised would the decoder be to see the real image, "
                "after drawing its own? And **KL**: how far is the cloud from the one that everybody shares, a round "
                "cloud of width 1 around 0? The first wants exact codes, the second wants modest ones. Learning is the "
                "quarrel between them."
            ),
            N_("For the very image and the very draw above:"),
        ),
        Explanation(
            (
                N_(
                    "Both are counted in **nats**, a unit of surprise: 0.69 nats are one bit. The weight β decides who is "
                    "heard more. With β = 1 the sum is −ELBO, a limit on how improbable the image is to the model. A "
                    "larger β gives tidier clouds and blurrier images; β = 0 leaves only the reconstruction. And if the KL "
                    "falls to nearly 0, the code says nothing any more: the model has collapsed."
                ),
            ),
            (
                (
                    LOSS,
                    N_(
                        "The loss of one image. Training takes the mean over a batch, with one draw of z for each image."
                    ),
                ),
                (
                    r"\mathrm{KL} = \tfrac{1}{2} \sum_j \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right)",
                    N_(
                        "Between two normal distributions it needs no sampling. The sum goes over the "
                        "latent dimensions."
                    ),
                ),
                (
                    r"\log p(x) \;\ge\; \mathrm{ELBO}(x) = -\mathcal{L}(x) \quad \text{for } \beta = 1",
                    N_("Hence the name: the evidence lower bound."),
                ),
            ),
            (
                f"{DISTRIBUTIONS}:Bernoulli.nll",
                f"{DISTRIBUTIONS}:DiagonalGaussian.kl_per_dimension",
                "vae_core.losses:weighted",
            ),
        ),
    ),
    "new": Lesson(
        N_("Digits that nobody wrote"),
        (
            N_(
                "Since all the clouds together were held near one round cloud, you can now leave the encoder out. Draw a "
                "point from the round cloud, give it to the decoder, and look:"
            ),
        ),
        Explanation(
            (
                N_(
                    "A plain autoencoder can't do this as well. Nothing ever told it where to put its points, so a point "
                    "drawn from the round cloud may fall into a gap that its decoder has never seen."
                ),
            ),
            (
                (
                    r"z \sim \mathcal{N}(0, I), \qquad \hat{x} = \mathbb{E}\big[x \mid z\big]",
                    N_("The image shown is the mean of p(x|z): for each pixel the probability of ink."),
                ),
            ),
            ("vae_core.latent:sample_prior", f"{MODEL}:Model.decode"),
        ),
    ),
}
"""The lessons by name, in order."""
