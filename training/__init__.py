"""The offline trainer: renders stems, trains step models on them, measures and exports them."""
