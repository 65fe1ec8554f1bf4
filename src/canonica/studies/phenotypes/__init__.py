"""What simulation says of phenotypes: subjects whose lesions are known."""

from canonica.studies.phenotypes._choice_power import choice_power
from canonica.studies.phenotypes._culture_recovery import culture_recovery
from canonica.studies.phenotypes._phenotype_recovery import phenotype_recovery
from canonica.studies.phenotypes._simulated_choices import simulated_choices

__all__ = ["choice_power", "culture_recovery", "phenotype_recovery", "simulated_choices"]
