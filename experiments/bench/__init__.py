"""`pbrl bench`: this suite and its peers, measured in one run on the machine at hand.

A part (see `parts`) consists of scenes; in a scene, contenders do the same work in turn, as often
as there are repeats: A B C, A B C, ... Each measurement is a process of its own, one of `drivers`,
run by the Python of the contender's environment (see `peers`). Ratios are taken within a repeat,
so that a machine that slows down slows both sides.
"""
