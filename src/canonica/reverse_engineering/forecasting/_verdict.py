"""Whether a network is found plastic: the one rule behind every sentence, table and figure."""

from typing import Literal

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability
from canonica._errors import how_many

PRIOR_PLASTIC = 0.5  # probability of plasticity before anything is seen
CLEAR = 3.0  # nats: odds of 20 to 1
NO_SIGN_BELOW = PRIOR_PLASTIC / 2  # probability of plasticity

FEW_SESSIONS = 5  # initial ones: up to so many, drift and learning can hardly be told apart

Verdict = Literal["plastic", "no sign", "undecided"]


@checked_arguments
def verdict(log_evidence: float, probability_plastic: float) -> Verdict:
    """Return what may be said of a network's plasticity.

    Parameters
    ----------
    log_evidence : float
        Log Bayes factor of plasticity against none, in nats.
    probability_plastic : float
        Posterior probability that the network learns at all.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> verdict(3.5, 0.97), verdict(0.4, 0.6), verdict(-1.5, 0.18)
    ('plastic', 'undecided', 'no sign')
    """
    checked_probability("probability_plastic", probability_plastic)
    if log_evidence >= CLEAR:
        return "plastic"
    return "no sign" if probability_plastic < NO_SIGN_BELOW else "undecided"


@checked_arguments
def few_sessions(initial_sessions: int) -> str:
    """Return what so few initial sessions cannot tell, in words; nothing where they are enough.

    Examples
    --------
    >>> few_sessions(4)
    'with 4 initial sessions drift and learning can hardly be told apart'
    >>> few_sessions(10)
    ''
    """
    if initial_sessions > FEW_SESSIONS:
        return ""
    return (
        f"with {how_many(initial_sessions, 'initial session')} drift and learning "
        "can hardly be told apart"
    )
