"""Quotients of long products, and the factors of inference, against independent arithmetic."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import digamma

import canonica.model as cm
from canonica import CanonicaError
from canonica.model import _factors

INTEGERS = {np.float64: np.int64, np.float32: np.int32}  # of as many bits
DTYPES = list(INTEGERS)
SMALLEST_COUNT = 1e-9
NUMBERS = [1, 3, 16, 17, 255, 5000]  # of factors
PRECISE = np.longdouble
DIGITS = 50
FORMS = {
    "canonical": cm.canonical_factors,
    "exact": cm.exact_factors,
    "exact of many": cm.exact_factors_of_many,
}

double = pytest.mark.usefixtures("x64")


def epsilon(dtype):
    return float(np.finfo(dtype).eps)


def largest_count(dtype):
    return cm.LARGEST_COUNT[np.dtype(dtype)]


def group_of(dtype):
    """Return how many counts the canonical form multiplies at a time."""
    one = jnp.ones((1, 1), dtype)
    return cm.canonical_factors(one, one).group


def over_magnitudes(generator, shape, lowest, highest, dtype):
    """Return numbers whose logarithms are uniform."""
    numbers = np.exp(generator.uniform(np.log(lowest), np.log(highest), shape))
    return np.clip(numbers, lowest, highest).astype(dtype)


def precise_log(scaled):
    """Return the logarithm of a Scaled, in more digits than it has."""
    mantissa, exponent = (np.asarray(part).astype(PRECISE) for part in scaled)
    return np.log(mantissa) + exponent * np.log(PRECISE(2))


def sum_of_logs(numerators, denominators):
    logs = (np.log(np.asarray(part).astype(PRECISE)) for part in (numerators, denominators))
    return np.subtract(*(log.sum(axis=0) for log in logs))


def evidence(factors_of, seen, total):
    """Return the exponential of the log evidence, as a Scaled."""
    factors = factors_of(seen, total)
    value = cm.quotient_of_products(factors.numerators, factors.denominators, factors.group)
    if factors.exponent is None:
        return value
    return value.times_exp(cm.total(factors.exponent))


quotient = jax.jit(cm.quotient_of_products, static_argnums=2)
evidence_of = {form: jax.jit(partial(evidence, factors_of)) for form, factors_of in FORMS.items()}


# Products ----------------------------------------------------------------------------------------


@double
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("factors", NUMBERS)
def test_a_quotient_of_products_is_the_sum_of_logarithms(dtype, factors, generator):
    """Over all counts, any number of factors: an error of one rounding for each operation."""
    shape = (factors, 5)
    numbers = [
        over_magnitudes(generator, shape, SMALLEST_COUNT, largest_count(dtype), dtype)
        for _ in range(2)
    ]
    found = quotient(*numbers, group_of(dtype))
    assert found.mantissa.dtype == dtype
    assert 2.0**-17 <= found.mantissa.min() <= found.mantissa.max() <= 2.0**17
    error = np.abs(precise_log(found) - sum_of_logs(*numbers)).max()
    assert error <= 2 * factors * epsilon(dtype)


@double
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("factors", [16, 17])
def test_nothing_overflows_where_all_counts_are_extreme(dtype, factors):
    """All as large or as small as they may be: above, below, or on both sides."""
    extremes = SMALLEST_COUNT, largest_count(dtype)
    for above in extremes:
        for below in extremes:
            numbers = [np.full((factors, 1), value, dtype) for value in (above, below)]
            found = quotient(*numbers, group_of(dtype))
            expected = sum_of_logs(*numbers)
            np.testing.assert_allclose(
                precise_log(found).astype(float),
                expected.astype(float),
                rtol=1e-15,
                atol=2 * factors * epsilon(dtype),
                err_msg=f"{above:g} / {below:g}",
            )


@double
def test_the_range_of_a_group_is_all_that_is_asked_of_factors():
    """Products of two, and their quotient, stay in range; that of all six is far out of it."""
    small, large = np.full((6, 1), 1e-70), np.full((6, 1), 1e70)
    found = quotient(small, large, 2)
    assert precise_log(found)[0] == pytest.approx(-840 * math.log(10), rel=1e-14)


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_quotient_is_exact_where_arithmetic_is(dtype):
    """Powers of two: no rounding at all, as fractions confirm."""
    powers = np.arange(-20, 30)
    numerators = (2.0 ** powers[:, None]).astype(dtype)
    denominators = (2.0 ** (3 - powers[:, None] // 2)).astype(dtype)
    found = quotient(numerators, denominators, group_of(dtype))
    value = Fraction(float(found.mantissa[0])) * Fraction(2) ** int(found.exponent[0])
    parts = zip(numerators[:, 0].tolist(), denominators[:, 0].tolist(), strict=True)
    assert value == math.prod(Fraction(above) / Fraction(below) for above, below in parts)


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_slope_of_a_quotient_is_that_of_the_sum_of_logarithms(dtype, generator):
    shape = (37, 3)
    numerators, denominators = (
        jnp.asarray(over_magnitudes(generator, shape, 1e-3, 1e6, dtype)) for _ in range(2)
    )

    def log(numerators, denominators):
        return cm.quotient_of_products(numerators, denominators, group_of(dtype)).log().sum()

    slopes = jax.jit(jax.grad(log, (0, 1)))(numerators, denominators)
    np.testing.assert_allclose(slopes[0] * numerators, np.ones(shape), rtol=4 * epsilon(dtype))
    np.testing.assert_allclose(slopes[1] * denominators, -np.ones(shape), rtol=4 * epsilon(dtype))


@double
@pytest.mark.parametrize("form", FORMS)
def test_the_slope_of_what_an_encoder_computes_agrees_with_differences(form, generator):
    """Counts to factors, to products, to shares: forwards and backwards."""
    lowest = 64 if form == "exact of many" else 0.5
    counts = over_magnitudes(generator, (2, 9, 2), lowest, 500.0, np.float64)
    direction = counts * generator.normal(size=counts.shape)

    @jax.jit
    def share(counts):
        value = evidence(FORMS[form], counts[1], counts.sum(axis=0))
        one, other = (cm.Scaled(*(part[lane] for part in value)) for lane in (0, 1))
        return cm.shares(one, other)[1]

    step = 1e-5
    expected = (share(counts + step * direction) - share(counts - step * direction)) / (2 * step)
    _, forwards = jax.jvp(share, (counts,), (direction,))
    backwards = (jax.grad(share)(counts) * direction).sum()
    assert 1e-4 < share(counts) < 1 - 1e-4
    np.testing.assert_allclose([forwards, backwards], expected, rtol=1e-7)


@double
@pytest.mark.parametrize("dtype", [*DTYPES, np.int32])
@pytest.mark.parametrize("terms", [1, 16, 17, 300])
def test_a_total_is_the_sum(dtype, terms, generator):
    numbers = (generator.normal(size=(terms, 4)) * 1000).astype(dtype)
    found = cm.total(jnp.asarray(numbers))
    assert found.dtype == dtype
    exact = np.array([math.fsum(column) for column in numbers.T.tolist()])
    rounding = 0.0 if dtype is np.int32 else epsilon(dtype) * math.log2(16 * terms)
    assert (np.abs(np.asarray(found, float) - exact) <= rounding * np.abs(numbers).sum(0)).all()


# Scaled numbers ----------------------------------------------------------------------------------


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_times_exp_adds_to_the_logarithm(dtype):
    """However large, in either direction."""
    powers = np.array([0, 1e-6, -0.3, 0.35, 88.0, -700.0, 1e4, -3e5, 6e7, -6e7]).astype(dtype)
    mantissa = np.linspace(0.1, 10, powers.size).astype(dtype)
    integer = INTEGERS[dtype]
    number = cm.Scaled(jnp.asarray(mantissa), jnp.full(powers.shape, -12345, integer))
    found = number.times_exp(jnp.asarray(powers))
    expected = precise_log(number) + powers.astype(PRECISE)
    rounding = 4 * epsilon(dtype)
    error = np.abs(precise_log(found) - expected)
    assert (error <= rounding * (1 + np.abs(powers))).all()
    error = np.abs(np.asarray(found.log()).astype(PRECISE) - expected)
    assert (error <= rounding * (1 + np.abs(powers) + 12345)).all()
    assert found.mantissa.dtype == dtype
    assert found.exponent.dtype == integer


@double
def test_times_exp_changes_the_logarithm_by_as_much_as_the_power_changes():
    def log(power):
        return cm.Scaled(jnp.ones(()), jnp.zeros((), jnp.int64)).times_exp(power).log()

    for power in (0.0, 0.34, 0.35, 1234.5, -1e6):
        assert float(jax.grad(log)(power)) == pytest.approx(1, rel=1e-12)


@double
@pytest.mark.parametrize(("dtype", "number"), [(np.float64, 20), (np.float32, 1)])
def test_exact_factors_of_the_smallest_counts_are_right(dtype, number):
    """A count of 1e-9 alone gives a log evidence of -1e9, and many inputs a sum of those."""
    seen = np.full((number, 2), SMALLEST_COUNT, dtype)
    total = seen * np.array([2, 3], dtype)
    value = evidence_of["exact"](seen, total)
    expected = (digamma(seen.astype(float)) - digamma(total.astype(float))).sum(axis=0)
    np.testing.assert_allclose(value.log(), expected, rtol=20 * epsilon(dtype))
    one, other = (cm.Scaled(*(part[lane] for part in value)) for lane in (0, 1))
    np.testing.assert_allclose(cm.shares(one, other), [1, 0], atol=1e-7)


@double
def test_exact_factors_of_the_smallest_counts_stay_numbers():
    """Even where the whole numbers beside single precision cannot hold the exponent."""
    seen = np.full((20, 2), SMALLEST_COUNT, np.float32)
    value = evidence_of["exact"](seen, seen * np.array([2, 3], np.float32))
    assert np.isfinite(value.log()).all()
    assert (value.log() < -1e8).all()
    one, other = (cm.Scaled(*(part[lane] for part in value)) for lane in (0, 1))
    assert np.isfinite(cm.shares(one, other)).all()


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_shares_are_the_posterior(dtype, generator):
    """Add up to 1; agree with a sigmoid of log odds; never vanish, never overflow."""
    integer = INTEGERS[dtype]
    mantissas = np.exp2(generator.uniform(-16, 16, (2, 400))).astype(dtype)
    spread = 10.0 ** generator.uniform(0, 8, (2, 400))
    exponents = (spread * generator.choice([-1, 1], (2, 400))).astype(integer)
    exponents[1, :300] = exponents[0, :300] + generator.integers(-60, 60, 300)
    one, other = (
        cm.Scaled(*map(jnp.asarray, pair)) for pair in zip(mantissas, exponents, strict=True)
    )
    found = np.stack(cm.shares(one, other))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=2 * epsilon(dtype))
    ratio = cm.Scaled(one.mantissa.astype(float) / other.mantissa, one.exponent - other.exponent)
    log_odds = np.clip(precise_log(ratio), -11_000, 11_000)
    expected = np.stack([1 / (1 + np.exp(-log_odds)), 1 / (1 + np.exp(log_odds))])
    near = np.abs(log_odds) < 55  # as far as float32 reaches without its floor
    assert near.sum() > 250
    assert (~near).sum() > 50
    np.testing.assert_allclose(
        found[:, near], expected[:, near].astype(float), rtol=8 * epsilon(dtype)
    )
    # Further away the smaller share is as good as nothing, and still a normal number.
    nothing = {np.float64: 1e-280, np.float32: 1e-17}[dtype]
    expected = expected.astype(float)
    np.testing.assert_allclose(found[:, ~near], expected[:, ~near], rtol=1e-6, atol=nothing)
    assert found.min() >= np.finfo(dtype).tiny


@double
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("which", [0, 1])
def test_the_slope_of_shares_is_that_of_a_sigmoid(dtype, which):
    """Certain beliefs included, where it is zero."""

    def share(log_odds):
        one = cm.Scaled(jnp.ones((), dtype), jnp.zeros((), INTEGERS[dtype]))
        return cm.shares(one.times_exp(log_odds), one)[which]

    log_odds = np.array([-5000, -800, -400, -90, -30, -0.5, 0, 2, 40, 90, 400, 800, 5000], dtype)
    slopes = jax.jit(jax.vmap(jax.grad(share)))(log_odds)
    distance = np.abs(log_odds.astype(float))
    expected = (1 - 2 * which) * np.exp(-distance) / (1 + np.exp(-distance)) ** 2
    np.testing.assert_allclose(slopes, expected, rtol=40 * epsilon(dtype), atol=epsilon(dtype))


# Factors -----------------------------------------------------------------------------------------


@double
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [1, 33, 1000])
def test_factors_are_the_expected_log_likelihood(dtype, form, number, generator):
    """Over all counts, many inputs: the sum of what scipy says of each."""
    lowest = cm.MANY_COUNTS[np.dtype(dtype)] if form == "exact of many" else 1e-3
    shape = (number, 8)
    highest = largest_count(dtype) / 2
    seen, unseen = (over_magnitudes(generator, shape, lowest, highest, dtype) for _ in range(2))
    total = seen + unseen

    law = np.log if form == "canonical" else digamma
    terms = [law(part.astype(float)).astype(PRECISE) for part in (seen, total)]
    expected = terms[0] - terms[1]
    found = np.asarray(evidence_of[form](seen, total).log())
    assert found.dtype == dtype
    # What each factor may be off by: its approximation and a few roundings, of 1 / count as well.
    approximation = {"canonical": 0.0, "exact": 6e-15, "exact of many": 4e-14}[form]
    each = 2 * approximation + 8 * epsilon(dtype)
    exponents = 0.0 if form != "exact" else 8 * epsilon(dtype) * (1 / seen + 1 / total).sum(axis=0)
    # The last logarithm is rounded to its own precision; scipy's digamma to that of float64.
    last = 2 * epsilon(dtype) * np.abs(expected.sum(axis=0))
    scipy = 4 * epsilon(np.float64) * (np.abs(terms[0]) + np.abs(terms[1])).sum(axis=0)
    tolerance = number * each + exponents + last + scipy
    assert (np.abs(found - expected.sum(axis=0)) <= tolerance).all()


@cache
def series_coefficients(terms):
    """Return B_2k / 2k for k = 1 ... `terms`, by the recursion of Bernoulli numbers."""
    bernoulli = [Fraction(1)]
    for n in range(1, 2 * terms + 1):
        known = sum(math.comb(n + 1, k) * bernoulli[k] for k in range(n))
        bernoulli.append(-known / (n + 1))
    fractions = [bernoulli[2 * k] / (2 * k) for k in range(1, terms + 1)]
    with localcontext(prec=DIGITS):
        return [Decimal(c.numerator) / Decimal(c.denominator) for c in fractions]


def precise_digamma(x):
    """Return digamma of a Decimal to 45 digits: recurrence up to 60, then the series."""
    below = Decimal(0)
    while x < 60:
        below += 1 / x
        x += 1
    series = sum(c / x ** (2 * k) for k, c in enumerate(series_coefficients(20), start=1))
    return x.ln() - 1 / (2 * x) - series - below


def test_the_reference_is_digamma():
    with localcontext(prec=DIGITS):
        for x in (1e-9, 0.3, 1.0, 17.0, 1e6):
            assert float(precise_digamma(Decimal(x))) == pytest.approx(digamma(x), rel=1e-14)
        euler = Decimal("0.57721566490153286060651209008240243104215933593992")
        assert abs(precise_digamma(Decimal(1)) + euler) < Decimal("1e-45")


def polynomial(coefficients, u):
    return sum(Decimal(c) * u**power for power, c in enumerate(coefficients))


def approximation_error(above, below, y):
    """Return how far off ``y above(1/y^2) / below(1/y^2)`` is from exp(digamma(y + 1/2))."""
    u = 1 / (y * y)
    approximation = y * polynomial(above, u) / polynomial(below, u)
    return float(abs(approximation / precise_digamma(y + Decimal("0.5")).exp() - 1))


@pytest.mark.parametrize(
    ("above", "below", "lowest", "claimed"),
    [
        (_factors.ABOVE, _factors.BELOW, 7.5, 6e-15),
        (
            (1.0, Fraction(47, 240)),
            (1.0, Fraction(37, 240)),
            63.5,
            4e-14,
        ),
    ],
    ids=["long", "short"],
)
def test_approximants_are_as_good_as_is_said_of_them(above, below, lowest, claimed):
    """In exact arithmetic, so that rounding is no excuse; the claim is tight as well."""
    with localcontext(prec=DIGITS):
        above, below = (
            [Decimal(Fraction(c).numerator) / Decimal(Fraction(c).denominator) for c in part]
            for part in (above, below)
        )
        near = [Decimal(lowest) * (1 + Decimal(step) / 50) for step in range(100)]
        far = [Decimal(lowest) * 2**power for power in range(1, 45)]
        errors = [approximation_error(above, below, y) for y in near + far]
    assert claimed / 2 < max(errors) <= claimed


def test_the_short_approximants_coefficients_are_those():
    assert (_factors.SHORT_ABOVE, _factors.SHORT_BELOW) == (47 / 240, 37 / 240)


@double
@pytest.mark.parametrize(
    ("factors_of", "dtype", "approximation"),
    [
        (cm.exact_factors, np.float64, 6e-15),
        (cm.exact_factors_of_many, np.float64, 4e-14),
        (cm.exact_factors, np.float32, 0.0),
        (cm.exact_factors_of_many, np.float32, epsilon(np.float32)),
    ],
)
def test_a_factor_is_exp_of_digamma_to_the_claimed_accuracy(factors_of, dtype, approximation):
    """From the smallest count (or from many) to the largest, against 50 digits."""
    many = factors_of is cm.exact_factors_of_many
    lowest = cm.MANY_COUNTS[np.dtype(dtype)] if many else SMALLEST_COUNT
    seen = np.geomspace(lowest, largest_count(dtype) / 2, 80).astype(dtype)
    total = seen * dtype(2)  # a power of two: exact
    factors = factors_of(jnp.asarray(seen[:, None]), jnp.asarray(total[:, None]))
    above, below = (np.asarray(part)[:, 0].tolist() for part in factors[:2])
    left = [0.0] * len(seen) if many else np.asarray(factors.exponent)[:, 0].tolist()
    with localcontext(prec=DIGITS):
        for x, one, other, exponent in zip(seen.tolist(), above, below, left, strict=True):
            found = (Decimal(one) / Decimal(other)).ln() + Decimal(exponent)
            expected = precise_digamma(Decimal(x)) - precise_digamma(2 * Decimal(x))
            tolerance = 2 * approximation + 8 * epsilon(dtype) * (1 + (0 if many else 1 / x))
            assert abs(float(found - expected)) <= tolerance, x


@double
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_as_many_factors_as_a_group_stay_in_range(dtype, form):
    """The numbers that are multiplied at a time, at both ends of the range of counts."""
    many = form == "exact of many"
    smallest = cm.MANY_COUNTS[np.dtype(dtype)] if many else SMALLEST_COUNT
    largest = largest_count(dtype)
    tiny, huge = (PRECISE(getattr(np.finfo(dtype), name)) for name in ("tiny", "max"))
    for seen, total in ((smallest, 2 * smallest), (smallest, largest), (largest, 2 * largest)):
        counts = (jnp.full((1, 1), value, dtype) for value in (seen, total))
        above, below, _, group = FORMS[form](*counts)
        for part in (above, below):
            assert tiny <= PRECISE(float(part[0, 0])) ** group <= huge


# Entropy -----------------------------------------------------------------------------------------


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_negative_entropy_of_log_odds_is_exact_at_every_certainty(dtype):
    log_odds = np.concatenate([[0], np.geomspace(1e-12, 80, 60), [700, 1e4, 1e8]]).astype(dtype)
    log_odds = np.concatenate([-log_odds, log_odds])
    found = np.asarray(cm.negative_entropy_of_log_odds(jnp.asarray(log_odds)))
    assert found.dtype == dtype
    distance = np.abs(log_odds.astype(PRECISE))
    odds = np.exp(-distance)
    expected = -np.log1p(odds) - odds / (1 + odds) * distance
    # e^-x loses x roundings of its argument; what is below the range of the type is nothing.
    rtol = 4 * epsilon(dtype) * (1 + distance)
    assert (np.abs(found - expected) <= rtol * np.abs(expected) + np.finfo(dtype).tiny).all()
    assert found[0] == pytest.approx(-math.log(2), rel=epsilon(dtype))


@double
def test_negative_entropy_of_log_odds_agrees_with_that_of_the_belief(generator):
    log_odds = jnp.asarray(generator.normal(size=50) * 5)
    found = jax.jit(cm.negative_entropy_of_log_odds)(log_odds)
    direct = jax.jit(cm.negative_entropy)(jax.nn.sigmoid(log_odds))
    np.testing.assert_allclose(found, direct, rtol=1e-11)


@double
@pytest.mark.parametrize("dtype", DTYPES)
def test_negative_entropy_of_log_odds_has_its_slope_everywhere(dtype):
    """The slope is ``log_odds s (1 - s)``: 0 without any evidence, and 0 at certainty."""
    log_odds = np.array([-1e8, -1e3, -20, -0.7, 0, 1e-6, 0.7, 20, 1e3, 1e8], dtype)
    slope = jax.jit(jax.vmap(jax.grad(cm.negative_entropy_of_log_odds)))(log_odds)
    distance = np.abs(log_odds.astype(float))
    expected = log_odds * np.exp(-distance) / (1 + np.exp(-distance)) ** 2
    rounding = epsilon(dtype)  # of terms of order 1 that cancel
    np.testing.assert_allclose(slope, expected, rtol=4 * rounding, atol=rounding)


@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16])
def test_other_types_are_refused(dtype):
    with pytest.raises(CanonicaError, match="float32 or float64"):
        cm.quotient_of_products(jnp.ones((1, 1), dtype), jnp.ones((1, 1), dtype), 1)
