"""Parameters of subjects as a table for the terminal."""

import numpy as np
import xarray as xr
from rich import box
from rich.table import Table

from canonica._of_results import of_results


@of_results(found=("subject", "parameter", "estimate", "identified", "group"))
def phenotype_table(found: xr.Dataset) -> Table:
    """Return the median and the middle half of subjects' estimates, by parameter and group.

    Parameters
    ----------
    found : xarray.Dataset
        As `canonica.phenotype` returns it.

    Examples
    --------
    >>> from canonica import phenotype
    >>> from canonica.studies import simulated_choices
    >>> found = phenotype(simulated_choices(0, subjects=2, trials=6), model="rescorla-wagner")
    >>> phenotype_table(found).row_count
    3
    """
    table = Table(
        title="Estimates: median (middle half of subjects)", title_justify="left", title_style="",
        box=box.SIMPLE_HEAD,
    )  # fmt: skip
    groups = list(dict.fromkeys(found["group"].to_numpy().tolist()))
    table.add_column("parameter")
    for group in groups:
        table.add_column(str(group), justify="right")
    table.add_column("identified in", justify="right")
    for name in found["parameter"].to_numpy():
        one = found.sel(parameter=name)
        cells = []
        for group in groups:
            values = one["estimate"].to_numpy()[(one["group"] == group).to_numpy()]
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            cells.append(f"{middle:.3g} ({low:.3g}\N{EN DASH}{high:.3g})")
        known = one["identified"].to_numpy()
        table.add_row(str(name), *cells, f"{known.sum()} of {len(known)}")
    return table
