"""Which tier a member is in, until when, and what comes next (domain 10): pure functions over frozen values."""
