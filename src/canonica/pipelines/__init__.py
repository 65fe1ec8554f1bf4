"""From files to files: what each command does, to be called from Python with the same result.

Every pipeline takes files or settings and a folder, writes the folder whole or not at all, and
returns what it found::

    from canonica import pipelines

    found = pipelines.analyze("data", "results", progress=print)

`progress` is any function of one `Progress`. A recording that fails is listed in `failures` and
does not stop the others.
"""

from typing import TYPE_CHECKING

from canonica._lazy import lazily

if TYPE_CHECKING:
    from canonica._leftovers import LeftoverWarning
    from canonica.pipelines._analyze import Analysis, analyze
    from canonica.pipelines._condition_forecast import ConditionForecast
    from canonica.pipelines._convert import Converted, convert
    from canonica.pipelines._culture_phenotype import CulturePhenotypeRun, culture_phenotype
    from canonica.pipelines._demo import demo
    from canonica.pipelines._fetch import Fetched, fetch
    from canonica.pipelines._forecast import forecast
    from canonica.pipelines._forecast_plan import ForecastPlan
    from canonica.pipelines._forecasts_found import Forecasts
    from canonica.pipelines._load import load
    from canonica.pipelines._maze import MazeRun, maze, unfinished_maze
    from canonica.pipelines._nothing_usable import NothingUsableError
    from canonica.pipelines._phenotype import PhenotypeRun, phenotype
    from canonica.pipelines._progress import Progress, Told
    from canonica.pipelines._recording_forecast import RecordingForecast
    from canonica.pipelines._report import report
    from canonica.pipelines._validate import Validated, validate, validate_each, write_validations
    from canonica.pipelines.conditions._open_study import open_study
    from canonica.pipelines.conditions._study import Study, study
    from canonica.pipelines.conditions._study_settings import StudySettings
    from canonica.pipelines.conditions._study_warning import StudyWarning
    from canonica.pipelines.exports._export import Export, export
    from canonica.pipelines.playing._play import PlayRun, play, unfinished_play
    from canonica.pipelines.results._kept_pieces import unfinished_pieces
    from canonica.pipelines.results._results_folder import check_results_folder
    from canonica.pipelines.simulations._culture import CultureRun, culture
    from canonica.pipelines.simulations._landscape import LandscapeRun, landscape
    from canonica.pipelines.simulations._lesion import (
        LesionRun,
        lesion,
        lesion_diagram,
        lesion_kinds,
        lesion_restored,
        lesion_task,
    )
    from canonica.pipelines.simulations._perturbation import PerturbationRun, perturbation
    from canonica.pipelines.simulations._recovery import RecoveryRun, recovery
    from canonica.pipelines.simulations._separation import SeparationRun, separation
    from canonica.pipelines.simulations._transplant import (
        TransplantRun,
        transplant,
        unfinished_transplant,
    )
    from canonica.recordings import recording_files

