"""Reconstruct and anomalies."""

from pages.ui.navigation import begin

begin("reconstruct")
