"""What is written in a column of names or numbers of channels and sessions: each stays as it is.

A reader of tables takes 1E1 for the number 10, and so for the same as 10E0. Where these are wells
or electrodes, both are names.
"""

import re

import numpy as np

WHOLE = re.compile(r"[+-]?(0|[1-9]\d*)")
# Programs that write all numbers alike write a point and a sign: 1.0, 1.000000e+01.
DECIMAL = re.compile(r"[+-]?\d+\.\d*(e[+-]\d+)?", re.IGNORECASE)
SHORT = re.compile(r"\d+e\d+|0x[0-9a-f]+", re.IGNORECASE)  # 1E1, 0x3f: no one writes numbers so
MISSING = {"", "#N/A", "-", "N/A", "NA", "NULL", "NaN", "None", "nan", "null"}


def numbers_or_names(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as numbers, if all of them are, or as they are; and which are missing.

    Parameters
    ----------
    labels : (label,)
        Texts.

    Returns
    -------
    values : (label,)
        Numbers, NaN where missing; or the texts.
    missing : (label,)
        Whether nothing stands there. Among names, NA and the like are names.

    Examples
    --------
    >>> import numpy as np
    >>> numbers_or_names(np.array(["2", "10"], object))[0].tolist()
    [2, 10]
    >>> numbers_or_names(np.array(["1E1", "10E0"], object))[0].tolist()
    ['1E1', '10E0']
    """
    texts = [str(label).strip() for label in labels]
    missing = np.array([text in MISSING for text in texts], bool)
    given = [text for text, none in zip(texts, missing, strict=True) if not none]
    if given and all(WHOLE.fullmatch(text) for text in given) and not missing.any():
        return _whole(given), missing
    if all(WHOLE.fullmatch(text) or DECIMAL.fullmatch(text) for text in given):
        values = np.full(len(texts), np.nan)
        values[~missing] = [float(text) for text in given]
        return values, missing
    return labels, np.array([not text for text in texts], bool)


def _whole(texts: list[str]) -> np.ndarray:
    numbers = [int(text) for text in texts]
    fit = all(-(2**63) <= number < 2**63 for number in numbers)
    return np.array(numbers, np.int64 if fit else np.float64)


def odd_numbers(labels: np.ndarray) -> list[str]:
    """Return what looks like names or codes among texts that could be read as numbers."""
    return [text for label in labels if SHORT.fullmatch(text := str(label).strip())]
