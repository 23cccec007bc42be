"""How it works."""

from pages.ui.navigation import begin

begin("how")
