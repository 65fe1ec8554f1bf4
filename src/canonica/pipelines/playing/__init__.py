"""An agent that learns a world that others wrote, from its name to a folder of results."""
