"""Values that were saved, brought back from their files."""

from importlib import import_module
from typing import Any

from canonica._arguments import checked_arguments
from canonica._files import AnyPath
from canonica._saved_file import check_kind_of, read_saved, value_of

# The module of each class whose values save themselves (`save_value`), in which PARTS are the
# classes that those are made of; a new one is a new line.
KINDS = {
    "Agent": "canonica.agents.network._agent",
    "CompiledNetwork": "canonica.networks._compiled_network",
    "Knowledge": "canonica.agents.planning._knowledge",
}


@checked_arguments
def load(path: AnyPath) -> Any:
    """Return what was saved in a file: an agent, or a network that acts by a plan.

    It is what it was to the bit, its arrays in the precision that they had, whatever JAX is set to.
    The file is a ZIP archive that `numpy.load` opens too: settings as JSON, arrays as NumPy's, and
    a SHA-256 over all of it. Nothing in it is run.

    Parameters
    ----------
    path : path-like
        As `Agent.save` or `CompiledNetwork.save` wrote it.

    Returns
    -------
    Agent or CompiledNetwork
        Of the class that was saved.

    Raises
    ------
    CanonicaError
        If the file is not there, another one, damaged, cut short, or of a later version.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.agents import SwitchingBandit, bandit_agent
    >>> agent, path = bandit_agent(SwitchingBandit()), f"{mkdtemp()}/bandit.npz"
    >>> agent.save(path)
    >>> load(path).modulation == agent.modulation
    True
    """
    saved = read_saved(path)
    check_kind_of(path, saved, KINDS)
    module = import_module(KINDS[saved.kind])
    classes = [getattr(module, saved.kind), *module.PARTS]
    return value_of(path, saved, {one.__name__: one for one in classes})
