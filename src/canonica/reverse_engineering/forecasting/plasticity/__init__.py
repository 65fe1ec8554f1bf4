"""How plastic a network is: its posterior, its evidence, and what it foretells."""
