"""The desktop viewer at which people answer queries lives here.

It meets the trainer in the label store alone. It may import `pbrl.store`, `pbrl.feedback`,
`pbrl.segments`, `pbrl.errors` and `envs` (to draw clips), and pygame; never torch nor
stable_baselines3, so that a labeller's desk needs neither.
"""
