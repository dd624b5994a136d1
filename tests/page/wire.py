"""The socket between a page and the server, of which a test can swallow what the server says."""

from playwright.sync_api import Page, WebSocketRoute


class Wire:
    """Of all sockets that the page opens from now on; reload it to have them go by here."""

    def __init__(self, page: Page) -> None:
        self.deaf = False
        """Whether what the server says does not arrive; what is said to it does."""
        self._sockets: list[WebSocketRoute] = []
        page.route_web_socket("**/ws", self._between)

    def _between(self, socket: WebSocketRoute) -> None:
        self._sockets.append(socket)
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda frame: None if self.deaf else socket.send(frame))

    def break_off(self) -> None:
        """The newest socket breaks; the next one hears again."""
        self.deaf = False
        self._sockets[-1].close()
