"""Where blocks come from and go to: files, devices, the synthesised demo song."""
