"""How strongly experience changes the counts: plasticity as it may be altered."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Shaped

from canonica._checks import checked_number, checked_size
from canonica._errors import CanonicaError


def _number(
    name: str, value: Shaped[Array | np.ndarray, "..."] | float, highest: float = 1e9
) -> Float[Array, "*batch"]:
    """Return a number, or one for each network of a batch, checked where it is known."""
    if not isinstance(value, Tracer):
        for part in np.ravel(value).tolist():
            checked_number(name, part, lowest=0, highest=highest)
    floating = jnp.issubdtype(jnp.result_type(value), jnp.floating)
    return jnp.asarray(value, None if floating else jnp.result_type(float))


def _steps(value: Shaped[Array | np.ndarray, "..."] | int) -> Int[Array, "*batch"]:
    if not isinstance(value, Tracer):
        for part in np.ravel(value).tolist():
            checked_size("delay", part, least=0)
    return jnp.asarray(value, jnp.int32)


class PlasticityGains(eqx.Module):
    """How strongly experience changes the counts: all neutral where the theory says nothing else.

    A step adds ``rate`` times the products of outcome and cause to the counts; where it is
    modulated, that times ``m = 1 - 2 Gamma``, or what has become of it: ``keeping m`` where it is
    above zero, ``unlearning m`` where it is below, `delay` steps late, with noise added. Between
    steps the counts return to those at first, of which ``1 - retention`` is the share.

    Parameters
    ----------
    rate : float or (...)
        eta: 0 is blocked plasticity. The inverse of the prior strength, up to its unit.
    keeping, unlearning : float or (...)
        kappa+ and kappa-: gains of the modulation where it keeps and where it unlearns.
    retention : float or (...)
        Share of what was learned that a step leaves, in [0, 1].
    delay : int or (...)
        Steps by which the modulation comes late, within what is learned from at once.
    noise : float or (...), optional
        Standard deviation of the noise on the modulation; None, the default, draws none.

    Raises
    ------
    CanonicaError
        If a number is negative or, of retention, above 1, as far as it is known.

    References
    ----------
    Section 1 of the theory, its third counting rule; section 2, prior strength.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> addicted = PlasticityGains(keeping=1.5, unlearning=0.5)
    >>> addicted.modulated(jnp.array([1.0, -1.0, 0.0])).tolist()
    [1.5, -0.5, 0.0]
    """

    rate: Float[Array, "*batch"] = eqx.field(default=1.0, converter=partial(_number, "rate"))
    keeping: Float[Array, "*batch"] = eqx.field(default=1.0, converter=partial(_number, "keeping"))
    unlearning: Float[Array, "*batch"] = eqx.field(
        default=1.0, converter=partial(_number, "unlearning")
    )
    retention: Float[Array, "*batch"] = eqx.field(
        default=1.0, converter=partial(_number, "retention", highest=1.0)
    )
    delay: Int[Array, "*batch"] = eqx.field(default=0, converter=_steps)
    noise: Float[Array, "*batch"] | None = eqx.field(
        default=None,
        converter=lambda value: None if value is None else _number("noise", value),
    )

    def modulated(
        self, modulation: Float[Array, " time"], key: Array | None = None
    ) -> Float[Array, " time"]:
        """Return what becomes of the modulation ``1 - 2 Gamma`` of each step.

        Parameters
        ----------
        modulation : (time,)
            From -1 to 1.
        key : jax.Array, optional
            Decides the noise; needed where there is any.

        Raises
        ------
        CanonicaError
            If there is noise, and no key.
        """
        source = jnp.arange(len(modulation)) - self.delay
        late = jnp.where(source >= 0, modulation[jnp.maximum(source, 0)], 0)
        if self.noise is not None:
            if key is None:
                raise CanonicaError("key: found None; expected one, which decides the noise.")
            late = late + self.noise * jax.random.normal(key, late.shape, late.dtype)
        gain = jnp.where(late > 0, self.keeping, self.unlearning)
        return (gain * late).astype(modulation.dtype)

    def kept(
        self,
        counts: Float[Array, "*shape"],
        at_first: Float[Array, "*shape"],
        steps: Int[Array, ""] | int,
    ) -> Float[Array, "*shape"]:
        """Return what so many steps leave of the counts, which return to those at first."""
        return leaked(counts, at_first, self.retention**steps)


def leaked(
    counts: Float[Array, "*shape"],
    at_first: Float[Array, "*shape"],
    share: Float[Array, "..."],
) -> Float[Array, "*shape"]:
    """Return counts of what was learned in which this share is left; untouched where it is 1."""
    share = share.astype(counts.dtype)
    return jnp.where(share == 1, counts, at_first + share * (counts - at_first))
