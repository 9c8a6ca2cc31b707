"""What a musician changes while the music plays: the table of controls, presets, and their files."""
