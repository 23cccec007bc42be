"""Generate."""

from pages.ui.navigation import begin

begin("generate")
