"""Studies: many runs, at once, kept, searched and compared."""
