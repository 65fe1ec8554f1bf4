"""How good forecasts were, and which of them were better."""
