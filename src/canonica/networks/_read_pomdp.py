"""Problems from `.pomdp` files, Cassandra's format."""

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_path
from canonica._errors import CanonicaError
from canonica._files import AnyPath, check_there, shown
from canonica.networks._pomdp import MOST_STATES, Pomdp
from canonica.networks._pomdp_preamble import Preamble, preamble, start_of
from canonica.networks._pomdp_statements import PREAMBLE, Statement, fault, statements
from canonica.networks._pomdp_tables import Probabilities, expected_reward


@checked_arguments
def read_pomdp(path: AnyPath) -> Pomdp:
    """Return the problem that a `.pomdp` file holds, in the format of Cassandra's solver.

    An observation of that format depends on the state that an action led to and on the action, and
    comes after it. Where actions differ in what they show, the states told apart are pairs of a
    state and the kind of action that led there, which is the same problem.

    Parameters
    ----------
    path : str or Path
        The file: discount, values, states, actions, observations and start; T, O and R with
        wildcards, as single numbers, rows and matrices, ``uniform`` and ``identity``, ``reset``.
        What a later line says counts. Costs become negative rewards.

    Returns
    -------
    Pomdp
        Of one factor and one modality.

    Raises
    ------
    CanonicaError
        If there is no such file, or a line of it is wrong, which is then named: what was found
        there and what was expected. So is a row of probabilities that do not add up to 1.

    References
    ----------
    A. Cassandra, https://www.pomdp.org/code/pomdp-file-spec.html.

    Examples
    --------
    >>> from pathlib import Path
    >>> text = '''
    ... discount: 0.95
    ... values: reward
    ... states: dry wet
    ... actions: wait
    ... observations: sun rain
    ... T: wait identity
    ... O: wait uniform
    ... R: wait : wet : * : * -1
    ... '''
    >>> _ = Path("weather.pomdp").write_text(text)
    >>> read_pomdp("weather.pomdp").reward.tolist()
    [[0.0, -1.0]]
    >>> Path("weather.pomdp").unlink()
    """
    file = checked_path("path", path)
    check_there(file, "a problem in a .pomdp file")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CanonicaError(f"{shown(file)}: found no text ({error}).") from error
    try:
        return _problem(text, file)
    except CanonicaError as error:
        raise CanonicaError(f"{shown(file)}, {error}") from None


def _problem(text: str, file: Path) -> Pomdp:
    found = list(statements(text))
    end = max(len(text.splitlines()), 1)
    known = preamble([one for one in found if one.keyword.text in PREAMBLE])
    _check_order(found)
    start = start_of([one for one in found if one.keyword.text.startswith("start")], known)
    transitions, observations = (Probabilities(keyword, known, start) for keyword in "TO")
    for one in found:
        if one.keyword.text == "T":
            transitions.set(one)
        elif one.keyword.text == "O":
            observations.set(one)
    transition, observation = transitions.checked(end), observations.checked(end)
    rewards = [one for one in found if one.keyword.text == "R"]
    reward = expected_reward(rewards, known, transition, observation)
    return _with_kinds(known, start, transition, observation, reward, name=file.stem)


def _check_order(found: list[Statement]) -> None:
    """Refuse a preamble that goes on after the first table."""
    began = False
    for one in found:
        began = began or one.keyword.text in ("T", "O", "R")
        if began and one.keyword.text not in ("T", "O", "R"):
            raise fault(one.keyword.line, f"{one.keyword.text} after T, O or R", "it before them")


def _with_kinds(
    known: Preamble,
    start: Float[np.ndarray, " state"],
    transition: Float[np.ndarray, "action state state"],
    observation: Float[np.ndarray, "action state observation"],
    reward: Float[np.ndarray, "action state"],
    *,
    name: str,
) -> Pomdp:
    """Return the problem over pairs of the kind of action that led somewhere, and where."""
    _, first, kind = np.unique(observation, axis=0, return_index=True, return_inverse=True)
    kinds, states = len(first), len(start)
    if kinds * states > MOST_STATES:
        raise CanonicaError(
            f"line 1: found {kinds * states:,} pairs of a state and a kind of observing action; "
            f"expected {MOST_STATES:,} at most."
        )
    after = _led_to(transition, kind.ravel(), kinds)
    return Pomdp(
        A=[np.concatenate([observation[one].T for one in first], axis=1)],
        B=[after.transpose(2, 1, 0)],
        D=[np.concatenate([start, np.zeros((kinds - 1) * states)])],
        reward=np.tile(reward, (1, kinds)),
        discount=known.discount,
        observes_at_start=False,
        action_names=known.names["actions"],
        name=name,
    )


def _led_to(
    transition: Float[np.ndarray, "action state state"],
    kind: Int[np.ndarray, " action"],
    kinds: int,
) -> Float[np.ndarray, "action pair pair"]:
    actions, states = transition.shape[:2]
    after = np.zeros((actions, kinds, states, kinds, states))
    for action in range(actions):
        after[action, :, :, kind[action]] = transition[action]
    return after.reshape(actions, kinds * states, kinds * states)
