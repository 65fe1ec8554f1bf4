"""One small call of every public function, so that all of them can be run under any settings.

Each example takes `Material`, what functions are given, made when first asked for. What is of
JAX there (models, agents, mazes) is made under the settings of the moment.
"""

import io
import threading
from contextlib import contextmanager
from functools import cached_property, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

import canonica
import canonica.plot
import canonica.report.html
from canonica import (
    agents,
    data,
    lesions,
    model,
    networks,
    pipelines,
    recordings,
    report,
    simulate,
    studies,
)
from canonica import reverse_engineering as reverse
from canonica.agents import experiments
from canonica.pipelines.results._read_results import read_results
from canonica.reverse_engineering import conditions, forecasting
from canonica.reverse_engineering import phenotype as phenotyping
from canonica.studies.lesions import tasks as lesion_tasks

SIZES = {"sessions": 12, "trials_per_session": 24, "inputs": 4}
BRIEF = {"sessions": 2, "trials_per_session": 8, "inputs": 4, "samples": 2}
MAZE = {"height": 5, "width": 7, "window": 3, "max_steps": 20}
TASK = {"mazes": 2, "trials": 2, **MAZE}
SPIKES = {
    "times": [np.array([0.115, 0.12, 1.02, 2.018]), np.array([1.021, 3.012, 3.013])],
    "onsets": np.array([0.1, 1.0, 2.0, 3.0]),
    "stimuli": np.array([[1, 0], [0, 1], [1, 1], [1, 0]]),
    "sources": np.array([[1, 0], [0, 1], [1, 1], [0, 0]]),
    "trials_per_session": 2,
}
LESIONED = lesion_tasks.SeparationTask(
    sessions=2, trials_per_session=8, inputs=4, measured_sessions=1
)
SIGNATURE = {
    "lesion": "plasticity", "strength": 0.0, "measure": "reward", "intact": 0.7,
    "difference": -0.2, "low": -0.3, "high": -0.1,
}  # fmt: skip
ERRORS = {"new": [0.1, 0.2, 0.1, 0.25], "old": [0.2, 0.4, 0.1, 0.3]}


