"""The song that rtsep plays itself."""