# Loaded when first asked for: a command that needs one does not wait for the others.
_HOMES = {
    "Analysis": "canonica.pipelines._analyze",
    "ConditionForecast": "canonica.pipelines._condition_forecast",
    "Converted": "canonica.pipelines._convert",
    "CulturePhenotypeRun": "canonica.pipelines._culture_phenotype",
    "CultureRun": "canonica.pipelines.simulations._culture",
    "Export": "canonica.pipelines.exports._export",
    "Fetched": "canonica.pipelines._fetch",
    "ForecastPlan": "canonica.pipelines._forecast_plan",
    "Forecasts": "canonica.pipelines._forecasts_found",
    "LandscapeRun": "canonica.pipelines.simulations._landscape",
    "LeftoverWarning": "canonica._leftovers",
    "LesionRun": "canonica.pipelines.simulations._lesion",
    "MazeRun": "canonica.pipelines._maze",
    "NothingUsableError": "canonica.pipelines._nothing_usable",
    "PerturbationRun": "canonica.pipelines.simulations._perturbation",
    "PlayRun": "canonica.pipelines.playing._play",
    "PhenotypeRun": "canonica.pipelines._phenotype",
    "Progress": "canonica.pipelines._progress",
    "RecordingForecast": "canonica.pipelines._recording_forecast",
    "RecoveryRun": "canonica.pipelines.simulations._recovery",
    "SeparationRun": "canonica.pipelines.simulations._separation",
    "Study": "canonica.pipelines.conditions._study",
    "StudySettings": "canonica.pipelines.conditions._study_settings",
    "StudyWarning": "canonica.pipelines.conditions._study_warning",
    "Told": "canonica.pipelines._progress",
    "TransplantRun": "canonica.pipelines.simulations._transplant",
    "Validated": "canonica.pipelines._validate",
    "analyze": "canonica.pipelines._analyze",
    "check_results_folder": "canonica.pipelines.results._results_folder",
    "convert": "canonica.pipelines._convert",
    "culture": "canonica.pipelines.simulations._culture",
    "culture_phenotype": "canonica.pipelines._culture_phenotype",
    "demo": "canonica.pipelines._demo",
    "export": "canonica.pipelines.exports._export",
    "fetch": "canonica.pipelines._fetch",
    "forecast": "canonica.pipelines._forecast",
    "landscape": "canonica.pipelines.simulations._landscape",
    "lesion": "canonica.pipelines.simulations._lesion",
    "lesion_diagram": "canonica.pipelines.simulations._lesion",
    "lesion_kinds": "canonica.pipelines.simulations._lesion",
    "lesion_restored": "canonica.pipelines.simulations._lesion",
    "lesion_task": "canonica.pipelines.simulations._lesion",
    "load": "canonica.pipelines._load",
    "maze": "canonica.pipelines._maze",
    "open_study": "canonica.pipelines.conditions._open_study",
    "perturbation": "canonica.pipelines.simulations._perturbation",
    "phenotype": "canonica.pipelines._phenotype",
    "play": "canonica.pipelines.playing._play",
    "recording_files": "canonica.recordings",
    "recovery": "canonica.pipelines.simulations._recovery",
    "report": "canonica.pipelines._report",
    "separation": "canonica.pipelines.simulations._separation",
    "study": "canonica.pipelines.conditions._study",
    "transplant": "canonica.pipelines.simulations._transplant",
    "unfinished_maze": "canonica.pipelines._maze",
    "unfinished_pieces": "canonica.pipelines.results._kept_pieces",
    "unfinished_play": "canonica.pipelines.playing._play",
    "unfinished_transplant": "canonica.pipelines.simulations._transplant",
    "validate": "canonica.pipelines._validate",
    "validate_each": "canonica.pipelines._validate",
    "write_validations": "canonica.pipelines._validate",
}

__all__ = [
    "Analysis",
    "ConditionForecast",
    "Converted",
    "CulturePhenotypeRun",
    "CultureRun",
    "Export",
    "Fetched",
    "ForecastPlan",
    "Forecasts",
    "LandscapeRun",
    "LeftoverWarning",
    "LesionRun",
    "MazeRun",
    "NothingUsableError",
    "PerturbationRun",
    "PhenotypeRun",
    "PlayRun",
    "Progress",
    "RecordingForecast",
    "RecoveryRun",
    "SeparationRun",
    "Study",
    "StudySettings",
    "StudyWarning",
    "Told",
    "TransplantRun",
    "Validated",
    "analyze",
    "check_results_folder",
    "convert",
    "culture",
    "culture_phenotype",
    "demo",
    "export",
    "fetch",
    "forecast",
    "landscape",
    "lesion",
    "lesion_diagram",
    "lesion_kinds",
    "lesion_restored",
    "lesion_task",
    "load",
    "maze",
    "open_study",
    "perturbation",
    "phenotype",
    "play",
    "recording_files",
    "recovery",
    "report",
    "separation",
    "study",
    "transplant",
    "unfinished_maze",
    "unfinished_pieces",
    "unfinished_play",
    "unfinished_transplant",
    "validate",
    "validate_each",
    "write_validations",
]

__getattr__, __dir__ = lazily(__name__, _HOMES, __all__)
