"""The audio process."""
