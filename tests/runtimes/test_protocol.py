"""Frames, and what is no frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiwebengine.runtimes.group import FAULT_PERIOD_SECS, Group
from aiwebengine.runtimes.protocol import FrameError, FrameReader, Kind, frame

NUMBERS = st.integers(0, 0xFFFF_FFFF)
FRAMES = st.lists(
    st.tuples(st.sampled_from(Kind), NUMBERS, NUMBERS, st.binary(max_size=40), st.binary())
)


@given(FRAMES, st.lists(st.integers(1, 60), min_size=1))
def test_frames_arrive_unchanged_in_pieces_of_any_size(frames, sizes):
    stream = b"".join(
        frame(kind, call, head, body, program) for kind, program, call, head, body in frames
    )
    reader, received, at = FrameReader(1_000_000), [], 0

    while at < len(stream):
        size = sizes[at % len(sizes)]
        for one in reader.feed(stream[at : at + size]):
            received.append((one.kind, one.program, one.call, bytes(one.head), bytes(one.body)))
        at += size

    assert received == frames


def test_a_frame_that_is_too_long_is_refused_before_it_has_arrived():
    reader = FrameReader(1_000)
    begin = frame(Kind.ANSWER, 7, b"{}", bytes(2_000))[:17]

    with pytest.raises(FrameError, match="a frame of 2015 bytes") as refused:
        list(reader.feed(begin))

    assert (refused.value.kind, refused.value.call) == (Kind.ANSWER, 7)


@pytest.mark.parametrize("length", [0, 12])
def test_a_frame_that_is_shorter_than_its_own_fields_is_refused(length):
    with pytest.raises(FrameError):
        list(FrameReader(1_000).feed(length.to_bytes(4, "little") + bytes(13)))


def test_a_head_that_is_longer_than_its_frame_is_refused():
    changed = bytearray(frame(Kind.ANSWER, 7, b"{}", b"body"))
    changed[13:17] = (7).to_bytes(4, "little")

    with pytest.raises(FrameError, match="a head of 7"):
        list(FrameReader(1_000).feed(bytes(changed)))


def test_frames_before_one_that_is_refused_are_received():
    good, bad = frame(Kind.ANSWER, 1), frame(Kind.ANSWER, 2, b"", bytes(2_000))
    received = []

    with pytest.raises(FrameError):
        for one in FrameReader(1_000).feed(good + bad):
            received.append(one.call)

    assert received == [1]


def test_faults_of_a_group_are_counted_for_five_minutes():
    group = Group("one")

    counts = [group.count_fault(now) for now in (0.0, 10.0, FAULT_PERIOD_SECS + 5, 1_000.0)]

    assert counts == [1, 2, 2, 1]
    assert group.status(waiting=0).ended_processes == 4
