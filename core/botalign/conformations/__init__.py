"""Many maps: how they lie to each other."""
