"""The ensemble of reward predictors: networks, normalisation, fitting."""
