"""Figures and tables made from results; nothing is computed here that a result does not say."""

from typing import TYPE_CHECKING

from canonica._lazy import lazily

if TYPE_CHECKING:
    from canonica.report._calibration_figure import calibration_figure
    from canonica.report._comparisons_table import comparisons_table
    from canonica.report._culture_figure import culture_figure
    from canonica.report._estimation_figure import estimation_figure
    from canonica.report._figure import condition_figure, figure_part
    from canonica.report._forecast_figure import forecast_figure, forecast_part
    from canonica.report._forecast_table import (
        ForecastSummary,
        PlasticityFinding,
        evidence_sentence,
        forecast_table,
        plasticity_found,
        recording_scores,
    )
    from canonica.report._landscape_figure import (
        animation_suffix,
        landscape_figure,
        write_animation,
    )
    from canonica.report._learning_table import (
        learning_sentences,
        learning_table,
        transplant_sentences,
        transplant_table,
        trial_names,
    )
    from canonica.report._lesion_figures import (
        dose_response_figure,
        phase_diagram_figure,
        restoration_figure,
        signatures_figure,
    )
    from canonica.report._lesion_tables import lesions_table, signatures_table
    from canonica.report._maze_figure import maze_figure
    from canonica.report._maze_scene_figure import scene_figure, write_scene_animation
    from canonica.report._perturbation_figure import perturbation_figure
    from canonica.report._phenotype_figure import phenotype_figure
    from canonica.report._phenotype_table import phenotype_table
    from canonica.report._play_figure import play_figure, write_frames
    from canonica.report._play_table import play_table
    from canonica.report._rates_figure import rates_figure
    from canonica.report._recovery_figure import recovery_figure
    from canonica.report._separation_figure import separation_figure
    from canonica.report._simulation_tables import simulation_table
    from canonica.report._style import FigureFormat, write_figure
    from canonica.report._table import summary_table, write_recordings_csv
    from canonica.report._transplant_figure import transplant_figure
    from canonica.report._worlds_figure import CurvesPanel, worlds_figure

# Loaded when first asked for: a command that needs one part does not wait for the others.
_HOMES = {
    "CurvesPanel": "canonica.report._worlds_figure",
    "FigureFormat": "canonica.report._style",
    "ForecastSummary": "canonica.report._forecast_table",
    "PlasticityFinding": "canonica.report._forecast_table",
    "animation_suffix": "canonica.report._landscape_figure",
    "calibration_figure": "canonica.report._calibration_figure",
    "comparisons_table": "canonica.report._comparisons_table",
    "condition_figure": "canonica.report._figure",
    "culture_figure": "canonica.report._culture_figure",
    "dose_response_figure": "canonica.report._lesion_figures",
    "estimation_figure": "canonica.report._estimation_figure",
    "evidence_sentence": "canonica.report._forecast_table",
    "figure_part": "canonica.report._figure",
    "forecast_figure": "canonica.report._forecast_figure",
    "forecast_part": "canonica.report._forecast_figure",
    "forecast_table": "canonica.report._forecast_table",
    "landscape_figure": "canonica.report._landscape_figure",
    "learning_sentences": "canonica.report._learning_table",
    "learning_table": "canonica.report._learning_table",
    "lesions_table": "canonica.report._lesion_tables",
    "maze_figure": "canonica.report._maze_figure",
    "perturbation_figure": "canonica.report._perturbation_figure",
    "phase_diagram_figure": "canonica.report._lesion_figures",
    "phenotype_figure": "canonica.report._phenotype_figure",
    "phenotype_table": "canonica.report._phenotype_table",
    "plasticity_found": "canonica.report._forecast_table",
    "rates_figure": "canonica.report._rates_figure",
    "recording_scores": "canonica.report._forecast_table",
    "play_figure": "canonica.report._play_figure",
    "play_table": "canonica.report._play_table",
    "recovery_figure": "canonica.report._recovery_figure",
    "restoration_figure": "canonica.report._lesion_figures",
    "scene_figure": "canonica.report._maze_scene_figure",
    "separation_figure": "canonica.report._separation_figure",
    "signatures_figure": "canonica.report._lesion_figures",
    "signatures_table": "canonica.report._lesion_tables",
    "simulation_table": "canonica.report._simulation_tables",
    "summary_table": "canonica.report._table",
    "transplant_figure": "canonica.report._transplant_figure",
    "transplant_sentences": "canonica.report._learning_table",
    "transplant_table": "canonica.report._learning_table",
    "trial_names": "canonica.report._learning_table",
    "worlds_figure": "canonica.report._worlds_figure",
    "write_animation": "canonica.report._landscape_figure",
    "write_frames": "canonica.report._play_figure",
    "write_figure": "canonica.report._style",
    "write_recordings_csv": "canonica.report._table",
    "write_scene_animation": "canonica.report._maze_scene_figure",
}

__all__ = [
    "CurvesPanel",
    "FigureFormat",
    "ForecastSummary",
    "PlasticityFinding",
    "animation_suffix",
    "calibration_figure",
    "comparisons_table",
    "condition_figure",
    "culture_figure",
    "dose_response_figure",
    "estimation_figure",
    "evidence_sentence",
    "figure_part",
    "forecast_figure",
    "forecast_part",
    "forecast_table",
    "landscape_figure",
    "learning_sentences",
    "learning_table",
    "lesions_table",
    "maze_figure",
    "perturbation_figure",
    "phase_diagram_figure",
    "phenotype_figure",
    "phenotype_table",
    "plasticity_found",
    "play_figure",
    "play_table",
    "rates_figure",
    "recording_scores",
    "recovery_figure",
    "restoration_figure",
    "scene_figure",
    "separation_figure",
    "signatures_figure",
    "signatures_table",
    "simulation_table",
    "summary_table",
    "transplant_figure",
    "transplant_sentences",
    "transplant_table",
    "trial_names",
    "worlds_figure",
    "write_animation",
    "write_figure",
    "write_frames",
    "write_recordings_csv",
    "write_scene_animation",
]

__getattr__, __dir__ = lazily(__name__, _HOMES, __all__)
