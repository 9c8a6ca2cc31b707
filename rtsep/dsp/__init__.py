"""Signal code in numpy alone: windows, short-time transform, mask, ramps, decibels."""
