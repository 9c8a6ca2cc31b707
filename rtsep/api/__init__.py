"""The control API: a websocket, on which programs and the panel read and move a run."""
