"""Figures that the two references published, to stand beside what is measured here."""

from __future__ import annotations

from dataclasses import dataclass

MEASURES = ("sdr", "sir", "sar", "nsdr", "gsdr", "gsir", "gsar", "gnsdr")


@dataclass(frozen=True)
class Published:
    """One row of the paper's Table 3, in dB and in the order of `MEASURES`."""

    system: str
    target: str
    split: str
    values: tuple[float, ...]


TABLE_2 = {"3 x 500": (4.57, 9.26, 7.15, 4.65), "3 x 1000": (5.66, 10.13, 7.90, 5.52),
           "4 x 500": (5.21, 10.35, 7.53, 5.29)}
"""The paper's Table 2: guitar, SDR SIR SAR NSDR, by layers and cells of the GRU stack."""

TABLE_3 = tuple(Published(*row) for row in (
    ("Wave-U-Net", "guitar", "train", (5.96, 10.50, 8.67, 6.39, 6.05, 10.64, 8.79, 6.43)),
    ("SH-4stack", "guitar", "train", (3.77, 6.32, 8.47, 5.09, 3.80, 6.35, 8.47, 5.13)),
    ("simple RNN", "guitar", "train", (2.08, 8.64, 3.77, 4.09, 2.09, 8.80, 3.80, 4.11)),
    ("3 x 1000 GRU", "guitar", "train", (6.82, 12.66, 8.91, 7.68, 6.84, 12.73, 8.96, 7.69)),
    ("Wave-U-Net", "guitar", "test", (3.38, 6.07, 6.90, 4.19, 3.41, 6.07, 6.97, 4.23)),
    ("SH-4stack", "guitar", "test", (2.14, 3.22, 8.21, 1.27, 2.17, 3.26, 8.25, 1.27)),
    ("simple RNN", "guitar", "test", (1.05, 5.20, 4.38, 1.24, 1.09, 5.27, 4.38, 1.25)),
    ("3 x 1000 GRU", "guitar", "test", (5.66, 10.13, 7.90, 5.52, 5.65, 10.35, 7.95, 5.53)),
    ("Wave-U-Net", "drums", "train", (5.51, 14.26, 8.42, 6.82, 5.53, 14.27, 8.43, 6.84)),
    ("SH-4stack", "drums", "train", (2.43, 7.47, 4.79, 5.69, 2.44, 7.47, 4.80, 5.71)),
    ("simple RNN", "drums", "train", (2.58, 7.13, 5.27, 4.06, 2.64, 7.13, 5.37, 4.08)),
    ("3 x 1000 GRU", "drums", "train", (5.99, 11.29, 9.75, 6.92, 6.01, 11.30, 9.77, 6.94)),
    ("Wave-U-Net", "drums", "test", (3.26, 7.50, 6.96, 3.18, 3.28, 7.56, 6.97, 3.29)),
    ("SH-4stack", "drums", "test", (2.03, 5.29, 6.29, 2.78, 2.07, 5.31, 6.32, 2.79)),
    ("simple RNN", "drums", "test", (1.24, 7.93, 2.19, 1.83, 1.26, 7.93, 2.23, 1.84)),
    ("3 x 1000 GRU", "drums", "test", (3.59, 7.11, 7.61, 3.95, 3.63, 7.13, 7.65, 3.97)),
))
"""The paper's Table 3: 30 clips to test, 80 to train, each 20 s of MedleyDB at 0 dB."""

ARTICLE_SDR = {"drums": 6.2, "bass": 5.1, "vocals": 3.8, "other": 2.9}
"""The article's spectrogram U-Net on MUSDB18, SDR in dB."""
