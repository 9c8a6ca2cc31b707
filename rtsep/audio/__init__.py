"""Where blocks come from and go to: devices and files."""
