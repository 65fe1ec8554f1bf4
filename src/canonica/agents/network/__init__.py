"""The two-layer canonical network that acts and learns; it knows no world."""
