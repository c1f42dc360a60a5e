from hypothesis import settings

# Machines differ in speed; a test fails for what it finds, never for how long it took.
settings.register_profile("daybreak", deadline=None, derandomize=True)
settings.load_profile("daybreak")
