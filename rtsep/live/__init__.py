"""The live engine: an audio process, and what surrounds it."""
