"""The work of the audio callback."""
