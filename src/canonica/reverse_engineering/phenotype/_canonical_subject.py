"""The canonical subject: an agent that learns after every choice, its lesions free parameters."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.agents import TRACE, Agent, StepModulation, sensing_agent
from canonica.agents.network._draw import odds
from canonica.agents.network._log_evidence import log_evidence
from canonica.agents.network._response_law import response_law
from canonica.lesions import LESIONS, lesioned
from canonica.model import (
    MINIMUM_POLICY_COUNT,
    CanonicalNetwork,
    GenerativeModel,
    PlasticityGains,
    coincidence,
    present,
)
from canonica.model._gains import gain_of
from canonica.reverse_engineering.phenotype._parameters import Parameter
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

POLICY_COUNT = 20.0
CERTAIN = 1e6  # times the counts of the senses, so that a life of experience leaves them alone

STRENGTHS = {
    parameter.name: parameter
    for parameter in (
        Parameter("policy precision", "gamma", "positive", 0.0, 1.0, 1.0),
        Parameter("plasticity", "eta", "positive", 0.0, 1.0, 1.0),
        Parameter("gain modulation", "kappa+", "positive", 0.0, 1.0, 1.0),
        Parameter("loss modulation", "kappa-", "positive", 0.0, 1.0, 1.0),
        Parameter("forgetting", "leak", "probability", -3.0, 1.5, 0.0),
        Parameter("policy prior", "E", "balance", 0.0, 1.0, 0.0),
        Parameter("habit", "h", "balance", 0.0, 1.0, 0.0),
        Parameter("state prior", "D", "probability", 0.0, 1.0, 0.5),
        Parameter("sensory precision", "zeta", "positive", 0.0, 0.7, 1.0),
        Parameter("transition precision", "omega", "positive", 0.0, 0.7, 1.0),
    )
}
"""What may be estimated of a canonical subject, by name."""


@dataclass(frozen=True)
class _Alters:
    """What alters an agent, and nothing in it unless it says otherwise."""

    strength: Float[Array, ""]

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        return model

    def on_network(self, network: CanonicalNetwork) -> CanonicalNetwork:
        return network

    def on_plasticity(self, plasticity: PlasticityGains | None) -> PlasticityGains | None:
        return plasticity


@dataclass(frozen=True)
class _Favour(_Alters):
    """The policy prior E, leaning to the first option (above 0) or away from it.

    Of two options it is the lesion `PolicyPrior` of that strength, on one or the other.
    """

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with the odds of the first option in E multiplied."""
        E = present(model.decision_prior, "decision_prior")
        first = jnp.log(E[1]).at[0].add(2 * jnp.arctanh(self.strength))
        favoured = jax.nn.softmax(first)
        return eqx.tree_at(lambda m: m.decision_prior, model, jnp.stack([1 - favoured, favoured]))


@dataclass(frozen=True)
class _Habit(_Alters):
    """Policy counts that lean to what was done last (above 0), or away from it, at first.

    ``C[1, 1] = (1 + h) / 2`` of "this was chosen last" and "choose it", ``C[1, 0] = (1 - h) / 2``.
    """

    def on_model(self, model: GenerativeModel) -> GenerativeModel:
        """Return the model with other policy counts, their sum as it was."""
        c = present(model.policy_counts, "policy_counts")
        options = c.shape[-1]
        option = jnp.arange(options)
        lean = jnp.zeros(c.shape[2:], c.dtype)
        lean = lean.at[2 * option, option].set(1).at[2 * option + 1, option].set(1)
        both = jnp.stack([jnp.stack([lean, -lean]), jnp.stack([-lean, lean])])
        return eqx.tree_at(lambda m: m.policy_counts, model, c * (1 + self.strength * both))


OWN = {"policy prior": _Favour, "habit": _Habit}


def canonical_agent(options: int, observations: int) -> Agent:
    """Return the intact subject: the bandit's agent, learning its policies after every choice.

    Its senses are given, and stay; cues, where there are any, are observations after the bandit's.
    """
    agent = sensing_agent(observations, options, memory=TRACE, policy_count=POLICY_COUNT)
    model = agent.model
    certain = tuple(
        present(counts, "counts") * CERTAIN
        for counts in (model.likelihood_counts, model.transition_counts)
    )
    model = eqx.tree_at(lambda m: (m.likelihood_counts, m.transition_counts), model, certain)
    return Agent(
        model,
        agent.policies,
        modulation=StepModulation(),
        chunk=1,
        learning="chunk",
        decides_from="current",
    )


def with_strengths(agent: Agent, strengths: dict[str, Float[Array, ""]]) -> Agent:
    """Return the agent with the lesions of these names and strengths."""
    return lesioned(
        agent, *((OWN.get(name) or LESIONS[name])(value) for name, value in strengths.items())
    )


def log_probabilities(agent: Agent, trials: ChoiceTrials) -> Float[Array, "trial option"]:
    """Return the log probability that an agent gives each option before each choice of a subject.

    It is told what the subject chose and got, and learns from that. Senses do not learn.

    Parameters
    ----------
    agent : Agent
        As `canonical_agent` makes it, perhaps lesioned.
    trials : ChoiceTrials
        Of one subject.
    """
    model, plasticity = agent.model, agent.plasticity or PlasticityGains()
    law = response_law(model, agent.epsilon)
    first = present(model.policy_counts, "policy_counts")
    prior = model.state_prior[1].astype(first.dtype)
    recurrent = None if law.transition is None else law.transition.slope
    options = first.shape[-1]
    modulation = jax.vmap(lambda risk: plasticity.modulated(1 - 2 * risk[None])[0])(trials.risk)
    E = law.policy_log_prior[1] - law.policy_log_prior[0]
    gain = gain_of(model.gains, "decision")

    def step(
        carry: tuple[Float[Array, " state"], Float[Array, "2 2 state option"]],
        row: tuple[ChoiceTrials, Float[Array, ""]],
    ) -> tuple[tuple[Array, Array], Float[Array, " option"]]:
        (belief, counts), (trial, weight) = carry, row
        belief = jnp.where(trial.fresh, prior, belief)
        log_odds = law.state_drive(trial.observation)
        if recurrent is not None:
            log_odds = log_odds + belief @ recurrent
        belief = jax.nn.sigmoid(log_odds)
        policy = log_evidence(counts, model.form, agent.epsilon, gain)
        weights = odds(belief @ policy.slope + (policy.offset + E), agent.epsilon)
        chosen = jax.nn.one_hot(trial.choice, options, dtype=counts.dtype)
        learned = plasticity.kept(counts, first, 1) + plasticity.rate * coincidence(
            belief[None], chosen[None], weight[None]
        )
        learned = jnp.maximum(learned, MINIMUM_POLICY_COUNT)
        return (belief, learned), jnp.log(weights) - jnp.log(weights.sum())

    _, log_probability = jax.lax.scan(step, (prior, first), (trials, modulation))
    return log_probability
