"""Where the model runs: in a thread of its own, with a step's time for each hop and a step more latency.

The callback leaves complete hops in a lane of slots and takes results out of it. It never waits: a result
that is not there is a missed hop. Hops come back by number, so a missed one disturbs no other.
"""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from rtsep.live.engine.crossfade import FADE
from rtsep.live.realtime import ask_for_realtime
from rtsep.separator import Separator
from rtsep.types import Audio

_NONE = -1
_SPARE_S = 0.5  # of hops that the worker may be behind before hops are lost
_POLL_S = 0.0005  # between two looks, where the caller has no deadline


class Lane:
    """Slots for the hops of one run, in use in turn; a result belongs to the hop whose number stands beside it.

    Parameters
    ----------
    slots
        Number of slots.
    stems, channels, hop
        Shape of the sound.
    """

    def __init__(self, slots: int, stems: int, channels: int, hop: int) -> None:
        self.slots = slots
        self.hops = np.zeros((slots, channels, hop), np.float32)
        self.stems = np.zeros((slots, stems, channels, hop + min(FADE, hop)), np.float32)  # and a preview of the next
        self.result = [_NONE] * slots
        self.fresh = [False] * slots
        self.spoilt = [False] * slots
        self.filled = 0  # hops that the callback has left so far
        self.done = 0  # hops that the worker is through with
        self.over = False


class Worker:
    """Runs a separator hop by hop in a thread.

    Parameters
    ----------
    separator
        Loaded and warm. The thread owns it from now on.
    """

    def __init__(self, separator: Separator) -> None:
        self.separator = separator
        self.latency = separator.latency
        self.missed = self.spoilt = 0
        self.longest = 0
        self._hop = separator.info.geometry.hop
        self._queue: SimpleQueue[tuple[Lane, int]] = SimpleQueue()
        self._step = 0  # frames that the worker has for a hop
        self._frames = 0  # taken in since the start
        self._offset = 0  # by which the stems follow the hops
        self._last_missed = _NONE
        self._forget = False
        self._lane = Lane(1, len(separator.stems), separator.channels, self._hop)
        self.error: Exception | None = None
        threading.Thread(target=self._work, name="worker", daemon=True).start()

    def start(self, frames: int, multiple: int) -> None:
        """Begin anew: a hop has the time of a block, or of a hop where that is longer, before it is needed."""
        self.longest = frames
        self._step = max(frames, self._hop)
        geometry = self.separator.info.geometry
        self._offset = self._hop - multiple + self._step
        self.latency = geometry.latency - self._hop + self._offset
        self._lane.over = True
        slots = 2 * self._step // self._hop + round(_SPARE_S * self.separator.samplerate / self._hop)
        self._lane = Lane(slots, len(self.separator.stems), self.separator.channels, self._hop)
        self._frames = 0
        self._last_missed = _NONE

    def process(self, block: Audio, behind: bool, deadline: bool) -> tuple[Audio, NDArray[np.bool_] | None]:
        """Separate a block, see `Inference`; it does not matter whether the block began late."""
        if self.error is not None:
            raise self.error
        self._leave(block, deadline)
        frames = block.shape[1]
        stems = np.zeros((self._lane.stems.shape[1], *block.shape), np.float32)
        present = np.ones(frames, np.bool_)
        position = self._frames - self._offset
        self._frames += frames
        done = max(0, min(-position, frames))  # nothing is due before the first hop
        while done < frames:
            hop, start = divmod(position + done, self._hop)
            count = min(self._hop - start, frames - done)
            present[done:done + count] = self._fetch(hop, start, stems[:, :, done:done + count], deadline)
            done += count
        return stems, None if present.all() else present

    def forget(self) -> None:
        """Let the separator begin anew, see `Inference`; its thread does that."""
        self._forget = True

    def _leave(self, block: Audio, deadline: bool) -> None:
        """Put the block into slots, and hand complete hops over."""
        lane, done = self._lane, 0
        while done < block.shape[1]:
            hop, start = divmod(self._frames + done, self._hop)
            count = min(self._hop - start, block.shape[1] - done)
            lane.hops[hop % lane.slots, :, start:start + count] = block[:, done:done + count]
            done += count
            if start + count == self._hop:
                lane.filled = hop + 1
                self._queue.put((lane, hop))
                if not deadline:
                    self._wait(lane)

    def _wait(self, lane: Lane) -> None:
        while lane.done < lane.filled and self.error is None:
            time.sleep(_POLL_S)

    def _fetch(self, hop: int, start: int, out: Audio, deadline: bool) -> bool:
        """Copy a part of a hop, (stems, channels, frames); say whether it is there and from the model."""
        lane, end = self._lane, start + out.shape[2]
        slot = hop % lane.slots
        if lane.result[slot] == hop and lane.fresh[slot]:
            out[:] = lane.stems[slot, :, :, start:end]
            return True
        if hop != self._last_missed:
            self._last_missed = hop
            spoilt = lane.result[slot] == hop and lane.spoilt[slot]
            self.spoilt += spoilt
            self.missed += not spoilt
        before = (hop - 1) % lane.slots
        if lane.result[before] == hop - 1 and start < FADE:
            count = min(FADE, end) - start
            out[:, :, :count] = lane.stems[before, :, :, self._hop + start:self._hop + start + count]
        return False

    def _work(self) -> None:
        """Separate what comes, for ever."""
        ask_for_realtime()
        lane: Lane | None = None
        last = _NONE
        while True:
            new_lane, hop = self._queue.get()
            if new_lane.over or new_lane.filled - 1 - hop >= new_lane.slots:  # overwritten while it waited
                continue
            if new_lane is not lane:
                lane, last = new_lane, _NONE
                self.separator.set_blocksize(self._hop)
            try:
                self._separate(lane, hop, follows=hop == last + 1)
            except Exception as error:  # the callback raises it, and the watching thread reports it
                self.error = error
                return
            last = hop

    def _separate(self, lane: Lane, hop: int, follows: bool) -> None:
        """Work on a hop; one whose time is over gets the last masks, which is quick, and helps to catch up."""
        slot = hop % lane.slots
        behind = lane.filled - 1 - hop
        if not follows:
            self.separator.reset()
        if self._forget:
            self._forget = False
            self.separator.forget()
        late, spoilt_hops = behind > self._step // self._hop, self.separator.spoilt_hops
        self.separator.hold = late
        lane.stems[slot, :, :, :self._hop] = self.separator.separate(lane.hops[slot])
        lane.stems[slot, :, :, self._hop:] = self.separator.preview(min(FADE, self._hop))
        lane.spoilt[slot] = self.separator.spoilt_hops != spoilt_hops
        lane.fresh[slot] = follows and not late and not lane.spoilt[slot]
        lane.result[slot] = hop
        lane.done = hop + 1
