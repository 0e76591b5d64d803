"""The gates that a rule change must pass: references, vignettes, mutation, and the ways to be wrong."""
