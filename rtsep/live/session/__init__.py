"""The parent process of a live run."""
