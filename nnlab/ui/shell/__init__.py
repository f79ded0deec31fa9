"""The window around the canvas: welcome page, docks, run bar, status bar, dialogs."""
