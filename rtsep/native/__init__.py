"""The native code: C files, built when rtsep is installed, and what loads them and lays out their memory."""
