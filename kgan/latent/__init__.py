"""The latent space: priors, interpolation, arithmetic, directions, inversion and their figures."""

from kgan.latent import figures as figures
from kgan.latent.inversion import invert as invert
from kgan.latent.paths import arithmetic as arithmetic, linear as linear, spherical as spherical
from kgan.latent.pca import directions as directions
from kgan.priors import PRIORS as PRIORS, draw as draw, sample as sample
