"""Every command that writes results, on inputs so small that it takes seconds."""

from dataclasses import dataclass
from pathlib import Path

from canonica.agents import SwitchingBandit, bandit_agent
from canonica.pipelines import analyze
from canonica.recordings import write
from canonica.studies import simulated_choices
from torture._command import Command
from torture._sound_files import culture

MAZE = "--mazes 2 --trials 2 --max-steps 60 --height 7 --width 11 --window 5"
SIMULATED = "--sessions 2 --trials-per-session 32 --samples 2"
OTHER = 2  # the variant of a job whose results new ones take the place of


@dataclass(frozen=True)
class Job:
    """A command, which writes to ``out`` or to files of that stem, in the folder it is run in.

    Parameters
    ----------
    name : str
        As it is listed.
    words : str
        Its arguments; ``{variant}`` stands for a number that changes all results, and ``{inputs}``
        for the folder with recordings.
    again : str
        The option with which it replaces what is there, if it needs one.
    resumable : bool
        Whether it keeps what it has, and takes ``--resume``.
    """

    name: str
    words: str
    again: str = "--overwrite"
    resumable: bool = False

    def arguments(self, inputs: Path, *more: str, variant: int = 1) -> list[str]:
        """Return all that follows `canonica`."""
        words = [word.format(inputs=inputs, variant=variant) for word in self.words.split()]
        return [*words, *filter(None, more)]

    def start(self, inputs: Path, folder: Path, *more: str, variant: int = 1) -> Command:
        """Start it in a folder."""
        return Command(self.arguments(inputs, *more, variant=variant), folder=folder)


LESIONED = "--sessions 2 --networks 2"
CULTURE = "{inputs}/culture-{variant}.nwb"
JOBS = (
    Job("convert", f"convert {CULTURE} out.parquet"),
    Job("analyze", f"analyze {CULTURE} --out out"),
    Job("maze", f"maze {MAZE} --animation none --seed {{variant}} --out out", resumable=True),
    Job("forecast", f"forecast {CULTURE} --against persistence --seed {{variant}} --out out"),
    Job("validate", f"validate {CULTURE} --json out.json", again=""),
    Job("convert to MATLAB", f"convert {CULTURE} out.mat"),
    Job("convert to NWB", "convert {inputs}/culture-{variant}.csv out.nwb"),
    Job("convert to CSV", f"convert {CULTURE} out.csv"),
    Job(
        "transplant",
        f"maze transplant {MAZE} --prior-right 0.25 --seed {{variant}} --out out",
        resumable=True,
    ),
    Job(
        "separation",
        f"simulate separation {SIMULATED} --seed {{variant}} --out out",
        resumable=True,
    ),
    Job(
        "landscape", f"simulate landscape {SIMULATED} --animation none --seed {{variant}} --out out"
    ),
    Job(
        "perturbation",
        f"simulate perturbation {SIMULATED} --seed {{variant}} --out out",
        resumable=True,
    ),
    Job(
        "recovery",
        "simulate recovery --draws 20 --sessions 11 --trials-per-session 64 --seed {variant} "
        "--out out",
        resumable=True,
    ),
    Job(
        "culture",
        "simulate culture --sessions 2 --trials-per-session 32 --electrodes 8 --inputs 4 "
        "--seed {variant} --out out.nwb --figure out.png",
    ),
    Job("report", "report {inputs}/analyzed-{variant} --out out.html"),
    Job("study", "study {inputs}/study-{variant}.csv --model ridge --out out", resumable=True),
    Job(
        "phenotype",
        "phenotype {inputs}/choices-{variant}.csv --model win-stay-lose-shift --compare habit "
        "--out out",
    ),
    Job(
        "cultures",
        f"culture-phenotype {CULTURE} --initial-sessions 3 --out out",
    ),
    Job(
        "lesion",
        f"lesion run state-prior plasticity {LESIONED} --seed {{variant}} --out out",
        resumable=True,
    ),
    Job(
        "diagram",
        f"lesion diagram state-prior plasticity {LESIONED} --seed {{variant}} --out out",
        resumable=True,
    ),
    Job(
        "restore",
        "lesion restore --restored-after 2 --networks 2 --seed {variant} --out out",
    ),
    Job("export", "export {inputs}/agent-{variant}.npz --to stablehlo --out out"),
    Job(
        "play",
        "play canonica/TMaze-v0 --set corridor=2 --episodes 30 --seed {variant} --out out",
        resumable=True,
    ),
    Job("demo", "demo --cultures 1 --seed {variant} --out out", again=""),
)


def write_inputs(folder: Path) -> None:
    """Write the recordings, tables and results that jobs read."""
    for variant in (1, OTHER):
        trains = culture(variant)
        path = folder / f"culture-{variant}.nwb"
        write(path, trains)
        write(folder / f"culture-{variant}.csv", trains.recording())
        analyze(path, folder / f"analyzed-{variant}")
        bandit_agent(SwitchingBandit(), max_steps=variant).save(folder / f"agent-{variant}.npz")
        choices = simulated_choices(variant, subjects=3, trials=12)
        choices.to_csv(folder / f"choices-{variant}.csv", index=False)
    for variant, other in ((1, OTHER), (OTHER, 1)):
        rows = f"culture-{variant}.nwb,ctrl\nculture-{other}.nwb,drug\n"
        table = folder / f"study-{variant}.csv"
        table.write_text(f"file,condition\n{rows}", encoding="utf-8")
