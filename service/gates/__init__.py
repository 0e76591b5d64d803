"""The gates that a rule change must pass: vignettes, mutation, and the ways to be wrong."""
