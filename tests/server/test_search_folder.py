"""Which file is the index, who feeds it, and who waits for another."""

from contextlib import closing
from pathlib import Path

from models.search import Change, Entry, Index
from server.search_folder import SearchFolder


def test_one_feeds_until_it_gives_back(tmp_path: Path) -> None:
    one, two = SearchFolder(tmp_path), SearchFolder(tmp_path)
    assert one.take_lease() and one.take_lease() and one.feeds
    assert not two.take_lease() and not two.feeds
    one.give_back()
    assert not one.feeds and two.take_lease()
    two.give_back()


def test_a_built_index_takes_the_place_of_the_current_one(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    assert folder.current() is None
    with closing(folder.create()) as old:
        assert folder.current() == old.path
        building = folder.begin()
        building.write({"1:2": Change(1, 0, [Entry(1, 1, 1, "text", "1", "tea")])})
        assert folder.current() == old.path
        with closing(folder.publish(building)) as new:
            assert folder.current() == new.path != old.path
            assert new.reached() == {"1:2": Change(1, 0)}
            left = {path.name for path in (tmp_path / "search").iterdir()}
            assert {name for name in left if not name.startswith(new.path.name)} == set()


def test_a_lost_file_never_has_the_name_of_the_next(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    names = set()
    for _ in range(3):
        index = folder.create()
        index.close()
        names.add(index.path)
        folder.discard(index.path)
        assert folder.current() is None
    assert len(names) == 3


def test_what_an_earlier_run_left_is_removed(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    left = folder.begin()
    left.close()
    folder.create().close()
    assert not left.path.exists()


def test_the_files_are_the_owners_alone(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path / "data")
    with closing(folder.create()) as index:
        assert index.path.stat().st_mode & 0o777 == 0o600
        assert index.path.parent.stat().st_mode & 0o777 == 0o700
        with closing(Index(index.path)):
            for path in index.path.parent.iterdir():
                assert path.stat().st_mode & 0o077 == 0, path


def test_a_request_is_pending_until_what_began_after_it_has_ended(tmp_path: Path) -> None:
    folder = SearchFolder(tmp_path)
    assert not folder.rebuild_pending() and not folder.begin_rebuild()
    folder.ask_for_rebuild()
    assert folder.rebuild_pending() and folder.begin_rebuild() and folder.rebuild_pending()
    folder.ask_for_rebuild()  # by somebody else, while it is being done
    folder.end_rebuild()
    assert folder.rebuild_pending() and folder.begin_rebuild()
    folder.end_rebuild()
    assert not folder.rebuild_pending()
