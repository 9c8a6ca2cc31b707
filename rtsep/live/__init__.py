"""The live engine: an audio process, the session around it, and what both share."""
