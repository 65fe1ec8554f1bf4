"""What Neo reads: spike trains, events, and rising edges of digital inputs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many
from canonica._files import shown
from canonica.recordings.vendors._contents import Events, VendorContents
from canonica.recordings.vendors._libraries import library

CHUNK = 1 << 20  # samples of digital inputs that are looked at at once
DIGITAL = "digital input"  # in the names of Neo's streams


def contents_by_neo(reader: str, **settings: Any) -> Callable[[Path], VendorContents]:
    """Return a function that reads a file by one of the classes of `neo.rawio`.

    Parameters
    ----------
    reader : str
        Name of the class.
    **settings
        What else it takes.
    """

    def contents(path: Path) -> VendorContents:
        file = getattr(library("neo.rawio", path), reader)(filename=str(path), **settings)
        file.parse_header()
        _check_segments(file, path)
        return VendorContents(
            f"Neo's {reader}",
            trains=_trains(file, path),
            events=(*_events(file), *_digital_inputs(file)),
            voltages=_voltages(file),
        )

    return contents


def _check_segments(file: Any, path: Path) -> None:
    """Refuse several segments: each has a clock of its own."""
    segments = [file.segment_count(block) for block in range(file.block_count())]
    if segments == [1]:
        return
    raise RecordingError(
        shown(path),
        "segments",
        found=f"{how_many(sum(segments), 'segment')} in {how_many(len(segments), 'block')}",
        expected="one, which has one clock",
        advice="Read it by Neo, and give one segment after the other to canonica.from_spikes "
        "(segment_index=...).",
    )


def _trains(file: Any, path: Path) -> dict[str, np.ndarray]:
    trains: dict[str, np.ndarray] = {}
    for number, name in enumerate(file.header["spike_channels"]["name"]):
        times = file.get_spike_timestamps(spike_channel_index=number)
        if str(name) in trains:
            raise RecordingError(
                shown(path),
                "spike trains",
                found=f"two called {name}",
                expected="a name of its own for each",
                advice="Rename them, and export again.",
            )
        trains[str(name)] = file.rescale_spike_timestamp(times, dtype="float64")
    return trains


def _events(file: Any) -> Iterator[Events]:
    for number, channel in enumerate(file.header["event_channels"]):
        if not file.event_count(event_channel_index=number):
            continue
        stamps, _, labels = file.get_event_timestamps(event_channel_index=number)
        times = file.rescale_event_timestamp(stamps, dtype="float64", event_channel_index=number)
        texts = tuple(str(label).replace("\0", "").strip() for label in labels)
        yield Events(str(channel["name"]), times, texts)


def _digital_inputs(file: Any) -> Iterator[Events]:
    """Yield when each digital input went up: Neo gives these inputs as signals."""
    channels = file.header["signal_channels"]
    for stream, (name, identity) in enumerate(file.header["signal_streams"][["name", "id"]]):
        if DIGITAL not in str(name).lower():
            continue
        rate = file.get_signal_sampling_rate(stream_index=stream)
        start = file.get_signal_t_start(block_index=0, seg_index=0, stream_index=stream)
        names = [str(one) for one in channels["name"][channels["stream_id"] == identity]]
        edges = _rising(file, stream, len(names))
        for channel, frames in zip(names, edges, strict=True):
            if frames.size:
                yield Events(channel, start + frames / rate, ("",) * frames.size)


def _rising(file: Any, stream: int, channels: int) -> list[np.ndarray]:
    """Return the frames at which each of the channels goes up from 0."""
    size = file.get_signal_size(block_index=0, seg_index=0, stream_index=stream)
    found: list[list[np.ndarray]] = [[] for _ in range(channels)]
    last = np.ones((1, channels), bool)  # that an input is up at the start is no edge
    for begin in range(0, size, CHUNK):
        end = min(begin + CHUNK, size)
        chunk = file.get_analogsignal_chunk(i_start=begin, i_stop=end, stream_index=stream) > 0
        before = np.concatenate([last, chunk[:-1]])
        for frames, up in zip(found, (chunk & ~before).T, strict=True):
            frames.append(begin + np.flatnonzero(up))
        last = chunk[-1:]
    return [np.concatenate([np.zeros(0, int), *frames]) for frames in found]


def _voltages(file: Any) -> str:
    streams = file.header["signal_streams"]
    voltages = [number for number, name in enumerate(streams["name"])
                if DIGITAL not in str(name).lower()]  # fmt: skip
    if not voltages:
        return ""
    channels = file.signal_channels_count(stream_index=voltages[0])
    rate = file.get_signal_sampling_rate(stream_index=voltages[0])
    size = file.get_signal_size(block_index=0, seg_index=0, stream_index=voltages[0])
    return f"voltages of {how_many(channels, 'channel')} at {rate:g} Hz for {size / rate:g} s"
