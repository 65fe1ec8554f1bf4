"""The distribution of responses that forecasts are made of."""
