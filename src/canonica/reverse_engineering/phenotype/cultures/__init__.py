"""A phenotype from recordings: state prior, sensory precision and plasticity of cultures."""

from canonica.reverse_engineering.phenotype.cultures._culture_phenotype import culture_phenotype

__all__ = ["culture_phenotype"]
