"""Home."""

from pages.ui.navigation import begin

begin("home")
