"""What stands behind a chart or a picture: in words, in formulas, and in Diabolo's own code. Imports no Streamlit.

`EXPLANATIONS` is the table; `pages.ui.about` shows a row of it. The code is read from the source itself, without
importing it, so that a page shows it before torch is loaded.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import dedent

from pages.ui.text import N_
from vae_core.environment import REPOSITORY


@dataclass(frozen=True)
class Explanation:
    """What stands behind something that a page shows.

    Attributes:
        text: What it is and how to read it, a paragraph each, for somebody who doesn't program.
        formulas: LaTeX, and in words what it says.
        code: The functions that compute it, as `source` takes them.
    """

    text: tuple[str, ...] = ()
    formulas: tuple[tuple[str, str], ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A piece of Diabolo's own code: where it stands and what it says."""

    place: str
    code: str


@cache
def source(name: str) -> Source:
    """The code of a function or method.

    Args:
        name: Module and name: `vae_core.models.distributions:DiagonalGaussian.sample`.
    """
    module, _, path = name.partition(":")
    file = REPOSITORY.joinpath(*module.split(".")).with_suffix(".py")
    if not file.exists():
        file = REPOSITORY.joinpath(*module.split("."), "__init__.py")
    text = file.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in path.split("."):
        node = next(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == part
        )
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    return Source(f"{file.relative_to(REPOSITORY).as_posix()}, {path}", dedent("\n".join(lines)))


MODEL = "vae_core.models.model"
DISTRIBUTIONS = "vae_core.models.distributions"
_SCORES = "vae_core.anomaly.pictures"
LOSS = (
    r"\begin{aligned} \mathcal{L}(x) =\;& \underbrace{-\,\mathbb{E}_{q(z \mid x)}\big[\log p(x \mid z)\big]}_{\text{reconstruction}} \\ "
    r"&+ \beta\, \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,\mathcal{N}(0, I)\big)}_{\text{KL}} \end{aligned}"
)
"""Two lines: a phone is narrow."""


