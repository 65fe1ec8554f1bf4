"""Files of recording systems, built by the layouts that Neo and SpikeInterface read."""

import json
import struct

import h5py
import numpy as np
import pandas as pd

NEX_RATE, PLX_RATE = 40_000.0, 40_000
UNIT, EVENT, MARKER = 0, 1, 6  # types of NeuroExplorer's variables
NEX_HEADER = struct.Struct("<4si256sdiii260x")
NEX_VARIABLE = struct.Struct("<ii64siiiiiiddddiiidd52x")


def trains_of(culture):
    """Return the spike times of every channel, in seconds, by what a system may call it."""
    channels = sorted(culture.spikes["channel"].unique())
    of = culture.spikes.groupby("channel")["time"]
    return {f"sig{channel:03d}a": of.get_group(channel).to_numpy() for channel in channels}


def stimulation_of(culture):
    """Return the trials in which an input was on: no system logs others."""
    inputs = culture.stimuli.filter(like="input").to_numpy(int)
    on = inputs.any(axis=1)
    return np.flatnonzero(on), culture.stimuli["onset"].to_numpy()[on], inputs[on]


def nex(path, trains, events=(), markers=()):
    """Write a NeuroExplorer file: units, channels of events, and of events with labels."""

    def ticks(times):
        return np.round(np.asarray(times) * NEX_RATE).astype("<i4")

    variables = [(UNIT, name, ticks(times), b"", 0) for name, times in trains.items()]
    variables += [(EVENT, name, ticks(times), b"", 0) for name, times in dict(events).items()]
    for name, times, labels in markers:
        length = max(map(len, labels)) + 1
        texts = b"".join(label.encode().ljust(length, b"\0") for label in labels)
        variables.append((MARKER, name, ticks(times), b"DIO".ljust(64, b"\0") + texts, length))
    offset = NEX_HEADER.size + NEX_VARIABLE.size * len(variables)
    last = max((int(stamps[-1]) for _, _, stamps, _, _ in variables if len(stamps)), default=0)
    header = NEX_HEADER.pack(b"NEX1", 104, b"", NEX_RATE, 0, last, len(variables))
    headers, contents = b"", b""
    for kind, name, stamps, more, length in variables:
        place = offset + len(contents)
        headers += NEX_VARIABLE.pack(
            *(kind, 100, name.encode(), place, len(stamps), 0, 0, 0, 0, 0.0, 0.0),
            *(NEX_RATE, 1.0, 0, 1 if length else 0, length, 0.0, 0.0),
        )
        contents += stamps.tobytes() + more
    path.write_bytes(header + headers + contents)
    return path


def plx(path, trains, codes):
    """Write a Plexon file: sorted spikes of every channel, and strobed words (time, word)."""
    from neo.rawio import plexonrawio as layout

    header = np.zeros(1, layout.GlobalHeader)
    header["MagicNumber"] = 0x58454C50
    header["Version"] = 106
    header["ADFrequency"] = header["WaveformFreq"] = PLX_RATE
    header["NumDSPChannels"], header["NumEventChannels"] = len(trains), 1
    header["Year"], header["Month"], header["Day"] = 2024, 11, 20
    header["BitsPerSpikeSample"], header["SpikeMaxMagnitudeMV"] = 12, 3000
    header["SpikePreAmpGain"], header["Trodalness"] = 1000, 1
    channels = np.zeros(len(trains), layout.DspChannelHeader)
    channels["Channel"] = np.arange(1, len(trains) + 1)
    channels["Name"] = [name.encode() for name in trains]
    channels["Gain"], channels["NUnits"] = 1, 1
    event = np.zeros(1, layout.EventChannelHeader)
    event["Name"], event["Channel"] = b"Strobed", 257
    rows = [
        (time, 1, channel, 1) for channel, times in enumerate(trains.values(), 1) for time in times
    ]
    rows = sorted(rows + [(time, 4, 257, word) for time, word in codes])
    blocks = np.zeros(len(rows), layout.DataBlockHeader)
    blocks["TimeStamp"] = [round(time * PLX_RATE) for time, *_ in rows]
    for place, column in enumerate(("Type", "Channel", "Unit"), 1):
        blocks[column] = [row[place] for row in rows]
    header["LastTimestamp"] = blocks["TimeStamp"].max()
    path.write_bytes(b"".join(part.tobytes() for part in (header, channels, event, blocks)))
    return path


def sorting(path, trains, rate=20_000.0):
    """Write a sorting of SpikeInterface."""
    from spikeinterface.core import NpzSortingExtractor, NumpySorting

    frames = {name: np.round(times * rate).astype(int) for name, times in trains.items()}
    NpzSortingExtractor.write_sorting(NumpySorting.from_unit_dict([frames], rate), path)
    return path


