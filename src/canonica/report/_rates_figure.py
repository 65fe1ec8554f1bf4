"""How plastic networks are: rates with their intervals, and how probable it is that they learn."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from canonica._arguments import checked_arguments
from canonica.report._forecast_table import PlasticityFinding, shortened
from canonica.report._style import BLACK, grid, new_figure
from canonica.reverse_engineering.forecasting import NO_SIGN_BELOW

MOST = 60  # recordings shown of each condition
ROW = 0.3  # inches
FAINT = "0.5"


@checked_arguments
def rates_figure(found: Sequence[PlasticityFinding]) -> Figure:
    """Return the rates of plasticity of recordings, condition below condition.

    Parameters
    ----------
    found : sequence of PlasticityFinding
        What forecasts of any number of recordings say; at least one.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    groups = _groups(found)
    rows = sum(min(len(group), MOST) + 1 for group in groups.values())
    figure = new_figure(9.5, 2.0 + ROW * rows)
    axis = grid(figure, 1, 1)[0, 0]
    place, ticks, labels = 0.0, [], []
    for condition, group in groups.items():
        axis.text(
            0.01,
            place,
            _heading(condition, len(group)),
            transform=axis.get_yaxis_transform(),
            va="center",
            fontweight="bold",
            parse_math=False,
        )
        for one in group[:MOST]:
            place += 1
            _interval(axis, place, one)
            ticks.append(place)
            labels.append(shortened(one.name))
        place += 1.3
    axis.set_yticks(ticks, labels, parse_math=False)
    axis.set(xscale="log", ylim=(place - 0.7, -0.7))
    axis.set_xlabel("rate of plasticity, 1 / prior strength: median and 90 % interval")
    axis.set_title("Plasticity of each recording")
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.92", zorder=-2)
    axis.set_axisbelow(True)
    figure.legend(
        handles=_legend(),
        loc="outside lower center",
        title="P, the probability that it learns at all",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    return figure


def _groups(found: Sequence[PlasticityFinding]) -> dict[str, list[PlasticityFinding]]:
    conditions = sorted({one.condition for one in found})
    return {
        condition: [one for one in found if one.condition == condition] for condition in conditions
    }


def _heading(condition: str, recordings: int) -> str:
    return f"{condition}, first {MOST} of {recordings}" if recordings > MOST else condition


def _interval(axis: Axes, place: float, one: PlasticityFinding) -> None:
    low, median, high = one.rate
    still = one.verdict == "no sign"
    colour = FAINT if still else BLACK
    axis.plot(
        [low, high],
        [place, place],
        color=colour,
        linewidth=1.1 if still else 1.8,
        linestyle=":" if still else "-",
        zorder=2,
    )
    axis.plot(
        median,
        place,
        marker="s" if still else "o",
        markersize=8,
        markerfacecolor=_grey(one.probability_plastic),
        markeredgecolor=colour,
        zorder=3,
    )
    axis.text(
        1.01,
        place,
        _probability(one.probability_plastic),
        transform=axis.get_yaxis_transform(),
        va="center",
        fontsize=9,
        color=colour,
    )


def _grey(probability: float) -> str:
    return f"{1 - probability:.4f}"


def _probability(value: float) -> str:
    """Return a probability that is never rounded to certainty."""
    if value < 0.005:  # noqa: PLR2004 - what two digits would call 0
        return "P < 0.01"
    if value >= 0.995:  # noqa: PLR2004 - and 1
        return "P > 0.99"
    return f"P = {value:.2f}"


def _legend() -> list[Line2D]:
    def marker(probability: float, words: str) -> Line2D:
        return Line2D(
            [],
            [],
            marker="o",
            markersize=8,
            markerfacecolor=_grey(probability),
            markeredgecolor=BLACK,
            color=BLACK,
            linewidth=1.8,
            label=words,
        )

    still = Line2D(
        [],
        [],
        marker="s",
        markersize=8,
        markerfacecolor="1",
        markeredgecolor=FAINT,
        color=FAINT,
        linewidth=1.1,
        linestyle=":",
        label=f"no sign that it learns: P below {NO_SIGN_BELOW:g}",
    )
    return [*(marker(p, f"{p:g}") for p in (0.0, 0.5, 1.0)), still]
