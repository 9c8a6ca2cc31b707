"""Sounds on disk: folders of stems, corpora of songs, full mixes, and where all of it comes from."""
