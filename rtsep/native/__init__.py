"""The compiled kernels: C files, built when rtsep is installed, and what loads them."""
