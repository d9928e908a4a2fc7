"""Which pairs of clips are asked, and when: candidates, acquisition functions, schedule."""
