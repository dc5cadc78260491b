"""Load: what comes from one worker on another machine, written as if it had been measured here."""

from typing import Any

import numpy as np

from kubedrill.load.user.recorder import open_samples
from kubedrill.load.user.remote.clocks import ClockComparison
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines, adapter
from kubedrill.record.remote import Account
from kubedrill.record.sample import LOAD_DTYPE, SampleWriter
from kubedrill.record.sidecar import LoadSidecar
from kubedrill.record.vitals import GeneratorVitals


class Receiving:
    """One worker's samples and lines, their times put on this machine's clock."""

    def __init__(self, folder: RunFolder, load: str, number: int) -> None:
        self.account = Account(name="")
        self.last = False
        """Whether it has said that no more come."""
        self._folder, self._name = folder, f"load-{load}@{number}"
        self._clocks = ClockComparison()
        self._samples: SampleWriter | None = None
        self._lines = JsonLines(folder.samples / f"{self._name}.workers.jsonl")
        self._taken = 0

    def take_name(self, name: str, machine: str) -> None:
        """Take what it is called, its machine and its process; and which machine, if it is another."""
        self._note(name=name, machine=machine)

    def take_pong(self, sent: int, there: int, back: int) -> None:
        """Take one round trip; times as ClockComparison.add."""
        self._clocks.add(sent, there, back)
        self._note(drift=self._clocks.drift, last_heard=back)

    def settle_clock(self, at: int) -> None:
        """Let what is known of its clock now count: by it dues go there, and times come back."""
        reading = self._clocks.begin(at)
        self._note(offset=reading.offset, uncertainty=reading.uncertainty)

    def take_about(self, about: str) -> None:
        """Take what the numbers in the records mean, for the first time or anew."""
        sidecar = adapter(LoadSidecar).validate_json(about)
        if self._samples is None:
            self._samples = open_samples(self._folder.samples, self._name, sidecar)
        else:
            self._samples.describe(sidecar)

    def take_records(self, data: bytes) -> int:
        """Take records; return how many bytes have been taken in all."""
        assert self._samples is not None
        records = np.frombuffer(data, LOAD_DTYPE).copy()
        moved = records["intended"].astype(np.int64) - self.account.offset
        records["intended"] = moved.astype(np.uint64)
        self._samples.write(records)
        self._taken += len(data)
        return self._taken

    def take_line(self, text: str) -> None:
        """Take a line of its vitals."""
        line = adapter(GeneratorVitals).validate_json(text)
        self._lines.add(line.model_copy(update={"time": line.time - self.account.offset}))

    def take_last(self, whole: bool, size: int) -> None:
        """No more comes; `whole` if the worker has done all that it had to, and has sent so many bytes."""
        self.last = True
        self._note(whole=whole and size == self._taken)
        if not whole:
            self._note(cause="it ended early; its own output says why")
        elif size != self._taken:
            self._note(cause=f"{self._taken} of the {size} bytes of its samples have come")

    def close(self) -> None:
        """Close the files."""
        if self._samples is not None:
            self._samples.close()
        self._lines.close()

    def _note(self, **known: Any) -> None:
        self.account = self.account.model_copy(update=known)
