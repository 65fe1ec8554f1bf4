"""Who does the work: this process, in order, or the workers of a cluster.

An executor takes calls by their keys, and yields what became of each as it comes. Commands are
written once, for all of them.
"""

from canonica.pipelines.executors._executor import Call, Executor, LostCallError, in_order
from canonica.pipelines.executors._opened import ClusterLike, opened_executor

__all__ = ["Call", "ClusterLike", "Executor", "LostCallError", "in_order", "opened_executor"]
