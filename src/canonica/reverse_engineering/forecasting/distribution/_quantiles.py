"""The quantiles that forecasts come with: two intervals, of 50 and 90 %, and the median."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEVELS = (0.5, 0.9)