class Material:
    """What the examples are given, and a folder for what they write."""

    def __init__(self, folder):
        self.folder = folder

    # Recordings.

    @cached_property
    def culture(self):
        return simulate.culture(2, electrodes=24, **SIZES)

    @cached_property
    def trains(self):
        return simulate.spike_trains(2, electrodes=24, **SIZES)

    @cached_property
    def result(self):
        return canonica.reverse_engineer(self.culture)

    @cached_property
    def known(self):
        return canonica.forecast(self.culture, model="ridge", initial_sessions=10)

    @cached_property
    def plastic(self):
        """A default forecast, which says how plastic the culture was."""
        return canonica.forecast(self.culture, initial_sessions=10)

    @cached_property
    def scores(self):
        return canonica.score(self.known, self.culture)

    @cached_property
    def ensembles(self):
        return reverse.ensemble_response(self.culture, canonica.PublishedProtocol())

    @cached_property
    def ready(self):
        (ready,) = forecasting.normalised([self.culture], canonica.PublishedProtocol())
        return ready

    @property
    def responses(self):
        return {
            "response": np.random.default_rng(0).uniform(size=(2, 12 * 24)),
            "stimuli": self.culture["stimuli"].to_numpy(),
            "trials_per_session": 24,
        }

    @cached_property
    def file(self):
        return self.written("culture.parquet")

    def written(self, name):
        path = self.folder / name
        recordings.write(path, self.culture)
        return path

    @cached_property
    def table(self):
        """A study's table: of three cultures in each of two conditions."""
        made = [
            self.culture.assign_attrs(name=f"c{number}", condition="ab"[number // 3])
            for number in range(6)
        ]
        results = [canonica.reverse_engineer(one) for one in made]
        return canonica.summary(results)

    @property
    def design(self):
        return conditions.StudyDesign.of(self.table)

    @cached_property
    def comparisons(self):
        return conditions.compare_conditions(self.table, self.design, quantities=["response_error"])

    # The model floor, in the precision of the moment.

    @cached_property
    def model(self):
        counts = np.random.default_rng(0).uniform(1, 9, (3, 2, 2, 3, 3))
        prior = jnp.array([[0.4, 0.5, 0.6], [0.6, 0.5, 0.4]])
        return model.GenerativeModel(
            likelihood_counts=jnp.asarray(counts[0]),
            state_prior=prior,
            transition_counts=jnp.asarray(counts[1]),
            policy_counts=jnp.asarray(counts[2]),
            decision_prior=prior,
        )

    @property
    def counts(self):
        return self.model.likelihood_counts

    @cached_property
    def seen(self):
        return jnp.asarray([[1.0, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]])

    @cached_property
    def beliefs(self):
        return self.model.infer(self.seen)

    @cached_property
    def network(self):
        return model.canonical_network(self.model)

    @cached_property
    def controlled(self):
        layers = model.GenerativeModel(self.counts, self.model.state_prior)
        return model.ControlledModel(layers, self.counts[None] + 1, factors=(3,))

    @property
    def acted(self):
        done = jnp.ones_like(self.seen[:, :1])
        return self.seen, done, self.controlled.infer(self.seen, done)

    @property
    def shares(self):
        return self.seen + 0.5, self.seen + 2

    @property
    def encoder(self):
        return simulate.initial_model(jax.random.key(0), inputs=4)

    # Agents.

    @property
    def walls(self):
        """A maze that nothing was drawn for."""
        rows = ("#######", "# #   #", "# # # #", "#   #  ", "#######")
        return agents.Maze(jnp.array([[cell == "#" for cell in row] for row in rows]), window=3)

    @cached_property
    def bandit(self):
        return agents.bandit_agent(agents.SwitchingBandit(), max_steps=10)

    @cached_property
    def double_bandit(self):
        """An agent is of the precision that it was made in: this one always of float64."""
        with jax.enable_x64(True):
            return agents.bandit_agent(agents.SwitchingBandit(), max_steps=10)

    @cached_property
    def mazes(self):
        return agents.maze_experiment(**TASK)

    @property
    def learned(self):
        return agents.learning_summary(self.mazes, block=1)

    @cached_property
    def moved(self):
        return agents.transplant(self.mazes)

    @property
    def moved_summary(self):
        return agents.transplant_summary(self.moved, block=1)

    @property
    def one_group(self):
        return self.moved.isel(group=0), self.moved_summary.isel(group=0)

    @cached_property
    def store(self):
        store = self.folder / "store"
        agents.maze_experiment(**TASK, store=store)
        return store

    @cached_property
    def recorded(self):
        return agents.recorded_trials(self.store, frames=4)

    @cached_property
    def scene(self):
        """A scene of an agent that made two moves to the right: of float64, as that of a bandit."""
        with jax.enable_x64(True):
            agent, way = agents.maze_agent(self.walls), [int(self.walls.start)]
            state = agent.init()
            for _ in range(2):
                way.append(int(self.walls.next_place[way[-1], 3]))
            record = agents.Record(*map(jnp.array, (way[:2], [255, 255], [3, 3], [0.0, 0.0])))
        return agents.scene(agent, state, self.walls, record, steps=2)

    # Networks from problems.

    @cached_property
    def problem(self):
        return networks.Pomdp(
            [np.array([[0.8, 0.2], [0.2, 0.8]])], [np.tile(np.eye(2)[:, :, None], 2)],
            reward=np.eye(2), discount=0.5,
        )  # fmt: skip

    @cached_property
    def plan(self):
        return networks.solve(self.problem, beliefs=6)

    @cached_property
    def conversion(self):
        return networks.from_pomdp(self.problem, episodes=4, steps=4)

    # Simulations.

    @cached_property
    def recovered(self):
        return studies.recovery(
            0, draws=2, sessions=11, trials_per_session=16, inputs=4, noise=[0.0]
        )

    @cached_property
    def choices(self):
        return studies.simulated_choices(0, subjects=2, trials=6)

    @cached_property
    def phenotypes(self):
        return canonica.phenotype(self.choices, model="win-stay-lose-shift")

    @cached_property
    def landscape(self):
        return simulate.simulated_landscape(0, **BRIEF, resolution=9)

    @cached_property
    def separated(self):
        return simulate.separation(0, **BRIEF)

    @cached_property
    def perturbed(self):
        return simulate.perturbation(0, alpha=[0.4, 0.5], beta=[0.0, 0.1], **BRIEF)

    @cached_property
    def estimated(self):
        return simulate.alpha_from_activity(
            0, alpha=[0.3, 0.5], sessions=2, trials_per_session=8, inputs=4
        )

    @cached_property
    def calibrated(self):
        return studies.plasticity_calibration(
            0, draws=2, initial_sessions=3, trials_per_session=8, inputs=4
        )

    @cached_property
    def detected(self):
        return studies.plasticity_detection(
            0, draws=2, frozen=4, strengths=2, memories=(np.inf,), initial_sessions=3,
            trials_per_session=8, inputs=4,
        )  # fmt: skip

    @cached_property
    def lesion_doses(self):
        return studies.lesions.dose_response(
            0, ["state prior"], task=LESIONED, doses={"state prior": [0.2]}, networks=2
        )

    @cached_property
    def lesion_diagram(self):
        return studies.lesions.phase_diagram(
            0, "state prior", "sensory precision", task=LESIONED, first_strengths=[0.2, 0.5],
            second_strengths=[0.5, 1.0], networks=2,
        )  # fmt: skip

    @cached_property
    def lesion_restored(self):
        task = lesion_tasks.BanditTask(trials=2, pulls=10, measured_trials=1)
        return studies.lesions.restoration(0, task=task, restored_after=1, networks=2)

    @property
    def finding(self):
        return report.plasticity_found(self.plastic.attrs)

    def image(self, figure):
        """Return the bytes of a figure."""
        image = io.BytesIO()
        figure.savefig(image, dpi=20)
        return image.getvalue()

    def file_of(self, name, write):
        """Return what a function writes to a path."""
        path = self.folder / name
        write(path)
        return path.read_bytes()

    def folder_of(self, name, pipeline, *args, out="out", **settings):
        """Return a new folder with what a pipeline writes to it."""
        folder = self.folder / name
        folder.mkdir()
        pipeline(*args, out=folder / out, **settings)
        return folder


@contextmanager
def served(folder):
    """Serve a folder on this machine, and return its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetched(fetch, given):
    """Return what is fetched of a server that has one file."""
    path = given.folder / "served" / "HEAD" / "invitro" / "response_data_ctrl.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    recordings.write_matlab(path, [given.culture])
    with served(given.folder / "served") as address:
        found = fetch(conditions="ctrl", base_url=address, folder=given.folder / fetch.__module__)
    return [path.read_bytes() for path in found] if isinstance(found, list) else found


def studied(given, name="study"):
    recordings.write(given.folder / "b.parquet", simulate.culture(3, electrodes=24, **SIZES))
    files = {"a": given.file.name, "b": "b.parquet"}
    rows = [{"file": file, "condition": name, "animal": name} for name, file in files.items()]
    table = given.folder / "study.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    settings = pipelines.StudySettings(model="ridge")
    return given.folder_of(name, canonica.study, table, settings=settings)


def opened_study(given):
    """Return the results of a study as one, computed."""
    return canonica.open_study(studied(given, "study-opened") / "out").compute()


def phenotyped(given):
    table = given.folder / "choices.csv"
    given.choices.to_csv(table, index=False)
    return given.folder_of(
        "phenotype", pipelines.phenotype, table, model="win-stay-lose-shift", compare=[]
    )


def reported(given):
    """Return the page of a folder of results."""
    folder = given.folder_of("reported", pipelines.analyze, given.file)
    return pipelines.report(folder / "out").read_bytes()


def page(given):
    folder = given.folder_of("page", pipelines.analyze, given.file)
    return report.html.document(read_results(folder / "out"))


def written_sessions(given):
    folder = given.folder / "sessions"
    recordings.experiments.write_sessions(folder, given.trains)
    return folder


def recordings_to(content, out):
    recordings.write(out, content)


def decision_table(given):
    """Return a table of moves of one agent."""
    path = given.folder / "moves.csv"
    path.write_text("trial,move\n1,up\n1,right\n2,left\n", encoding="utf-8")
    return path


def lake_and_agent():
    """Return an agent that knows nothing, and its world."""
    lake = gymnasium.make("FrozenLake-v1")
    return agents.agent_for(lake), lake


def played():
    """Return what two agents did in a world."""
    lake = gymnasium.make("FrozenLake-v1")
    each = [agents.play(agents.RandomAgent(lake, seed), lake, episodes=3) for seed in (0, 1)]
    return xr.concat(each, xr.Variable("agent", ["one", "other"]), combine_attrs="override")


def written_frames(given):
    """Return a folder with a film of two pictures."""
    folder = given.folder / "film"
    folder.mkdir()
    frames = [np.full((4, 6, 3), level, np.uint8) for level in (0, 200)]
    report.write_frames(frames, folder / "film.gif")
    return folder


def agent_file(given):
    """Return a file of an agent in double precision."""
    path = given.folder / "bandit.npz"
    given.double_bandit.save(path)
    return path


def problem_file(given):
    """Return a file of a problem with one state."""
    path = given.folder / "one.pomdp"
    text = "discount: 0.5\nvalues: reward\nstates: 1\nactions: 1\nobservations: 1\n"
    path.write_text(text + "T: 0 identity\nO: 0 uniform\nR: 0 : 0 : 0 : 0 1\n", encoding="utf-8")
    return path


def by_model(given):
    """Return scores with the dimension that those of several models have."""
    return given.scores.expand_dims(model=["ridge"])


def forecast_part(given):
    states = given.known.sizes["source_state"]
    return report.forecast_part(given.known, np.full((12, 2, states), 0.5), by_model(given))


def curves():
    share = xr.DataArray([[0.0, 1], [1, 1]], {"trial": [1, 2]}, ("agent", "trial"))
    return report.CurvesPanel("Lamp", "share", {"all": share}, block=1, levels={"chance": 0.5})


FLOOR_1 = {
    "accuracy": lambda m: model.accuracy(m.model, m.seen, m.beliefs.states),
    "accuracy_of_counts": lambda m: model.accuracy_of_counts(m.model, m.counts),
    "adaptation": lambda m: model.adaptation(m.network.weight),
    "both_values": lambda m: model.both_values(m.beliefs.states),
    "canonical_factors": lambda m: model.canonical_factors(*m.shares),
    "canonical_network": lambda m: model.canonical_network(m.model),
    "coincidence": lambda m: model.coincidence(m.seen, m.beliefs.states, m.seen[:, 0]),
    "complexity": lambda m: model.complexity(m.model, m.beliefs, epsilon=1e-6),
    "controlled_cost": lambda m: model.controlled_cost(
        model.controlled_network(m.controlled), *m.acted[:2], model.Activity(*m.acted[2])
    ),
    "controlled_free_energy": lambda m: model.controlled_free_energy(m.controlled, *m.acted),
    "controlled_model": lambda m: model.controlled_model(model.controlled_network(m.controlled)),
    "controlled_network": lambda m: model.controlled_network(m.controlled),
    "cost": lambda m: model.cost(m.network, m.seen, m.network.run(m.seen), epsilon=1e-6),
    "decisive_log_odds": lambda m: model.decisive_log_odds(m.network.weight[1]),
    "exact_factors": lambda m: model.exact_factors(*m.shares),
    "exact_factors_of_many": lambda m: model.exact_factors_of_many(*m.shares),
    "expected_log_parameter": lambda m: model.expected_log_parameter(m.counts, "exact"),
    "expected_parameter": lambda m: model.expected_parameter(m.counts),
    "free_energy": lambda m: model.free_energy(m.model, m.seen, m.beliefs, epsilon=1e-6),
    "generative_model": lambda m: model.generative_model(m.network),
    "log_evidence": lambda m: model.log_evidence(
        model.expected_log_parameter(m.counts), m.seen
    ),
    "negative_entropy": lambda m: model.negative_entropy(m.beliefs.states, 1e-6),
    "negative_entropy_of_log_odds": lambda m: model.negative_entropy_of_log_odds(m.seen),
    "with_policies": lambda m: model.with_policies(
        model.CanonicalNetwork(m.network.weight, m.network.threshold_factor),
        m.network.weight[1], m.network.weight[1, :, 0],
    ),
    "present": lambda m: model.present(m.seen, "observations"),
    "previous_in_time": lambda m: model.previous_in_time(m.seen, m.seen[0]),
    "prior_sums": lambda _: model.prior_sums(3e3, neurons=2, inputs=3),
    "quotient_of_products": lambda m: model.quotient_of_products(*m.shares, group=2),
    "shares": lambda m: model.shares(
        *(model.quotient_of_products(one, one[::-1] + 1, group=2) for one in m.shares)
    ),
    "synaptic_sums": lambda m: model.synaptic_sums(m.beliefs.states, m.seen, m.seen[:, 0]),
    "synaptic_sums_beside_prior": lambda m: model.synaptic_sums_beside_prior(
        m.beliefs.states, m.seen
    ),
    "total": lambda m: model.total(m.seen),
}  # fmt: skip
# These give what they make in the precision that JAX has at the moment, and say so.
FOLLOWING = {
    "lesions.lesioned": lambda _: lesions.lesioned(
        simulate.initial_model(jax.random.key(0), inputs=4), lesions.StatePrior(0.2)
    ),
    **{f"model.{name}": example for name, example in FLOOR_1.items()},
    "agents.agent_with_prior": lambda m: agents.agent_with_prior(
        m.walls, agents.sequences(4, 2), agents.first_move_prior(agents.sequences(4, 2), [0.25] * 4)
    ),
    "agents.bandit_agent": lambda m: m.bandit,
    "agents.efficient_agent": lambda m: agents.efficient_agent(m.walls, length=2),
    "agents.maze_agent": lambda m: agents.maze_agent(m.walls),
    "agents.maze_walls": lambda _: agents.maze_walls(jax.random.key(0), height=5, width=7),
    "agents.sensing_agent": lambda _: agents.sensing_agent(3, 2),
    "agents.t_maze_agent": lambda _: agents.t_maze_agent(agents.TMaze(corridor=1), max_steps=8),
    "agents.trial": lambda m: agents.trial(
        m.bandit, m.bandit.init(), agents.SwitchingBandit(), jax.random.key(1), max_steps=10
    ),
    "simulate.biased_log_evidence": lambda m: simulate.biased_log_evidence(
        m.encoder, jnp.full((4, 2, 2), 0.01), jnp.ones((3, 4))
    ),
    "simulate.encode": lambda m: simulate.encode(
        m.encoder, np.ones((6, 4)), trials_per_session=3, keep="weights"
    ),
    "simulate.initial_counts": lambda _: simulate.initial_counts(jax.random.key(0), inputs=4),
    "simulate.initial_model": lambda m: m.encoder,
    "simulate.mixing_process": lambda _: simulate.mixing_process(
        jax.random.key(0), trials=5, inputs=4
    ),
}
ALWAYS = {
    "studies.lesions.boundary": lambda m: studies.lesions.boundary(m.lesion_diagram, "misses"),
    "studies.lesions.dose_response": lambda m: m.lesion_doses,
    "studies.lesions.phase_diagram": lambda m: m.lesion_diagram,
    "studies.lesions.restoration": lambda m: m.lesion_restored,
    "studies.lesions.signatures": lambda m: studies.lesions.signatures(m.lesion_doses),
    "studies.lesions.tasks.task_named": lambda _: lesion_tasks.task_named("bandit").pulls,
    "report.dose_response_figure": lambda m: m.image(report.dose_response_figure(m.lesion_doses)),
    "report.lesions_table": lambda _: report.lesions_table(
        [{"lesion": "a", "symbol": "D", "acts on": "ln D", "neutral": "0.5", "doses": "0.2 0.8"}]
    ),
    "report.phase_diagram_figure": lambda m: m.image(
        report.phase_diagram_figure([studies.lesions.boundary(m.lesion_diagram, "misses")])
    ),
    "report.restoration_figure": lambda m: m.image(report.restoration_figure(m.lesion_restored)),
    "report.signatures_figure": lambda m: m.image(
        report.signatures_figure(studies.lesions.signatures(m.lesion_doses))
    ),
    "report.signatures_table": lambda _: report.signatures_table([SIGNATURE], ["reward"]),
    "pipelines.lesion": lambda m: m.folder_of(
        "lesion", pipelines.lesion, names=["state prior"], task=LESIONED, networks=2
    ),
    "pipelines.lesion_diagram": lambda m: m.folder_of(
        "diagram", pipelines.lesion_diagram, first="state prior", second="plasticity",
        task=LESIONED, networks=2, first_strengths=[0.2, 0.5], second_strengths=[0.0, 1.0],
    ),
    "pipelines.lesion_kinds": lambda _: pipelines.lesion_kinds(),
    "pipelines.lesion_task": lambda _: repr(pipelines.lesion_task("bandit", trials=8)),
    "pipelines.lesion_restored": lambda m: m.folder_of(
        "restored", pipelines.lesion_restored, restored_after=1, networks=2
    ),
    "lesions.lesion_named": lambda _: lesions.lesion_named("state prior")(0.2),
    # Agents.
    "agents.binary_observations": lambda _: agents.binary_observations(
        gymnasium.spaces.Discrete(4)
    ),
    "agents.agent_for": lambda _: lake_and_agent()[0].knowledge.symbols,
    "agents.bootstrap_interval": lambda _: agents.bootstrap_interval(np.arange(5.0)),
    "agents.decision_log": lambda m: agents.decision_log(decision_table(m)),
    "agents.estimated_priors": lambda m: agents.estimated_priors(
        agents.observed_decisions(m.mazes)
    ),
    "agents.experiments.is_store": lambda m: experiments.is_store(m.store),
    "agents.experiments.legible_block": lambda _: experiments.legible_block(25),
    "agents.experiments.trials_done": lambda m: experiments.trials_done(m.store),
    "agents.first_move_prior": lambda _: agents.first_move_prior(
        agents.sequences(2, 2), [0.25, 0.75]
    ),
    "agents.identity_counts": lambda _: agents.identity_counts(3),
    "agents.learning_curves": lambda m: agents.learning_curves(
        m.double_bandit, agents.SwitchingBandit(), trials=2, agents=2
    ),
    "agents.learning_summary": lambda m: m.learned,
    "agents.maze_experiment": lambda m: m.mazes,
    "agents.observed_decisions": lambda m: agents.observed_decisions(m.mazes),
    "agents.picture": lambda _: agents.picture(
        agents.TMaze(), agents.TMaze().reset(jax.random.key(0))[0], np.zeros(5)
    ),
    "agents.play": lambda _: agents.play(*lake_and_agent(), episodes=3),
    "agents.published_comparison": lambda m: agents.published_comparison(m.mazes),
    "agents.recorded_trials": lambda m: m.recorded,
    "agents.risk_of_reward": lambda _: agents.risk_of_reward(0.3, terminated=False),
    "agents.run_in_gymnasium": lambda m: agents.run_in_gymnasium(
        m.double_bandit,
        gymnasium.make("canonica/SwitchingBandit-v0", max_episode_steps=12),
        episodes=2,
    ),
    "agents.scene": lambda m: m.scene,
    "agents.sequences": lambda _: agents.sequences(3, 2),
    "agents.shortest_path": lambda m: agents.shortest_path(m.walls),
    "agents.transplant": lambda m: m.moved,
    "agents.transplant_study": lambda _: agents.transplant_study(
        [0.25], **{**TASK, "trials": 1}
    ),
    "agents.transplant_summary": lambda m: m.moved_summary,
    # Networks from problems.
    "load": lambda m: canonica.load(agent_file(m)),
    "open_study": opened_study,
    "networks.compiled": lambda m: networks.compiled(m.conversion, m.plan).network,
    "networks.expected_free_energy": lambda m: networks.expected_free_energy(m.problem, horizon=2),
    "networks.from_pomdp": lambda m: [m.conversion.network, m.conversion.divergence],
    "networks.read_pomdp": lambda m: networks.read_pomdp(problem_file(m)).reward,
    "networks.regret": lambda m: networks.regret(
        networks.compiled(m.conversion, m.plan), m.plan, episodes=4, steps=3
    ),
    "networks.solve": lambda m: m.plan,
    # Recordings.
    "data.recording": lambda _: data.recording(
        np.ones((4, 3)), np.eye(4), np.eye(4)[:, :2], session=2
    ),
    "from_spikes": lambda _: canonica.from_spikes(**SPIKES),
    "read": lambda m: canonica.read(m.file),
    "recordings.experiments.grouped": lambda m: [
        str(one) for one in recordings.experiments.grouped([m.file], recordings.Reading())
    ],
    "recordings.experiments.write_sessions": written_sessions,
    "recordings.fetch": lambda m: fetched(recordings.fetch, m),
    "recordings.inspect": lambda m: recordings.inspect(m.culture),
    "recordings.is_recording": lambda m: recordings.is_recording(m.file),
    "recordings.read_contents": lambda m: list(recordings.read_contents(m.file)),
    "recordings.read_each": lambda m: list(recordings.read_each(m.file)),
    "recordings.spike_trains_from": lambda _: recordings.spike_trains_from(**SPIKES),
    "recordings.spikes_beside": lambda m: recordings.spikes_beside(m.file),
    "recordings.write": lambda m: m.folder_of("write", recordings_to, m.culture, out="one.nwb"),
    "recordings.write_matlab": lambda m: m.file_of(
        "some.mat", lambda path: recordings.write_matlab(path, [m.culture])
    ),
    "recordings.writer": lambda m: m.file_of(
        "one.csv", lambda path: recordings.writer(path)(path, m.culture, {})
    ),
    # Reverse engineering.
    "forecast": lambda m: [
        canonica.forecast(m.culture, model=name, initial_sessions=10)
        for name in reverse.FORECAST_MODELS
    ],
    "forecast_responses": lambda m: canonica.forecast_responses(**m.responses),
    "reverse_engineer": lambda m: m.result,
    "reverse_engineer_responses": lambda m: canonica.reverse_engineer_responses(**m.responses),
    "score": lambda m: m.scores,
    "score_responses": lambda m: canonica.score_responses(
        canonica.forecast_responses(**m.responses, model="ridge"), m.responses["response"]
    ),
    "summary": lambda m: m.table,
    "sweep": lambda m: canonica.sweep(m.culture, prior_strength=[3e3], gain=[1.0, 2.0]),
    "validate": lambda m: canonica.validate(m.culture),
    "reverse_engineering.attempt": lambda m: reverse.attempt(reverse.recording_summary, m.result),
    "reverse_engineering.baselines": lambda m: reverse.baselines(
        [m.ensembles], canonica.PublishedProtocol(), None
    ),
    "reverse_engineering.check_conditions": lambda _: reverse.check_conditions(
        {"ctrl": 2.5}, ["ctrl"]
    ),
    "reverse_engineering.condition_summary": lambda m: reverse.condition_summary(
        "a", [{"name": "c", **reverse.recording_summary(m.result)}]
    ),
    "reverse_engineering.conditions.compare_conditions": lambda m: m.comparisons,
    "reverse_engineering.conditions.culture_quantities": lambda m: conditions.culture_quantities(
        m.result, m.known, m.scores
    ),
    "reverse_engineering.difference": lambda _: reverse.difference(*[
        forecasting.pooled_plasticity(
            np.array([[0.0, shift, 1.0], [0.0, 2.0, 1.0]]), np.array([100.0, 1e3, 1e4])
        )
        for shift in (1.0, 3.0)
    ]),
    "reverse_engineering.electrode_statistics": lambda m: reverse.electrode_statistics(m.culture),
    "reverse_engineering.ensemble_response": lambda m: m.ensembles,
    "reverse_engineering.forecasting.forecast_normalised": lambda m: (
        forecasting.forecast_normalised(
            m.ready, canonica.PublishedProtocol(), forecasting.FORECAST_MODELS["ridge"]
        )
    ),
    "reverse_engineering.forecasting.normalised": lambda m: m.ready.response,
    "reverse_engineering.forecasting.normalised_ensembles": lambda m: (
        forecasting.normalised_ensembles(
            [m.ensembles], canonica.PublishedProtocol(), "causal", None
        )[0].response
    ),
    "reverse_engineering.forecasting.plasticity_likelihood": lambda m: (
        forecasting.plasticity_likelihood(m.plastic)
    ),
    "reverse_engineering.forecasting.pooled_likelihoods": lambda m: forecasting.pooled_likelihoods(
        [forecasting.plasticity_likelihood(m.plastic)] * 2, condition="a"
    ),
    "reverse_engineering.forecasting.pooled_plasticity": lambda _: forecasting.pooled_plasticity(
        np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]]), np.array([100.0, 1e3, 1e4])
    ),
    "reverse_engineering.forecasting.protocol_of": lambda m: forecasting.protocol_of(m.known.attrs),
    "reverse_engineering.forecasting.score_normalised": lambda m: forecasting.score_normalised(
        m.known, m.ready
    ),
    "reverse_engineering.forecasting.settings_of": lambda _: forecasting.settings_of(
        forecasting.FORECAST_MODELS["canonical"]
    ),
    "reverse_engineering.forecasting.shared_models": lambda m: forecasting.shared_models(
        [m.ready], canonica.PublishedProtocol(), forecasting.FORECAST_MODELS["stacked"]
    ),
    "reverse_engineering.forecasting.verdict": lambda _: forecasting.verdict(4.0, 0.9),
    "reverse_engineering.forecasting.with_noise": lambda m: forecasting.with_noise(
        known := m.ready.known(10), np.full(known.shape, 0.4)
    ),
    "reverse_engineering.own_baselines": lambda _: reverse.own_baselines([
        {"condition": name, "baseline": value, "baseline_origin": "computed"}
        for name, value in (("a", 2.5), ("b", 3.1))
    ]),
    "reverse_engineering.paired_comparison": lambda _: reverse.paired_comparison(ERRORS, "new"),
    "culture_phenotype": lambda m: canonica.culture_phenotype(m.culture, initial_sessions=2),
    "phenotype": lambda m: canonica.phenotype(m.choices, free=["plasticity"]),
    "reverse_engineering.phenotype.compare_lesions": lambda m: phenotyping.compare_lesions(
        m.choices, base=["plasticity"], lesions=[], rivals=False
    ),
    "reverse_engineering.phenotype.cross_validate": lambda m: phenotyping.cross_validate(
        m.choices, free=["plasticity"], folds=2
    ),
    "reverse_engineering.phenotype.hierarchical_phenotype": lambda m: (
        phenotyping.hierarchical_phenotype(
            m.choices, model="win-stay-lose-shift", draws=4, warmup=2
        )
    ),
    "reverse_engineering.phenotype.predict_other_task": lambda m: (
        phenotyping.predict_other_task(m.choices, m.choices, free=["plasticity"])
    ),
    "reverse_engineering.phenotype.read_choices": lambda m: vars(
        phenotyping.read_choices(m.choices)
    ),
    "reverse_engineering.pooled": lambda m: reverse.pooled([m.plastic, m.plastic]),
    "reverse_engineering.recording_summary": lambda m: reverse.recording_summary(m.result),
    "reverse_engineering.results": lambda m: list(
        reverse.results({0: m.ensembles}, canonica.PublishedProtocol(), None)
    ),
    # Simulations, and what they say of our methods.
    "simulate.alpha_from_activity": lambda m: m.estimated,
    "simulate.culture": lambda m: m.culture,
    "simulate.landscape": lambda _: simulate.landscape(
        np.array([[1, 0, 1, 0], [0, 1, 0, 1]]), np.full((2, 2, 2, 4), 0.3), resolution=5
    ),
    "simulate.likelihood_mapping": lambda _: simulate.likelihood_mapping(np.full((4, 2), 0.75)),
    "simulate.mixing_matrix": lambda _: simulate.mixing_matrix(2, 4, 0.75),
    "simulate.perturbation": lambda m: m.perturbed,
    "simulate.separation": lambda m: m.separated,
    "simulate.simulated_landscape": lambda m: m.landscape,
    "simulate.spike_trains": lambda m: m.trains,
    "studies.calibration_summary": lambda m: studies.calibration_summary(m.calibrated),
    "studies.choice_power": lambda _: studies.choice_power(
        pool=3, trials=3, studies=2, differences={"plasticity": 1.0}
    ),
    "studies.culture_false_alarms": lambda _: studies.culture_false_alarms(
        0, cultures=2, sessions=11, trials_per_session=32
    ),
    "studies.culture_recovery": lambda _: studies.culture_recovery(
        cultures=3, sessions=2, trials_per_session=8, inputs=2
    ),
    "studies.detection_summary": lambda m: studies.detection_summary(m.detected),
    "studies.phenotype_recovery": lambda _: studies.phenotype_recovery(subjects=3, trials=3),
    "studies.plasticity_calibration": lambda m: m.calibrated,
    "studies.plasticity_detection": lambda m: m.detected,
    "studies.recovery": lambda m: m.recovered,
    "studies.recovery_summary": lambda m: studies.recovery_summary(m.recovered),
    "studies.simulated_choices": lambda m: m.choices,
    "studies.simulated_known": lambda _: studies.simulated_known(
        jax.random.key(0), studies.Truth(), sessions=3, initial=2, trials=4, inputs=3
    ),
    # Figures and tables.
    "plot.conditions": lambda m: m.image(
        canonica.plot.conditions(
            SimpleNamespace(table=m.table, comparisons=m.comparisons, design=m.design)
        )
    ),
    "plot.forecast": lambda m: m.image(canonica.plot.forecast(m.known, m.culture)),
    "plot.recording": lambda m: m.image(canonica.plot.recording(m.result)),
    "report.animation_suffix": lambda _: report.animation_suffix(),
    "report.calibration_figure": lambda m: m.image(
        report.calibration_figure(m.calibrated, m.detected)
    ),
    "report.comparisons_table": lambda m: report.comparisons_table(m.comparisons),
    "report.condition_figure": lambda m: m.image(
        report.condition_figure("a", [report.figure_part(m.result)])
    ),
    "report.culture_figure": lambda m: m.image(
        report.culture_figure({"a": [m.culture]})
    ),
    "report.estimation_figure": lambda m: m.image(
        report.estimation_figure(m.table, m.comparisons, m.design)
    ),
    "report.evidence_sentence": lambda m: report.evidence_sentence([m.finding], 10),
    "report.figure_part": lambda m: report.figure_part(m.result),
    "report.forecast_figure": lambda m: m.image(report.forecast_figure("a", [forecast_part(m)])),
    "report.forecast_part": forecast_part,
    "report.forecast_table": lambda m: report.forecast_table(
        report.ForecastSummary.of("a", [report.recording_scores(by_model(m))])
    ),
    "report.html.document": page,
    "report.landscape_figure": lambda m: m.image(report.landscape_figure(m.landscape, "a")),
    "report.learning_sentences": lambda m: report.learning_sentences(
        m.mazes, agents.published_comparison(m.mazes)
    ),
    "report.learning_table": lambda m: report.learning_table(m.mazes, m.learned),
    "report.maze_figure": lambda m: m.image(report.maze_figure(m.mazes)),
    "report.perturbation_figure": lambda m: m.image(
        report.perturbation_figure(m.perturbed, m.estimated)
    ),
    "report.phenotype_figure": lambda m: m.image(
        report.phenotype_figure(m.phenotypes)
    ),
    "report.phenotype_table": lambda m: report.phenotype_table(m.phenotypes),
    "report.plasticity_found": lambda m: m.finding,
    "report.play_figure": lambda m: m.image(report.play_figure(played())),
    "report.play_table": lambda _: report.play_table(played()),
    "report.write_frames": written_frames,
    "report.rates_figure": lambda m: m.image(report.rates_figure([m.finding])),
    "report.recording_scores": lambda m: report.recording_scores(by_model(m)),
    "report.recovery_figure": lambda m: m.image(report.recovery_figure(m.recovered)),
    "report.scene_figure": lambda m: m.image(report.scene_figure(*m.recorded)),
    "report.separation_figure": lambda m: m.image(report.separation_figure(m.separated)),
    "report.simulation_table": lambda _: report.simulation_table("a", [{"error": 0.5}], {}),
    "report.summary_table": lambda m: report.summary_table(
        reverse.condition_summary("a", [{"name": "c", **reverse.recording_summary(m.result)}])
    ),
    "report.transplant_figure": lambda m: m.image(
        report.transplant_figure(m.moved, m.moved_summary)
    ),
    "report.transplant_sentences": lambda m: report.transplant_sentences(*m.one_group),
    "report.transplant_table": lambda m: report.transplant_table(*m.one_group),
    "report.trial_names": lambda m: report.trial_names(m.learned),
    "report.worlds_figure": lambda m: m.image(report.worlds_figure(curves())),
    "report.write_animation": lambda m: m.file_of(
        "paths.gif", lambda path: report.write_animation(m.landscape, "a", path)
    ),
    "report.write_figure": lambda m: m.file_of(
        "figure.png", lambda path: report.write_figure(Figure(), path)
    ),
    "report.write_recordings_csv": lambda m: m.file_of(
        "rows.csv", lambda path: report.write_recordings_csv(path, [{"a": 0.1}])
    ),
    "report.write_scene_animation": lambda m: m.file_of(
        "scene.gif", lambda path: report.write_scene_animation(m.recorded[0], path)
    ),
    # From files to files.
    "pipelines.analyze": lambda m: m.folder_of("analyze", pipelines.analyze, m.file),
    "pipelines.check_results_folder": lambda m: pipelines.check_results_folder(
        m.folder / "none", overwrite=False
    ),
    "pipelines.convert": lambda m: m.folder_of(
        "convert", pipelines.convert, m.file, out="one.csv"
    ),
    "pipelines.culture": lambda m: m.folder_of(
        "culture", pipelines.culture, electrodes=8, **SIZES, out="one.nwb"
    ),
    "pipelines.culture_phenotype": lambda m: m.folder_of(
        "cultures", pipelines.culture_phenotype, m.file,
        protocol=canonica.PublishedProtocol(initial_sessions=2),
    ),
    "pipelines.demo": lambda m: m.folder_of("demo", pipelines.demo, cultures=1, sessions=12,
                                            trials_per_session=32),
    "pipelines.export": lambda m: m.folder_of(
        "export", pipelines.export, agent_file(m), to="stablehlo"
    ),
    "pipelines.fetch": lambda m: fetched(pipelines.fetch, m),
    "pipelines.forecast": lambda m: m.folder_of(
        "forecast", pipelines.forecast, m.file, model="ridge", against=["persistence"]
    ),
    "pipelines.landscape": lambda m: m.folder_of(
        "landscape", pipelines.landscape, **BRIEF, animation="none"
    ),
    "pipelines.maze": lambda m: m.folder_of("maze", pipelines.maze, **TASK, animation="none"),
    "pipelines.perturbation": lambda m: m.folder_of("perturb", pipelines.perturbation, **BRIEF),
    "pipelines.phenotype": phenotyped,
    "pipelines.play": lambda m: m.folder_of(
        "play", pipelines.play, "FrozenLake-v1", episodes=3, film=False
    ),
    "pipelines.recovery": lambda m: m.folder_of(
        "recover", pipelines.recovery, draws=2, sessions=11, trials_per_session=16
    ),
    "pipelines.report": reported,
    "pipelines.separation": lambda m: m.folder_of("separate", pipelines.separation, **BRIEF),
    "pipelines.transplant": lambda m: m.folder_of(
        "transplant", pipelines.transplant, prior_right=[0.25], **TASK
    ),
    "pipelines.unfinished_maze": lambda m: pipelines.unfinished_maze(m.folder / "none"),
    "pipelines.unfinished_pieces": lambda m: pipelines.unfinished_pieces(m.folder / "none"),
    "pipelines.unfinished_play": lambda m: pipelines.unfinished_play(m.folder / "none"),
    "pipelines.unfinished_transplant": lambda m: pipelines.unfinished_transplant(m.folder / "none"),
    "pipelines.validate": lambda m: pipelines.validate(m.file),
    "pipelines.validate_each": lambda m: list(pipelines.validate_each(m.file)),
    "pipelines.write_validations": lambda m: m.file_of(
        "found.json", lambda path: pipelines.write_validations(path, pipelines.validate(m.file))
    ),
    "pipelines.recording_files": lambda m: recordings.recording_files(m.file),
    "study": studied,
}  # fmt: skip
EXAMPLES = FOLLOWING | ALWAYS
# These take ten seconds or minutes.
LONG = {
    "open_study",
    "pipelines.demo",
    "pipelines.lesion_restored",
    "reverse_engineering.phenotype.cross_validate",
    "reverse_engineering.phenotype.hierarchical_phenotype",
    "studies.choice_power",
    "studies.phenotype_recovery",
}
# These are the program itself: what it does under any settings is what `pipelines` do.
PROGRAMS = {"cli.main", "cli.program"}
