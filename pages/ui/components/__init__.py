"""What works in the browser itself: a folder each, with its HTML, CSS and JavaScript apart.

Their texts come from Python, so that they are translated with all others.
"""
