"""The panel: one page, handed out by `rtsep.api`, that draws and moves a run."""
