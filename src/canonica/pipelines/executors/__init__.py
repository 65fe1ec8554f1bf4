"""Who does the work: this process, in order, or the workers of a cluster.

An executor takes calls by their keys, and yields what became of each as it comes. Commands are
written once, for all of them.
"""
