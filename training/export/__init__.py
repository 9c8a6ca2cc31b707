"""From a trained network to a step model."""
