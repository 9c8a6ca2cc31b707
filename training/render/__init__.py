"""The renderer: stems of drums, electric guitar and everything else out of free samples and MIDI."""
