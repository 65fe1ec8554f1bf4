"""Whether the posterior of plasticity is right, in one figure."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._errors import how_many
from canonica._of_results import of_results
from canonica.report._style import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION, grid, new_figure
from canonica.studies import calibration_summary, detection_summary

TAIL = 0.025  # of the bands, on either side
MEMORY_STYLES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", ":"), (SKY, "v", "-."))
APART = 1.06  # intervals of one prior strength, so that both are seen
DASHED: dict[str, Any] = {"color": VERMILION, "linewidth": 1.2, "linestyle": "--"}


@of_results(
    recovery=(
        "true_prior_strength",
        "prior_strength",
        "log_evidence",
        "draw",
        "clear",
        "initial_sessions",
        "trials_per_session",
    ),
    detection=("frozen_log_evidence", "memory", "clear"),
)
def calibration_figure(recovery: xr.Dataset, detection: xr.Dataset) -> Figure:
    """Return truth against estimate, ranks, probabilities against shares, and power.

    Parameters
    ----------
    recovery : xarray.Dataset
        As `canonica.studies.plasticity_calibration` returns it.
    detection : xarray.Dataset
        As `plasticity_detection` of the same module returns it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    CanonicaError
        If what is given are not these studies.

    Examples
    --------
    >>> from canonica.reverse_engineering.forecasting import Canonical
    >>> from canonica.studies import plasticity_calibration, plasticity_detection
    >>> some = {"model": Canonical(rates=5, memories=(1.0, float("inf"))), "initial_sessions": 3}
    >>> some |= {"trials_per_session": 8, "inputs": 4, "draws": 2}
    >>> detection = plasticity_detection(0, frozen=2, strengths=2, **some)
    >>> len(calibration_figure(plasticity_calibration(0, **some), detection).axes)
    4
    """
    summary = calibration_summary(recovery)
    figure = new_figure(11, 9)
    sessions, trials = (recovery.attrs[n] for n in ("initial_sessions", "trials_per_session"))
    figure.suptitle(
        "Posterior of plasticity, from "
        f"{how_many(sessions, 'simulated session')} of {how_many(trials, 'trial')}"
    )
    axes = grid(figure, 2, 2)
    _recovered(axes[0, 0], recovery)
    _ranks(axes[0, 1], summary, recovery.sizes["draw"])
    _probabilities(axes[1, 0], summary)
    _power(axes[1, 1], detection)
    return figure


def _recovered(axis: Axes, recovery: xr.Dataset) -> None:
    truth = recovery["true_prior_strength"].to_numpy()
    low, median, high = (
        recovery["prior_strength"].sel(quantile=q).to_numpy() for q in (0.05, 0.5, 0.95)
    )
    clear = recovery["log_evidence"].sel(kind="plastic").to_numpy() >= recovery.attrs["clear"]
    for chosen, colour, marker, label in (
        (~clear, "0.6", ".", "evidence not clear"),
        (clear, BLUE, "o", f"evidence at least {recovery.attrs['clear']:g} nats"),
    ):
        axis.errorbar(
            truth[chosen],
            median[chosen],
            (median - low, high - median) @ np.eye(len(truth))[:, chosen],
            fmt=marker,
            markersize=3.5,
            color=colour,
            elinewidth=0.5,
            label=label,
        )
    ends = [truth.min(), truth.max()]
    axis.plot(ends, ends, **DASHED, zorder=5)
    axis.set(
        xscale="log",
        yscale="log",
        xlabel="true prior strength (trials)",
        ylabel="posterior median and 90 % interval (trials)",
        title="Prior strength, plastic networks",
    )
    axis.legend(frameon=False, fontsize=8, loc="lower right")


def _ranks(axis: Axes, summary: xr.Dataset, draws: int) -> None:
    count = summary["rank_count"].to_numpy()
    bins = len(count)
    from scipy.stats import binom  # noqa: PLC0415  (slow to load)

    low, high = binom.ppf([TAIL, 1 - TAIL], draws, 1 / bins)
    axis.axhspan(low, high, color=SKY, alpha=0.3, lw=0, label="95 % of bins, if uniform")
    axis.axhline(draws / bins, **DASHED)
    place = (np.arange(bins) + 0.5) / bins
    axis.bar(place, count, 0.9 / bins, color=BLUE, label="networks")
    axis.set(
        xlabel="posterior probability of a smaller prior strength",
        ylabel="plastic networks",
        ylim=(0, 1.35 * max(count.max(), high)),
        title=(
            "Ranks of the truth\nKolmogorov-Smirnov p = "
            f"{float(summary['rank_kolmogorov_smirnov_p']):.2g}, "
            f"$\\chi^2$ p = {float(summary['rank_chi_square_p']):.2g}"
        ),
    )
    axis.legend(frameon=False, fontsize=8, loc="upper right")


def _probabilities(axis: Axes, summary: xr.Dataset) -> None:
    axis.plot([0, 1], [0, 1], **DASHED, label="calibrated")
    axis.errorbar(
        summary["predicted"],
        summary["observed"],
        2 * summary["observed_error"],
        fmt="o",
        color=BLUE,
        elinewidth=1,
        label="groups of as many networks; 2 standard errors",
    )
    axis.set(
        xlim=(-0.02, 1.02),
        ylim=(-0.05, 1.1),
        xlabel="posterior probability that the network is plastic",
        ylabel="share of networks that are",
        title=(
            f"Is it plastic? Brier score {float(summary['brier']):.3f}, "
            f"if calibrated {float(summary['brier_expected']):.3f}"
        ),
    )
    axis.legend(frameon=False, fontsize=8, loc="upper left")


def _power(axis: Axes, detection: xr.Dataset) -> None:
    summary = detection_summary(detection)
    styles = zip(detection["memory"], MEMORY_STYLES, strict=False)
    for number, (memory, (colour, marker, line)) in enumerate(styles):
        power, ends = (summary[name].sel(memory=memory) for name in ("power", "power_interval"))
        sessions = float(memory)
        axis.errorbar(
            summary["strength"] * APART**number,
            power,
            np.abs(ends.transpose("end", ...) - power),
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=4,
            elinewidth=0.8,
            label="it never forgets" if np.isinf(sessions) else f"memory of {sessions:g} sessions",
        )
    share = float(summary["false_alarms"])
    low, high = summary["false_alarms_interval"].to_numpy()
    axis.axhspan(low, high, color="0.85", lw=0, zorder=0)
    axis.axhline(share, color=BLACK, linewidth=1, zorder=1, label=f"not plastic: {share:.1%}")
    axis.set(
        xscale="log",
        ylim=(-0.03, 1.05),
        xlabel="true prior strength (trials)",
        ylabel=f"networks with evidence of {detection.attrs['clear']:g} nats or more",
        title="Power and false alarms, 95 % intervals",
    )
    axis.legend(frameon=False, fontsize=8, loc="upper right")