EXPLANATIONS: Mapping[str, Explanation] = {
    "curves": Explanation(
        (
            N_(
                "Each point is the loss of one image, as a mean over many: what the reconstruction got wrong, plus β "
                "times what the code says (KL). It is counted in nats, a unit of surprise: 0.69 nats are one bit."
            ),
            N_(
                "The validation images are never learnt from. Where their curve turns upwards while the "
                "other goes on falling, the network begins to memorise single images (overfitting)."
            ),
        ),
        (
            (LOSS, N_("The loss of one image; an autoencoder has its first term alone.")),
            (
                r"\mathrm{KL} = \tfrac{1}{2} \sum_j \left( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \right)",
                N_("Between two normal distributions it needs no sampling. The sum goes over the latent dimensions."),
            ),
        ),
        (
            "vae_core.losses:reconstruction",
            f"{DISTRIBUTIONS}:DiagonalGaussian.kl_per_dimension",
            "vae_core.losses:weighted",
            "vae_core.trainer:Trainer._step",
        ),
    ),
    "results": Explanation(
        (
            N_(
                "Whether a figure is good is best judged beside another model: put this one beside a "
                "starter on the page Compare. A nat is a unit of surprise (0.69 nats are one bit): the "
                "fewer the model needs for an image, the better it knows what such images look like."
            ),
            N_(
                "The mean squared error compares each pixel with the reconstructed one, both between 0 "
                "(black) and 1 (white). To judge it, compare it with the error of always showing the mean "
                "image."
            ),
            N_(
                "The ELBO is a lower bound on log p(x), the (logarithm of the) probability that the model gives to a "
                "real image: higher is better. Only a VAE has one; an autoencoder says nothing about probabilities."
            ),
        ),
        (
            (r"\mathrm{MSE} = \tfrac{1}{n} \sum_i (x_i - \hat{x}_i)^2", N_("A mean over the n pixels.")),
            (
                r"\begin{aligned} \log p(x) &\ge \mathrm{ELBO}(x) = \mathbb{E}_{q(z \mid x)}\big[\log p(x \mid z)\big] \\ "
                r"&- \mathrm{KL}\big(q(z \mid x)\,\|\,\mathcal{N}(0, I)\big) \end{aligned}",
                N_("Hence the name: the evidence lower bound."),
            ),
        ),
        ("vae_core.metrics:mse", "vae_core.metrics:evaluate", "vae_core.metrics:active_units"),
    ),
    "samples": Explanation(
        (
            N_(
                "Why they are blurry: the decoder says for each pixel how probable ink is, and what you see are these "
                "probabilities. Where a code could mean several images, it shows their mean, and the mean of many sharp "
                "images is blurred. A longer code and a larger network leave less to be averaged; a smaller β lets the "
                "code say more, at the price that N(0, I) fits less well to what the codes really are."
            ),
            N_(
                "The encoder has no part in these images. A code is drawn at random, one value of the bell "
                "curve N(0, 1) for each latent dimension, and the decoder draws what it makes of them."
            ),
        ),
        (
            (
                r"z \sim \mathcal{N}(0, I), \qquad \hat{x} = \mathbb{E}\big[x \mid z\big]",
                N_("The image shown is the mean of p(x|z): for each pixel the probability of ink."),
            ),
        ),
        ("vae_core.drawing:draw", "vae_core.latent:sample_prior", f"{MODEL}:Model.decode"),
    ),
    "manifold": Explanation(
        (
            N_(
                "Each image is decoded from the point where it stands. The points are not equally far "
                "apart: they lie closer where N(0, I), or an autoencoder's own codes, are dense, so that "
                "every image stands for the same share of what can be drawn."
            ),
        ),
        (
            (
                r"z_{ij} = \big(\Phi^{-1}(u_i),\; \Phi^{-1}(u_j)\big)",
                N_(
                    "u goes in equal steps, and Φ⁻¹ is the inverse of the normal distribution (Kingma and Welling 2014)."
                ),
            ),
        ),
        ("vae_core.latent:manifold_grid", "vae_core.latent:quantile_grid", "vae_core.latent:decode"),
    ),
    "walk": Explanation(
        (
            N_(
                "Both ends have a code. The steps between them are codes as well, and each is decoded: if what lies "
                "between looks real too, the latent space has no gap there."
            ),
        ),
        (
            (r"z(s) = (1 - s)\, z_a + s\, z_b", N_("Linear: s goes from 0 to 1 in equal steps.")),
            (
                r"z(s) = \frac{\sin((1 - s)\,\theta)}{\sin \theta}\, z_a + \frac{\sin(s\,\theta)}{\sin \theta}\, z_b",
                N_("Spherical: θ is the angle between both codes (Shoemake 1985)."),
            ),
        ),
        ("vae_core.latent:interpolate", "vae_core.latent:decode"),
    ),
    "reconstructions": Explanation(
        (
            N_(
                "An image goes through the bottleneck and is drawn again. Bright places of the error map "
                "are where the code could not say enough: usually the edges of strokes, and whatever this "
                "writer did in his own way."
            ),
        ),
        (
            (
                r"\hat{x} = \mathbb{E}\big[x \mid z = \mu(x)\big], \qquad e_i = |x_i - \hat{x}_i|",
                N_(
                    "To look at, nothing is sampled: the code is the mean μ of the image's cloud; an "
                    "autoencoder's code is a point by itself."
                ),
            ),
        ),
        (f"{MODEL}:VAE.encode", f"{MODEL}:Model.decode", f"{_SCORES}:squared_error"),
    ),
    "scores": Explanation(
        (
            N_(
                "Each image gets a score of how anomalous it is to the model. A model learnt to "
                "reconstruct what it has seen; what it never saw is reconstructed wrong, and so has a high "
                "score."
            ),
            N_(
                "Shown apart for normal and anomalous ones: how many images have which score. A threshold "
                "cuts the axis in two; images scoring above it are flagged."
            ),
        ),
        (
            (
                r"s(x) = \frac{\lVert x - \hat{x} \rVert^2}{\lVert x \rVert}",
                N_("The score that is chosen at first. The other scores are in the table, with what they are."),
            ),
        ),
        (
            f"{_SCORES}:squared_error_over_norm",
            "vae_core.anomaly.scores:score",
            "vae_core.anomaly.thresholds:threshold",
            "vae_core.anomaly.detector:Detector.verdicts",
        ),
    ),
    "roc": Explanation(
        (
            N_(
                "Each point of the curve is a threshold. To the right: the false-positive rate, the share "
                "of normal images that are flagged by mistake. Upwards: the detection rate (recall), the "
                "share of anomalous images that are flagged. The area below is the AUROC."
            ),
        ),
        (
            (
                r"\mathrm{AUROC} = P\big(s(x_{\text{strange}}) > s(x_{\text{normal}})\big)",
                N_("The chance that an anomalous image scores higher than a normal one; equal scores count half."),
            ),
        ),
        ("vae_core.anomaly.judging:report", "vae_core.anomaly.judging:confusion"),
    ),
    "strangeness": Explanation(
        (
            N_(
                "Your image is scored exactly as on the page of anomalies, by the score and the threshold that are chosen "
                "there, and counted among normal validation images only. Nothing says that it is a bad digit."
            ),
            N_(
                "It is called nothing like what the model learnt where it is badly reconstructed and far from everything "
                "normal: its code, or its pixels, from those of the nearest normal images; or where it is much smoother or "
                "rougher than any of them. All limits come from the validation images."
            ),
        ),
        (
            (
                r"s(x) = \frac{\lVert x - \hat{x} \rVert^2}{\lVert x \rVert}",
                N_("The squared difference, divided by the norm of the image, so that thick strokes don't count."),
            ),
            (
                r"P\big(s(x) > s_{(k)}\big) = \frac{k}{n + 1} \le \alpha, \qquad k = \lfloor \alpha (n + 1) \rfloor",
                N_(
                    "The threshold is the k-th highest score of n normal validation images: on average it flags at most "
                    "the share α of new ones. The share at one such threshold follows Beta(k, n + 1 − k), wide where n is "
                    "small."
                ),
            ),
        ),
        (
            f"{_SCORES}:squared_error_over_norm",
            "vae_core.anomaly.detector:Detector.judge",
            "vae_core.anomaly.thresholds:threshold",
        ),
    ),
    "codes": Explanation(
        (
            N_(
                "The encoder gives each image a place: the mean μ of its cloud, or an autoencoder's point. "
                "Images that look alike to the model lie near each other. The colour is the class, which "
                "the model was never told (unless it is conditional)."
            ),
            N_(
                "Distances mean something where the axes are latent dimensions or principal components "
                "(PCA). t-SNE and UMAP keep neighbours together but bend everything else: there, neither "
                "distances nor sizes mean anything."
            ),
        ),
        (
            (
                r"q(z \mid x) = \mathcal{N}\big(\mu(x),\, \operatorname{diag}\, \sigma^2(x)\big)",
                N_("The point is μ(x), and an ellipse shows σ(x); an autoencoder's code is a point alone."),
            ),
        ),
        (f"{MODEL}:VAE.encode", "vae_core.latent:encode", "vae_core.latent:project"),
    ),
    "latent_map": Explanation(
        (
            N_(
                "The map is a flat piece of the latent space. A grid of its points is decoded once and "
                "sent to your browser; between two of them it interpolates, so nothing has to be asked "
                "while you move. A point that you keep is decoded exactly."
            ),
            N_(
                "Where there are no points, the decoder was never taught anything. A VAE still draws something sensible "
                "near 0; an autoencoder may draw anything."
            ),
        ),
        (
            (
                r"z(u, v) = z_0 + u\, a + v\, b, \qquad \hat{x} = \mathbb{E}\big[x \mid z(u, v)\big]",
                N_("z₀ is the code of the image through which the map goes, a and b are its two directions."),
            ),
        ),
        ("vae_core.atlas:draw", "vae_core.atlas:place", "vae_core.latent:decode"),
    ),
    "dimensions": Explanation(
        (
            N_(
                "A VAE pays for each dimension of its code. What a dimension costs, as a mean over the "
                "images, is what it says about them; one that costs nothing is inactive, and its bar is "
                "grey."
            ),
        ),
        (
            (
                r"\mathrm{KL}_j = \tfrac{1}{2}\big( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 \big)",
                N_("For latent dimension j, in nats."),
            ),
            (
                r"\operatorname{Var}_x\big[\mu_j(x)\big] > 0.01",
                N_("When a dimension is called active (Burda, Grosse and Salakhutdinov 2016)."),
            ),
        ),
        ("vae_core.metrics:kl_per_dimension", "vae_core.metrics:active_units"),
    ),
    "traversal": Explanation(
        (
            N_(
                "One latent dimension changes, all others stay as they are. What changes in the image is "
                "what this dimension stands for: often the slant, the thickness of the stroke, or the "
                "passage from one digit to another."
            ),
        ),
        (),
        ("vae_core.latent:traverse", "vae_core.latent:decode"),
    ),
    "posterior": Explanation(
        (
            N_(
                "The bar is the cloud that the encoder gives this one image: a mean and a width for each "
                "latent dimension. Narrow means that the dimension says something exact about it."
            ),
        ),
        (
            (
                r"q(z \mid x) = \mathcal{N}\big(\mu(x),\, \operatorname{diag}\, \sigma^2(x)\big)",
                N_("A normal distribution for each latent dimension."),
            ),
        ),
        (f"{MODEL}:VAE.encode", f"{DISTRIBUTIONS}:DiagonalGaussian.sample"),
    ),
    "step": Explanation(
        (
            N_(
                "These values come from one step of training that was made just now, on a copy of the "
                "model: the model itself stays as it is."
            ),
        ),
        (
            (
                r"\theta \leftarrow \theta - \eta\,\mathrm{Adam}(\nabla_\theta \mathcal{L})",
                N_("One step (Kingma and Ba 2015)."),
            ),
        ),
        ("vae_core.slow_motion:step_by_step", "vae_core.trainer:Trainer._step"),
    ),
    "comparison": Explanation(
        (
            N_(
                "All models see the same images, so their figures are compared image by image. The ± is the 95 % "
                "interval of a mean, by Student's t: of three draws it is 4.3 standard errors wide, of thousands of "
                "images 2. What chance alone gives more than once in twenty times is called no measurable difference, "
                "and where several models are compared at once, each difference must be the clearer (Holm)."
            ),
        ),
        (
            (
                r"\bar{d} = \tfrac{1}{n} \sum_i (a_i - b_i), \qquad \mathrm{SE} = \frac{s_d}{\sqrt{n}}",
                N_("The mean difference of two models over the same n images, and its standard error."),
            ),
        ),
        (
            "vae_core.comparison:measure",
            "vae_core.significance:paired",
            "vae_core.significance:independent",
            "vae_core.significance:holm",
        ),
    ),
    "frechet": Explanation(
        (
            N_(
                "A classifier of digits turns each image into 64 features. Real and drawn images then are "
                "two clouds in 64 dimensions, and the distance says how far their middles and their shapes "
                "are apart. The figure depends on the number of images and on the classifier: compare only "
                "like with like."
            ),
        ),
        (
            (
                r"d^2 = \lVert m_1 - m_2 \rVert^2 + \operatorname{tr}\big(C_1 + C_2 - 2\,(C_1 C_2)^{1/2}\big)",
                N_("m and C are a cloud's mean and covariance (Heusel et al. 2017)."),
            ),
        ),
        ("vae_core.quality:frechet_distance", "vae_core.quality:sample_quality"),
    ),
    "sweep": Explanation(
        (
            N_(
                "Each point is a whole training of its own, which differs from this run in nothing but the "
                "settings on the axes. They are judged on validation images: the test images must not have "
                "a say in which settings are chosen."
            ),
        ),
        (),
        ("vae_core.sweeps:family", "vae_core.trainer:Trainer.validate"),
    ),
    "pca": Explanation(
        (
            N_(
                "PCA is the best linear code: it keeps the directions in which images differ most. How "
                "many of them it needs to be as good as this model says what the network's nonlinearity is "
                "worth."
            ),
        ),
        (
            (
                r"\hat{x} = \bar{x} + \sum_{j=1}^{k} \big(v_j^\top (x - \bar{x})\big)\, v_j",
                N_("v are the eigenvectors of the covariance of the training images, the largest first."),
            ),
        ),
        (
            "vae_core.compression:fit_pca",
            "vae_core.compression:pca_errors",
            "vae_core.compression:equivalent_dimensions",
        ),
    ),
    "bits": Explanation(
        (
            N_(
                "A latent dimension is only worth the bits that it is stored in. Here each value is "
                "rounded to a grid, and the image is decoded from the rounded code."
            ),
        ),
        (
            (
                r"\text{bits} = -\sum_j \log_2 \hat{p}_j(\text{step}_j)",
                N_("Entropy-coded: what a value costs follows from how frequent it was among the training images."),
            ),
        ),
        ("vae_core.compression:rate_distortion", "vae_core.compression:entropy_coded_bits"),
    ),
    "rare_class": Explanation(
        (
            N_(
                "The rare class is oversampled by each method, a small classifier is trained anew on the "
                "result, and is judged on real images that nobody has touched. F1 is high only where it "
                "both finds the rare class and rarely takes others for it."
            ),
        ),
        (
            (
                r"F_1 = \frac{2\,\mathrm{TP}}{2\,\mathrm{TP} + \mathrm{FP} + \mathrm{FN}}",
                N_("Of the rare class: detected (TP), false alarms (FP), missed (FN)."),
            ),
        ),
        ("vae_core.oversampling:make", "vae_core.rare_class:train_classifier", "vae_core.rare_class:judge"),
    ),
    "ways": Explanation(
        (
            N_(
                "Halfway between two digits a good model draws a digit, or something between two digits, and never fog. "
                "The classifier's confidence and the distance to the nearest real image say which."
            ),
        ),
        (),
        ("vae_core.paths:between", "vae_core.latent:interpolate"),
    ),
    "variance": Explanation(
        (
            N_(
                "One might hope that a VAE is unsure, with a wide cloud, of what it never saw. Nothing in its training "
                "asks for that, so it is measured here and not believed."
            ),
        ),
        ((r"\bar{\sigma}^2(x) = \tfrac{1}{D} \sum_j \sigma_j^2(x)", N_("The mean width of an image's cloud.")),),
        ("vae_core.uncertainty:uncertainty", f"{_SCORES}:posterior_variance"),
    ),
    "coach_curves": Explanation(
        (
            N_(
                "The coach reads the curves: by how much the loss jumps up, how much it still falls at the end, and how "
                "far the loss on validation images has turned away from the one on those that are learnt."
            ),
        ),
        (
            (
                r"\frac{L_{\text{end}} - \min L}{L_{\text{start}} - \min L}",
                N_(
                    "Whatever a curve does is measured against its own fall since the first batch, so that neither the "
                    "zero nor the unit of the loss counts."
                ),
            ),
        ),
        ("vae_core.diagnosis:rate_high", "vae_core.diagnosis:_rate_low", "vae_core.diagnosis:_overfitting"),
    ),
    "coach_model": Explanation(
        (N_("The coach looks at the model itself, with images that it did not learn from."),),
        (),
        ("vae_core.diagnosis:_collapse", "vae_core.diagnosis:_dead_units", "vae_core.diagnosis:_holes"),
    ),
    "film": Explanation(
        (
            N_(
                "After each epoch the training keeps what its model makes of the same images and of the same random "
                "codes, and where it places the same test images. Nothing is computed anew here."
            ),
        ),
        (),
        ("vae_core.trainer:Trainer.snapshot", "vae_core.film:film"),
    ),
}
"""The rows by name."""
