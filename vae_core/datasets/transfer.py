"""One file from one server: its bytes as they come, and a message for each way in which they may not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as SocketTimeout

from vae_core.errors import N_, WorkError

SLOWEST = 1024  # bytes a second: below that MNIST would take hours
HEADERS = {"User-Agent": "diabolo", "Accept-Encoding": "identity"}  # the files are packed already


class Transfer:
    """What comes from one host, or the message that says why nothing does.

    Args:
        name: The data set, for messages.
        host: The server, for messages.
        timeout: Seconds of silence, or of less than `SLOWEST` bytes a second, after which the host is given up.
    """

    def __init__(self, name: str, host: str, timeout: float = 20.0) -> None:
        self.name = name
        self.host = host
        self.timeout = timeout

    @contextmanager
    def response(self, session: requests.Session, url: str) -> Iterator[requests.Response]:
        """The answer to a GET, its body still to be read.

        Raises:
            WorkError: Silence, no connection, or another status than 200.
        """
        try:
            response = session.get(url, stream=True, timeout=self.timeout, headers=HEADERS)
        except requests.Timeout as error:
            raise self.silent() from error
        except requests.RequestException as error:
            raise self.unreachable() from error
        with response:
            if response.status_code != 200:
                raise self.refused(response.status_code)
            yield response

    def pieces(self, response: requests.Response, largest: int) -> Iterator[bytes]:
        """The body as it comes, not decoded, since the checksum is that of the packed file.

        Raises:
            WorkError: Silence, a trickle, a broken connection, or more than `largest` bytes.
        """
        told = response.headers.get("Content-Length", "")
        size = int(told) if told.isdecimal() else None
        done = in_window = 0
        window = time.monotonic()
        while True:
            try:
                # read1 gives what has come; read would wait for a whole piece and not notice a trickle.
                piece = response.raw.read1(1 << 16, decode_content=False)
            except SocketTimeout as error:
                raise self.silent() from error
            except (HTTPError, OSError) as error:
                raise self.cut(done, size) from error
            if not piece:
                break
            done += len(piece)
            in_window += len(piece)
            if done > largest or (size or 0) > largest:
                raise self.too_large(largest)
            if time.monotonic() - window >= self.timeout:
                if in_window < SLOWEST * self.timeout:
                    raise self.slow()
                in_window, window = 0, time.monotonic()
            yield piece
        if size is not None and done != size:
            raise self.cut(done, size)

    def silent(self) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: the server {host} did not answer within {seconds} s. Check the "
                "network and try again; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
            seconds=f"{self.timeout:g}",
        )

    def unreachable(self) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: there is no connection to the server {host}. Check the network and "
                "try again; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
        )

    def refused(self, status: int) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: the server {host} answered with status {status}. Try again later; "
                "the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
            status=status,
        )

    def cut(self, done: int, size: int | None) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: the connection to {host} broke after {done} of {size} bytes. Try "
                "again; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
            done=done,
            size="?" if size is None else size,
        )

    def slow(self) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: less than {slowest} bytes a second came from {host}. Try again "
                "later; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
            slowest=SLOWEST,
        )

    def too_large(self, largest: int) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: {host} sends more than the {largest} bytes that a file of it may "
                "have. Try again later; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
            largest=largest,
        )

    def wrong_file(self) -> WorkError:
        return WorkError(
            N_(
                "'{name}' could not be downloaded: what {host} sent is not the expected file (its checksum or its "
                "content is another). Try again later; the bundled digits still work."
            ),
            name=self.name,
            host=self.host,
        )
