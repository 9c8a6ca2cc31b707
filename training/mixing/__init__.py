"""Random mixtures of stems."""
