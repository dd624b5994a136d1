"""Sockets: what one turn brings goes out in one piece, and who does not read costs nobody."""

import asyncio

from server.peers import WINDOW, Peer, PeerMap
from server.protocol import CLOSE_TOO_SLOW, encode
from tests.process import Socket

FRAME = encode(1, {})


async def turn() -> None:
    """Let all that is due happen."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_the_frames_of_one_turn_go_out_in_one_piece_and_in_order() -> None:
    socket = Socket(1)
    for code in (1, 2, 3):
        socket.peer.write(encode(code, {}))
    assert socket.writes == []
    await turn()
    assert len(socket.writes) == 1
    assert [frame["code"] for frame in socket.rest()] == [1, 2, 3]


async def test_the_next_turn_is_a_piece_of_its_own() -> None:
    socket = Socket(1)
    socket.peer.write(FRAME)
    await turn()
    socket.peer.write(FRAME)
    await turn()
    assert socket.writes == [FRAME, FRAME]


async def test_who_does_not_read_is_closed_with_4009_over_the_bound() -> None:
    socket = Socket(1, send_buffer=3 * len(FRAME))
    socket.reads = False
    for _ in range(3):
        socket.peer.write(FRAME)
        await turn()
    assert socket.closed == []
    socket.peer.write(FRAME)
    assert socket.closed == [CLOSE_TOO_SLOW]
    socket.peer.write(FRAME)
    await turn()
    assert sum(map(len, socket.writes)) == 4 * len(FRAME)


async def test_what_gathers_within_one_turn_counts_against_the_bound() -> None:
    socket = Socket(1, send_buffer=3 * len(FRAME))
    for _ in range(4):
        socket.peer.write(FRAME)
    assert socket.closed == [CLOSE_TOO_SLOW]


async def test_what_was_read_no_longer_counts_against_the_bound() -> None:
    socket = Socket(1, send_buffer=3 * len(FRAME))
    socket.reads = False
    for _ in range(9):
        socket.peer.write(FRAME)
        await turn()
        socket.unsent = 0
    assert socket.closed == []


async def test_without_a_bound_nobody_is_too_slow() -> None:
    socket = Socket(1, send_buffer=0)
    socket.reads = False
    for _ in range(1000):
        socket.peer.write(FRAME)
    await turn()
    assert socket.closed == []


async def test_a_close_comes_behind_what_was_written_and_nothing_comes_behind_it() -> None:
    socket = Socket(1)
    socket.peer.write(FRAME)
    socket.peer.close(4001, "a newer login")
    assert (socket.writes, socket.closed) == ([FRAME], [4001])
    socket.peer.write(FRAME)
    socket.peer.close(4003, "again")
    await turn()
    assert (socket.writes, socket.closed) == ([FRAME], [4001])
    assert socket.peer.closed_with == (4001, "a newer login")


async def test_a_connection_that_is_gone_is_written_nothing() -> None:
    socket = Socket(1)
    socket.peer.write(FRAME)
    socket.peer.gone()
    socket.peer.write(FRAME)
    await turn()
    assert socket.writes == []


async def test_a_full_window_stops_reading_until_one_send_has_its_answer() -> None:
    peer = Socket(1).peer
    for _ in range(WINDOW - 1):
        peer.accept()
    assert peer.room.is_set()
    peer.accept()
    assert not peer.room.is_set()
    peer.settle()
    assert peer.room.is_set()
    peer.accept()
    assert not peer.room.is_set()


async def test_who_waits_for_room_is_let_go_when_the_socket_ends() -> None:
    closed, gone = Socket(1).peer, Socket(1).peer
    for peer in (closed, gone):
        for _ in range(WINDOW):
            peer.accept()
    closed.close(1001, "going away")
    gone.gone()
    assert closed.room.is_set()
    assert gone.room.is_set()


def people(*uids: int) -> tuple[PeerMap, list[Peer]]:
    peers, found = PeerMap(), [Socket(uid).peer for uid in uids]
    for peer in found:
        peers.add(peer)
    return peers, found


async def test_the_map_knows_the_first_and_the_last_socket_of_a_user() -> None:
    peers, one, other = PeerMap(), Socket(1).peer, Socket(1).peer
    assert [peers.add(one), peers.add(other)] == [True, False]
    assert peers.count == 2
    assert [peers.remove(one), peers.remove(one), peers.remove(other)] == [False, False, True]
    assert peers.count == 0
    assert peers.of(1) == ()


async def test_online_is_who_has_a_socket_that_is_ready_and_not_closed() -> None:
    peers, (one, other) = people(1, 1)
    other.ready = False
    assert peers.online(1)
    assert not peers.online(1, besides=one)
    assert set(peers.of(1)) == {one, other}
    one.close(4001, "a newer login")
    assert not peers.online(1)
    assert not peers.online(2)


async def test_a_push_reaches_the_ready_sockets_of_its_users_besides_one() -> None:
    peers = PeerMap()
    sender, twin, friend, stranger, early = (Socket(uid) for uid in (1, 1, 2, 3, 2))
    for socket in (sender, twin, friend, stranger, early):
        peers.add(socket.peer)
    early.peer.ready = False
    assert peers.push([1, 2, 9], FRAME, besides=sender.peer)
    await turn()
    written = [len(socket.writes) for socket in (sender, twin, friend, stranger, early)]
    assert written == [0, 1, 1, 0, 0]
    assert not peers.push([9], FRAME)


async def test_sockets_may_come_and_go_while_all_are_walked_over() -> None:
    peers, _ = people(1, 2, 3)
    for peer in peers:
        peers.remove(peer)
        peers.add(Socket(peer.uid + 10).peer)
    assert sorted(peer.uid for peer in peers) == [11, 12, 13]
