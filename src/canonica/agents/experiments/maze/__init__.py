"""The experiment of [CB22]: runs in many mazes, kept on disk, summed up and compared."""
