"""Studies of one feature: exploration, onboarding, diversity, the release gate, experiments."""
