"""Reverse-engineer neural networks under the free-energy principle.

From a recording to the generative model that a culture implicitly holds::

    import canonica

    recordings = canonica.read("culture.nwb")
    results = canonica.reverse_engineer(recordings)

and to a forecast of its later sessions, blind to them, and how good it was::

    forecasts = canonica.forecast(recordings)
    scores = [canonica.score(*both) for both in zip(forecasts, recordings)]

From what subjects chose and got, to lesions of the network that would choose like them::

    estimates = canonica.phenotype("choices.csv")

An agent that was saved comes back with `canonica.load`.

A figure of a recording's results is one call of `canonica.plot`. What the commands do, from files
to files, is in `canonica.pipelines`.
The equations are in `canonica.model`, cultures to practise on in `canonica.simulate`, networks
that act in `canonica.agents`, networks made from problems in `canonica.networks`, values that
lesion them in `canonica.lesions`.
"""

from typing import TYPE_CHECKING

from canonica._errors import CanonicaError, RecordingError, RecordingWarning
from canonica._lazy import lazily
from canonica._version import __version__

if TYPE_CHECKING:
    from canonica import (
        agents,
        data,
        lesions,
        model,
        networks,
        pipelines,
        plot,
        recordings,
        report,
        reverse_engineering,
        simulate,
        studies,
    )
    from canonica.pipelines import load, open_study, study
    from canonica.recordings import from_spikes, read
    from canonica.reverse_engineering import (
        PublishedProtocol,
        forecast,
        forecast_responses,
        reverse_engineer,
        reverse_engineer_responses,
        score,
        score_responses,
        summary,
        sweep,
        validate,
    )
    from canonica.reverse_engineering.phenotype import culture_phenotype, phenotype

# Loaded when first asked for: importing canonica itself costs next to nothing.
_HOMES = {
    "PublishedProtocol": "canonica.reverse_engineering",
    "culture_phenotype": "canonica.reverse_engineering.phenotype",
    "forecast": "canonica.reverse_engineering",
    "forecast_responses": "canonica.reverse_engineering",
    "from_spikes": "canonica.recordings",
    "load": "canonica.pipelines",
    "open_study": "canonica.pipelines",
    "phenotype": "canonica.reverse_engineering.phenotype",
    "read": "canonica.recordings",
    "reverse_engineer": "canonica.reverse_engineering",
    "reverse_engineer_responses": "canonica.reverse_engineering",
    "score": "canonica.reverse_engineering",
    "score_responses": "canonica.reverse_engineering",
    "study": "canonica.pipelines",
    "summary": "canonica.reverse_engineering",
    "sweep": "canonica.reverse_engineering",
    "validate": "canonica.reverse_engineering",
}
_FLOORS = (
    "agents",
    "data",
    "lesions",
    "model",
    "networks",
    "pipelines",
    "plot",
    "recordings",
    "report",
    "reverse_engineering",
    "simulate",
    "studies",
)
_HOMES |= {floor: f"canonica.{floor}" for floor in _FLOORS}

__all__ = [
    "CanonicaError",
    "PublishedProtocol",
    "RecordingError",
    "RecordingWarning",
    "__version__",
    "agents",
    "culture_phenotype",
    "data",
    "forecast",
    "forecast_responses",
    "from_spikes",
    "lesions",
    "load",
    "model",
    "networks",
    "open_study",
    "phenotype",
    "pipelines",
    "plot",
    "read",
    "recordings",
    "report",
    "reverse_engineer",
    "reverse_engineer_responses",
    "reverse_engineering",
    "score",
    "score_responses",
    "simulate",
    "studies",
    "study",
    "summary",
    "sweep",
    "validate",
]

__getattr__, __dir__ = lazily(__name__, _HOMES, __all__)
