"""What a visitor sees when something fails: one sentence, never a traceback.

    with guarded():            # app.py, around the whole page
        page.run()

    @st.fragment(run_every=0.5)
    @guarded()                 # Streamlit re-runs a fragment alone, outside app.py
    def follow() -> None: ...

Streamlit's own `st.stop()` and `st.rerun()` are no `Exception`s, and pass.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.ui import state
from pages.ui.number_box import ToldError
from pages.ui.text import describe, plain, t
from vae_core.errors import DiaboloError

log = logging.getLogger("diabolo")


@contextmanager
def guarded() -> Iterator[None]:
    """Show a `DiaboloError` in its own words; log any other exception and show what to do next.

    A number that is none is told at its box, and not again.

    Also a decorator: a new context is made for each call. Where a run that the page shows was deleted meanwhile, the page
    runs anew and says so, once: half of what stands on it would do nothing any more.
    """
    if state.misses_run():
        st.rerun()
    try:
        yield
    except ToldError:
        pass
    except DiaboloError as error:
        st.error(plain(describe(error)), icon=":material/error:")
    except Exception:
        log.exception("A page failed.")
        st.error(
            t(
                "Something went wrong on this page, and nothing of yours was lost. "
                "Reload the page to try again; the server's log says what happened."
            ),
            icon=":material/error:",
        )
