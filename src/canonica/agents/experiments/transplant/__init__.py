"""Fresh agents with the decision priors of others: what they foretell, and how well."""
