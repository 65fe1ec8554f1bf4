"""Files of makers of recording systems, which Neo and SpikeInterface read."""
