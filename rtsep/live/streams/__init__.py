"""What calls the engine: PortAudio, JACK, or the null device."""
