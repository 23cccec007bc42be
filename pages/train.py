"""Train."""

from pages.ui.navigation import begin

begin("train")
