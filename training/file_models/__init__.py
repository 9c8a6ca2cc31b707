"""Networks that need whole segments, for files."""
