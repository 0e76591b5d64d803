"""A package by name, since some distributions install one of the same name."""
