"""MIDI: a controller's knobs and pedals become the live controls."""
