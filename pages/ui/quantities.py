"""Times and sizes in words. Imports no Streamlit."""

from pages.ui import notation
from pages.ui.text import language, t


def duration(seconds: float) -> str:
    """A time as a person would say it: `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 1:
        return t("less than a second")
    whole = round(seconds)
    if whole < 60:
        return t("{seconds} s", seconds=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        # Above ten minutes the seconds only flicker.
        if rest and minutes < 10:
            return t("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
        return t("{minutes} min", minutes=minutes)
    if whole < 86_400:
        hours, rest = divmod(whole // 60, 60)
        return t("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else t("{hours} h", hours=hours)
    days, rest = divmod(whole // 3600, 24)
    return t("{days} d {hours} h", days=days, hours=rest) if rest else t("{days} d", days=days)


def file_size(size: int) -> str:
    """Bytes as a person would say it, a thousand at a time: `12 kB`, `3.4 MB`."""
    return notation.size(size, language())
