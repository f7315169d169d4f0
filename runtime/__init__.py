"""What everything runs on: settings, errors, presets, and loading and running models."""
