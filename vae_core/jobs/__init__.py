"""Training in a process of its own: `client` asks, `supervisor` starts, `worker` works.

The run folders are the queue. Pages only write requests and read files, so a run outlives a page, a tab, the Streamlit
server and the supervisor itself.
"""
