"""The published protocol [NC23], step by step, and over many recordings."""