def intan(path, onsets, inputs, seconds):
    """Write an Intan file (header and data in one): one voltage, and a digital input per column."""
    rate, block = 2000, 128

    def text(words):
        return struct.pack("<I", 2 * len(words)) + words.encode("utf-16-le")

    def channel(name, order, kind):
        numbers = struct.pack("<10hff", order, order, kind, 1, order, 0, 0, 0, 0, 0, 0.0, 0.0)
        return text(name) + text(name) + numbers

    width = inputs.shape[1]
    header = struct.pack("<Ihh", 0xC6912702, 3, 0)  # part by part as in Intan's document
    header += struct.pack("<fh6fh2f", rate, 0, *[1.0] * 6, 0, 1000.0, 1000.0)
    header += text("") * 3 + struct.pack("<hh", 0, 0) + text("") + struct.pack("<h", 2)
    header += text("Port A") + text("A") + struct.pack("<hhh", 1, 1, 1) + channel("A-000", 0, 0)
    header += text("Board Digital Inputs") + text("DIN") + struct.pack("<hhh", 1, width, 0)
    header += b"".join(channel(f"DIGITAL-IN-{i:02d}", i, 4) for i in range(width))
    size = -(-int(seconds * rate) // block) * block
    words = np.zeros(size, np.uint16)
    for onset, row in zip(onsets, inputs, strict=True):
        begin = round(onset * rate)
        words[begin : begin + 4] |= np.uint16((row << np.arange(width)).sum())
    blocks = np.zeros(
        size // block,
        [("time", "<i4", block), ("voltage", "<u2", block), ("digital", "<u2", block)],
    )
    blocks["time"] = np.arange(size).reshape(-1, block)
    blocks["digital"] = words.reshape(-1, block)
    path.write_bytes(header + blocks.tobytes())
    return path


def mcs_raw(path):
    """Write voltages as MC_DataTool exports them."""
    header = (
        "MC_DataTool binary conversion\r\nVersion 2.6.15\r\n\r\nSample rate = 10000\r\n"
        "ADC zero = 32768\r\nEl = 0.0610µV/AD\r\nStreams = El_12;El_13;El_14\r\nEOH\r\n"
    )
    path.write_bytes(header.encode("Windows-1252") + np.zeros((20_000, 3), "<u2").tobytes())
    return path


def mcs_hdf5(path):
    """Write voltages as Multi Channel DataManager exports them."""
    columns = {"ChannelID": "i4", "Label": "S4", "Unit": "S1", "Tick": "i8", "Exponent": "i4"}
    columns |= {"ConversionFactor": "i8", "ADZero": "i4"}
    info = np.zeros(3, list(columns.items()))
    info["ChannelID"], info["Label"], info["Unit"] = [1, 2, 3], [b"12", b"13", b"14"], b"V"
    info["Tick"], info["Exponent"], info["ConversionFactor"] = 100, -12, 59605
    with h5py.File(path, "w") as file:
        stream = file.create_group("Data/Recording_0/AnalogStream/Stream_0")
        stream["ChannelData"] = np.zeros((3, 20_000), np.int32)
        stream["ChannelDataTimeStamps"] = [[0, 0, 19_999]]
        stream["InfoChannel"] = info
    return path


def maxwell(path):
    """Write voltages as a MaxTwo does."""
    mapping = np.zeros(3, [("channel", "i4"), ("electrode", "i4"), ("x", "f8"), ("y", "f8")])
    mapping["channel"], mapping["electrode"] = [0, 1, 2], [10, 20, 30]
    with h5py.File(path, "w") as file:
        file["version"] = np.array([b"20190530"])
        recorded = file.create_group("wells/well000/rec0000")
        recorded["settings/sampling"], recorded["settings/lsb"] = [20_000.0], [6.3e-6]
        recorded["settings/mapping"] = mapping
        recorded["groups/routed/raw"] = np.zeros((3, 40_000), np.uint16)
    return path


def biocam(path):
    """Write voltages as BrainWave 5 does (BRW 4)."""
    experiment = {
        "ValueConverter": {"MaxAnalogValue": 4125.0, "MinAnalogValue": -4125.0, "ScaleFactor": 1.0}
        | {"MaxDigitalValue": 4095, "MinDigitalValue": 0},
        "TimeConverter": {"FrameRate": 10_000.0},
    }
    with h5py.File(path, "w") as file:
        file["ExperimentSettings"] = np.array([json.dumps(experiment).encode()])
        file["TOC"] = np.array([[0, 20_000]], np.int64)
        file["Well_A1/StoredChIdxs"] = np.arange(4)
        file["Well_A1/Raw"] = np.zeros(80_000, np.uint16)
    return path


def results(path):
    """Write what BrainWave keeps of spikes, in outline (BXR 4)."""
    with h5py.File(path, "w") as file:
        file["TOC"] = file["SpikeTOC"] = np.array([[0, 20_000]], np.int64)
        file["Well_A1/SpikeTimes"], file["Well_A1/SpikeChIdxs"] = np.arange(9), np.zeros(9, int)
    return path


def begins(start):
    """Return a function that writes a file which begins so."""

    def written(path):
        path.write_bytes(start + bytes(1000))
        return path

    return written


def stimuli(path, culture):
    """Write the table of stimuli."""
    pd.DataFrame(culture.stimuli).to_csv(path, index=False)
    return path
