"""Figures against independent computations: closed forms, scikit-image, Monte Carlo."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Generator, nn

from vae_core.config import ModelConfig
from vae_core.datasets import ImageData, load
from vae_core.errors import InputError, WorkError
from vae_core.metrics import (
    BATCH,
    active_units,
    batches,
    binarise,
    evaluate,
    iwae_nll,
    kl_per_dimension,
    mse,
    mse_of_mean_image,
    psnr,
    ssim,
)
from vae_core.models import VAE, DiagonalGaussian, Gaussian, Likelihood, Model, build

KEYS = {
    "images", "pixels", "recon", "kl", "elbo", "nll_iwae", "iwae_k",
    "mse", "psnr", "ssim", "active_units", "mse_mean_image",
}  # fmt: skip


class LinearGaussian(VAE):
    """p(z) = N(0, I), p(x|z) = N(Wz + b, sigma^2 I), so p(x) = N(b, WW' + sigma^2 I): the likelihood is known.

    Its posterior is the exact one, its covariance widened by `widened`.
    """

    def __init__(self, shape: tuple[int, int, int] = (1, 4, 4), widened: float = 1.0) -> None:
        super().__init__(ModelConfig(latent_dim=2, hidden=(1,), likelihood="gaussian", sigma=0.5), shape)
        pixels, sigma = math.prod(shape), self.config.sigma
        chance = np.random.default_rng(0)
        w, b = chance.normal(0, 0.3, (pixels, 2)), chance.uniform(0.2, 0.8, pixels)
        # Columns at right angles make the exact posterior's covariance diagonal.
        w[:, 1] -= w[:, 0] * (w[:, 0] @ w[:, 1]) / (w[:, 0] @ w[:, 0])
        variance = 1 / (1 + (w**2).sum(0) / sigma**2)
        self.exact = (b, w @ w.T + sigma**2 * np.eye(pixels))
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 4))
        self.decoder = nn.Sequential(nn.Linear(2, pixels), nn.Unflatten(1, shape))
        to_mu = (variance / sigma**2)[:, None] * w.T
        logvar = np.log(variance * widened)
        with torch.no_grad():
            self.encoder[1].weight.copy_(torch.from_numpy(np.vstack([to_mu, np.zeros_like(to_mu)])))
            self.encoder[1].bias.copy_(torch.from_numpy(np.concatenate([-to_mu @ b, logvar])))
            self.decoder[0].weight.copy_(torch.from_numpy(w))
            self.decoder[0].bias.copy_(torch.from_numpy(b))

    def decode(self, z: torch.Tensor, y: torch.Tensor | None = None) -> Likelihood:
        return Gaussian(self.decoder(z), self.config.sigma)  # without the sigmoid, which would bend it

    def exact_nll(self, x: torch.Tensor) -> np.ndarray:
        mean, covariance = self.exact
        difference = x.flatten(1).double().numpy() - mean
        squared = np.einsum("ni,ij,nj->n", difference, np.linalg.inv(covariance), difference)
        return 0.5 * (squared + np.linalg.slogdet(2 * math.pi * covariance)[1])


def images(count: int, shape: tuple[int, int, int] = (1, 28, 28), seed: int = 0) -> ImageData:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
    return ImageData("digits", "test", pixels, np.arange(count) % 10, tuple("0123456789"), "", "")


def vae(latent_dim: int = 4, **settings: object) -> Model:
    return build(ModelConfig(latent_dim=latent_dim, hidden=(32,), **settings), (1, 28, 28))


@pytest.mark.parametrize("pixels", ["grey", "binarised"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("network", ["dense", "conv"])
def test_a_vae_has_every_figure(network, likelihood, pixels):
    model = build(ModelConfig(latent_dim=3, hidden=(8, 16), network=network, likelihood=likelihood), (1, 16, 16))
    found = evaluate(model, images(30, (1, 16, 16)), pixels=pixels, iwae=3)
    assert set(found) == KEYS
    assert found["images"] == 30 and found["pixels"] == pixels and found["iwae_k"] == 3
    assert found["elbo"] == pytest.approx(-(found["recon"] + found["kl"]))
    assert all(math.isfinite(value) for key, value in found.items() if key != "pixels")


def test_an_autoencoder_has_no_likelihood():
    model = vae(kind="autoencoder")
    found = evaluate(model, images(20), iwae=5)
    assert set(found) == KEYS
    assert {key for key in KEYS if found[key] is None} == {"kl", "elbo", "nll_iwae", "iwae_k", "active_units"}
    x, _ = next(batches(model, images(20)))
    with torch.no_grad():
        at_code = model.decode(model.encode(x).mu).nll(x).mean().item()
    assert found["recon"] == pytest.approx(at_code, rel=1e-6)


def test_without_iwae_there_is_no_such_figure_and_the_elbo_is_the_same():
    model, data = vae(), images(20)
    without, with_it = evaluate(model, data), evaluate(model, data, iwae=4)
    assert without["nll_iwae"] is None and without["iwae_k"] is None
    assert with_it["nll_iwae"] is not None and with_it["elbo"] == without["elbo"]


def test_the_seed_decides_the_draws():
    model, data = vae(), images(20)
    assert evaluate(model, data, iwae=2) == evaluate(model, data, iwae=2)
    assert evaluate(model, data)["recon"] != evaluate(model, data, seed=1)["recon"]


def test_closed_form_kl_is_monte_carlos():
    posterior = DiagonalGaussian(torch.tensor([[0.5, -1.0]]), torch.tensor([[-1.0, 0.3]]))
    normal = torch.distributions.Normal
    z = normal(posterior.mu, posterior.sigma).sample((200_000,))
    log_ratio = normal(posterior.mu, posterior.sigma).log_prob(z) - normal(0.0, 1.0).log_prob(z)
    assert posterior.kl().item() == pytest.approx(log_ratio.sum(-1).mean().item(), abs=0.02)


def test_kl_per_dimension_sums_to_the_kl():
    model, data = vae(), images(BATCH + 7)
    each = kl_per_dimension(model, data)
    assert each.shape == (4,)
    assert each.sum() == pytest.approx(evaluate(model, data)["kl"], rel=1e-6)
    assert kl_per_dimension(vae(kind="autoencoder"), data) is None


def test_iwae_of_the_exact_posterior_is_the_likelihood_with_one_sample():
    model, x = LinearGaussian(), torch.rand(50, 1, 4, 4)
    found = iwae_nll(model, x, 1, Generator().manual_seed(0))
    np.testing.assert_allclose(found.numpy(), model.exact_nll(x), rtol=1e-4)


def test_iwae_tightens_from_the_elbo_to_the_likelihood():
    model, x = LinearGaussian(widened=3.0), torch.rand(400, 1, 4, 4)
    exact = model.exact_nll(x).mean()
    one, ten, thousand = (iwae_nll(model, x, k, Generator().manual_seed(k)).mean().item() for k in (1, 10, 1000))
    assert one > ten + 0.1 > thousand
    assert thousand == pytest.approx(exact, abs=0.02)


def test_iwae_of_one_sample_is_the_elbo_in_expectation():
    model, data = LinearGaussian((1, 4, 4), widened=2.0), images(2000, (1, 4, 4))
    found = evaluate(model, data, iwae=1)
    assert found["nll_iwae"] == pytest.approx(-found["elbo"], abs=0.1)


def test_pictures_against_scikit_image():
    chance = np.random.default_rng(1)
    for shape in ((1, 28, 28), (1, 16, 16), (3, 20, 31), (1, 5, 6)):
        x = chance.random((6, *shape), np.float32)
        picture = np.clip(x + chance.normal(0, 0.1, x.shape), 0, 1).astype(np.float32)
        picture[0] = x[0] * 0.5
        window = min(7, *(side - (side + 1) % 2 for side in shape[1:]))
        structure = ssim(torch.from_numpy(picture), torch.from_numpy(x)).tolist()
        noise = psnr(torch.from_numpy(picture), torch.from_numpy(x)).tolist()
        for i, (a, b) in enumerate(zip(x.astype(np.float64), picture.astype(np.float64), strict=True)):
            expected = structural_similarity(a, b, data_range=1, win_size=window, channel_axis=0)
            assert structure[i] == pytest.approx(expected, abs=1e-6)
            assert noise[i] == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), abs=1e-4)


def test_equal_pictures_have_finite_figures():
    x = torch.rand(2, 1, 8, 8)
    assert mse(x, x).tolist() == [0, 0]
    assert psnr(x, x).tolist() == [100, 100]
    assert ssim(x, x).tolist() == pytest.approx([1, 1])
    flat = torch.zeros(1, 1, 1, 1)
    assert ssim(flat, flat).item() == 1


def test_picture_figures_are_means_over_images_at_the_posterior_mean():
    model, data = vae(), images(12)
    found = evaluate(model, data, pixels="binarised")
    x = data.images / 255
    with torch.no_grad():
        picture = model.decode(model.encode(torch.from_numpy(x).float()).mu).mean.double().numpy()
    pairs = list(zip(x[:, 0], picture[:, 0], strict=True))
    assert found["mse"] == pytest.approx(((x - picture) ** 2).mean(), rel=1e-5)
    assert found["psnr"] == pytest.approx(
        np.mean([peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]), rel=1e-5
    )
    assert found["ssim"] == pytest.approx(
        np.mean([structural_similarity(a, b, data_range=1) for a, b in pairs]), rel=1e-4
    )


def test_batches_are_the_images_in_order():
    data = images(2 * BATCH + 3)
    found = list(batches(vae(), data))
    assert [len(x) for x, _ in found] == [BATCH, BATCH, 3]
    np.testing.assert_allclose(torch.cat([x for x, _ in found]).numpy(), data.images / 255, atol=1e-7)
    np.testing.assert_array_equal(torch.cat([y for _, y in found]).numpy(), data.labels)


def test_a_dead_dimension_is_not_active():
    model, data = vae(3), images(200)
    with torch.no_grad():
        model.encoder[-1].weight *= 30
        model.encoder[-1].weight[1] = 0
    assert evaluate(model, data)["active_units"] == 2
    mu = torch.stack([torch.linspace(-1, 1, 100), torch.full((100,), 5.0)], dim=1)
    assert active_units(mu) == 1
    assert active_units(mu[:1]) == 0


def test_binarised_pixels_are_a_fair_draw():
    grey = np.broadcast_to(np.arange(256, dtype=np.uint8), (4000, 1, 1, 256))
    drawn = binarise(grey)
    assert drawn.dtype == np.uint8 and set(np.unique(drawn)) == {0, 255}
    share = (drawn == 255).mean(axis=(0, 1, 2))
    assert share[0] == 0 and share[255] == 1
    expected = np.arange(256) / 255
    assert np.all(np.abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / 4000) + 1e-9)
    assert np.array_equal(drawn, binarise(grey)) and not np.array_equal(drawn, binarise(grey, seed=1))


def test_the_mean_image_is_the_baseline():
    data = images(BATCH + 50)
    x = data.images / 255
    assert mse_of_mean_image(data) == pytest.approx(((x - x.mean(0)) ** 2).mean(), rel=1e-9)


def test_weights_of_no_use_are_an_error():
    model = vae()
    with torch.no_grad():
        model.decoder[-2].bias.fill_(math.nan)
    with pytest.raises(WorkError, match="not finite"):
        evaluate(model, images(5))


def test_what_can_not_be_measured_is_said():
    model, data = vae(), images(5)
    with pytest.raises(InputError, match="no images"):
        evaluate(model, data.subset(slice(0)))
    with pytest.raises(InputError, match=r"1 x 16 x 16.*1 x 28 x 28"):
        evaluate(model, images(5, (1, 16, 16)))
    with pytest.raises(InputError, match=r"'black'.*'grey' or 'binarised'"):
        evaluate(model, data, pixels="black")
    for k in (0, -1, 10_001):
        with pytest.raises(InputError, match=f"'iwae' is {k}, but must be from 1 to 10000"):
            evaluate(model, data, iwae=k)


def test_real_digits():
    found = evaluate(vae(2), load("digits", "test"))
    assert found["images"] == 1000
    assert 0.06 < found["mse_mean_image"] < 0.075
