"""Latent space."""

from pages.ui.navigation import begin

begin("latent")
