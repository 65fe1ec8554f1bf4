"""Values that no parameter of an annotation takes, for tests of what is refused."""

import typing

import numpy as np
from hypothesis import strategies as st

NOT_WHOLE = st.one_of(
    st.sampled_from(["3", None, True, 2.0, [1], b"1", np.float64(3)]),
    st.floats(),
    st.integers(max_value=-1),
    st.integers(min_value=2**63),
)
NO_NUMBER = st.one_of(
    st.sampled_from(["0.5", None, True, [0.5], np.nan, np.inf, -np.inf, 10**400, 1j]),
    st.floats(max_value=-1e-9).filter(lambda value: value < -1),
)
NO_ARRAY = st.sampled_from(
    ["text", None, 3, np.nan, [], np.full((2, 2), np.nan), np.full((3, 3, 3, 3, 3), -1)]
)
NO_OBJECT = st.sampled_from(["text", 3, np.nan, object(), ["a", "b"], {}])


NO_NAME = st.sampled_from(["nonsense", 3, np.nan, ["published"], None, True])
NO_PATH = st.sampled_from([3, np.nan, ["published"], None, True, ""])


def bad_values(annotation):
    """Return what no parameter of that annotation takes; None where anything may do."""
    text, parts = str(annotation), typing.get_args(annotation) or (annotation,)
    if annotation in {bool, typing.Any} or "Callable" in text:
        return None
    if "Path" in text:
        values = NO_PATH
    elif "Literal" in text or str in parts:
        values = NO_NAME
    elif int in parts:
        values = NOT_WHOLE
    elif annotation is float:
        values = NO_NUMBER
    elif any(word in text for word in ("ndarray", "jaxtyping", "Sequence")):
        values = NO_ARRAY
    else:
        values = NO_OBJECT
    return values if type(None) not in parts else values.filter(lambda value: value is not None)
