"""Keys of JAX's random numbers, checked where they come in."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from canonica._checks import described, refusal

OLD_KEY = (2,)  # shape of what `jax.random.PRNGKey` returns


def checked_key(key: Any, name: str = "key") -> Array:
    """Return a single key of `jax.random`, inside compiled code too.

    Raises
    ------
    CanonicaError
        If it is anything else, such as a seed or several keys.

    Examples
    --------
    >>> checked_key(jax.random.key(0)).shape
    ()
    """
    if isinstance(key, jax.Array):
        single = () if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else OLD_KEY
        known = not single or key.dtype == jnp.uint32
        if known and key.shape == single:
            return key
    raise refusal(name, described(key), "a single key", "Make one of a seed: jax.random.key(seed).")
