"""Distribution functions and quantiles: our own, because `scipy.special` costs the server 14 MB of memory.

The tests hold them to SciPy's.

Of the regularised incomplete beta function (Lentz's continued fraction, Numerical Recipes 6.4) and of the regularised
incomplete gamma function (torch's). Quantiles are found by halving the interval, to the last bits of a float. The names and
the order of the arguments are SciPy's.
"""

from collections.abc import Callable
from math import exp, inf, isinf, isnan, lgamma, log, log1p, nan, sqrt
from statistics import NormalDist

_HALVINGS = 200
_TINY = 1e-300


def betainc(a: float, b: float, x: float) -> float:
    """I_x(a, b): the chance that a Beta(a, b) number is at most x."""
    if isnan(x) or a <= 0 or b <= 0 or not 0 <= x <= 1:
        return nan
    if x in (0, 1):
        return float(x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction converges quickly on one side of the mean; the other side is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def betaincinv(a: float, b: float, p: float) -> float:
    """The p-quantile of Beta(a, b)."""
    return _quantile(lambda x: betainc(a, b, x), p, 0.0, 1.0)


def stdtr(df: float, t: float) -> float:
    """The chance that a number of Student's t distribution with `df` degrees of freedom is at most t."""
    if isnan(t) or not df > 0:
        return nan
    if isinf(df):
        return NormalDist().cdf(t)
    outside = betainc(df / 2, 0.5, df / (df + t * t)) / 2
    return 1 - outside if t > 0 else outside


def stdtrit(df: float, p: float) -> float:
    """The p-quantile of Student's t distribution with `df` degrees of freedom."""
    if isnan(p) or not df > 0 or not 0 <= p <= 1:
        return nan
    if p in (0, 1):
        return inf if p else -inf
    if isinf(df):
        return NormalDist().inv_cdf(p)
    x = betaincinv(df / 2, 0.5, 2 * min(p, 1 - p))
    size = sqrt(df * (1 - x) / x) if x else inf
    return size if p > 0.5 else -size


def chi2_quantile(p: float, df: float) -> float:
    """The p-quantile of the chi-squared distribution with `df` degrees of freedom."""
    import torch

    def below(x: float) -> float:
        half = torch.tensor([df / 2, x / 2], dtype=torch.float64)
        return float(torch.special.gammainc(half[0], half[1]))

    return _quantile(below, p, 0.0, df + 40 * sqrt(2 * df) + 100)


def _quantile(below: Callable[[float], float], p: float, low: float, high: float) -> float:
    """Where a growing function comes to p, between low and high."""
    if isnan(p) or not 0 <= p <= 1:
        return nan
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if below(middle) < p else (low, middle)
    return (low + high) / 2
