"""Many runs: which a figure is made of, making them here or on a cluster, what came of them."""
