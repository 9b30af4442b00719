"""The log of a child: complete, in order, no line torn, and bounded."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from local.log_file import LogFile

LINES = st.lists(st.text("abc", max_size=12).map(lambda text: f"{text}\n".encode()), max_size=40)
CUTS = st.lists(st.integers(1, 30), min_size=1, max_size=10)


def files(path: Path) -> list[bytes]:
    """The oldest first."""
    numbered = sorted(path.parent.glob(f"{path.name}.*"), key=lambda each: -int(each.suffix[1:]))
    return [each.read_bytes() for each in (*numbered, path)]


def write(log: LogFile, text: bytes, cuts: list[int]) -> None:
    """In pieces of these sizes, again and again."""
    log.begin()
    while text:
        for size in cuts:
            log.write(text[:size])
            text = text[size:]


@given(LINES, CUTS)
def test_no_line_is_lost_or_torn(lines: list[bytes], cuts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "desk.log"
        write(LogFile(path, most=20, older=1000), b"".join(lines), cuts)
        written = files(path)
    assert b"".join(written) == b"".join(lines)
    assert all(each.endswith(b"\n") for each in written[:-1])
    assert all(len(each) >= 20 for each in written[:-1]), "only a full file makes room"


@given(LINES, CUTS)
def test_only_so_many_files_stay(lines: list[bytes], cuts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "desk.log"
        write(LogFile(path, most=20, older=2), b"".join(lines), cuts)
        written = files(path)
    assert len(written) <= 3
    assert b"".join(lines).endswith(b"".join(written))
    # What may be over: the line that was being written, and the piece that it came with.
    assert all(len(each) < 20 + 13 + 30 for each in written)


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    for word in (b"first\n", b"second\n"):
        log = LogFile(tmp_path / "logs" / "desk.log")
        log.begin()
        log.write(word)
        assert log.recent(15) == [word.decode().strip()]
    assert (tmp_path / "logs" / "desk.log").read_bytes() == b"first\nsecond\n"


def test_a_full_disk_is_no_matter_of_the_child(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "desk.log")
    log.begin()
    (tmp_path / "desk.log").unlink()
    (tmp_path / "desk.log").mkdir()
    log.write(b"not written\n")
    assert log.recent(15) == ["not written"]
