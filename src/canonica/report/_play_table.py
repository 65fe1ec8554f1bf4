"""How agents did in an environment, as a table."""

import xarray as xr
from rich.table import Table

from canonica._of_results import of_results


@of_results(result=("reward", "steps", "agent", "episode"))
def play_table(result: xr.Dataset) -> Table:
    """Return mean reward and steps of every agent, in the first and last tenth of episodes.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.pipelines.play`.

    Returns
    -------
    rich.table.Table
        A row for each agent.
    """
    episodes = result.sizes["episode"]
    tenth = max(episodes // 10, 1)
    first, last = f"1-{tenth}", f"{episodes - tenth + 1}-{episodes}"
    table = Table(title=f"{result.attrs['environment']}: means of episodes")
    table.add_column("agent")
    for heading in (f"reward, {first}", f"reward, {last}", f"steps, {first}", f"steps, {last}"):
        table.add_column(heading, justify="right")
    for agent in result["agent"].values:
        one = result.sel(agent=agent)
        reward, steps = one["reward"], one["steps"]
        cells = [reward[:tenth], reward[-tenth:], steps[:tenth], steps[-tenth:]]
        table.add_row(
            str(agent),
            *(f"{float(cell.mean()):,.2f}" for cell in cells[:2]),
            *(f"{float(cell.mean()):,.1f}" for cell in cells[2:]),
        )
    return table
