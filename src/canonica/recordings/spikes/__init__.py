"""Spikes, from whatever holds them in memory, electrode by electrode."""
