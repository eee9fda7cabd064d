"""Rankings: which of many models are in a map, or which of many maps match it."""
