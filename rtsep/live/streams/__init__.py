"""What calls the engine: PortAudio, JACK, or a clock."""
