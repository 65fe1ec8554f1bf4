"""A phenotype from choices: which lesion, how strong, in which subject, and how sure that is.

The canonical subject is an agent of `canonica.agents` that learns after every choice. Its lesions
are free parameters, estimated from trial-by-trial choices and outcomes by their exact likelihood.
"""

from canonica.reverse_engineering.phenotype._choice_model import MODELS, ModelName
from canonica.reverse_engineering.phenotype._choices import Choices, read_choices
from canonica.reverse_engineering.phenotype._compare import compare_lesions, cross_validate
from canonica.reverse_engineering.phenotype._hierarchical import hierarchical_phenotype
from canonica.reverse_engineering.phenotype._other_task import predict_other_task
from canonica.reverse_engineering.phenotype._phenotype import phenotype
from canonica.reverse_engineering.phenotype.cultures import culture_phenotype

__all__ = [
    "MODELS",
    "Choices",
    "ModelName",
    "compare_lesions",
    "cross_validate",
    "culture_phenotype",
    "hierarchical_phenotype",
    "phenotype",
    "predict_other_task",
    "read_choices",
]
