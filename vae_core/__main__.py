"""`python -m vae_core`: the command line."""

from vae_core.commands import cli

if __name__ == "__main__":
    cli(prog_name="python -m vae_core")
