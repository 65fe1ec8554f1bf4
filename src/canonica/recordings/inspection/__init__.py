"""A look at a recording before the work: what in it could mislead."""
