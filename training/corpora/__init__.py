"""Stems on disk, augmentation, random remixing and the validation songs."""
