"""Autoencoders and variational autoencoders on images: data, models, training, and what can be learnt from them.

This package never imports Streamlit, and `config`, `events`, `recipes`, `runs` and `jobs.client` import without torch.
"""

__version__ = "0.1.0"
