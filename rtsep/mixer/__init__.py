"""The mixer on a terminal."""
