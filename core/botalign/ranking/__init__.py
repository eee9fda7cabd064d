"""Which of many models, or of many maps, are in a map."""
