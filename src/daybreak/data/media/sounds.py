"""Sounds: validation of untrusted files, and the features in which they are kept.

A sound is decoded once, at the import. Kept are means and deviations of its cepstral
coefficients and of their changes: what it sounds like, not the sound itself.
"""

import io
from base64 import b64decode, b64encode
from typing import Any

import numpy as np

from daybreak.data.media.pictures import MAX_MEDIA_BYTES, is_chunk_truncated
from daybreak.data.media.refusals import MediaRefusal, RefusedMediaError
from daybreak.errors import MissingExtraError
from daybreak.types import Floats

SOUND_PREFIX = "data:application/vnd.daybreak.sound1;base64,"
"""Start of a kept sound; the number changes with the features."""
SOUND_FORMATS = frozenset({"WAV", "WAVEX", "FLAC", "OGG", "MP3", "AIFF"})
"""Formats that are decoded."""
MAX_SOUND_S = 30.0
"""Part of a sound that is read, from its middle [s]."""
MIN_SOUND_S = 0.2
"""Shortest sound [s]."""
MAX_CHANNELS = 8
SAMPLE_RATES_HZ = (8_000, 192_000)
"""Smallest and largest number of samples of a second."""
N_CEPSTRA = 20
"""Cepstral coefficients of a frame."""
SOUND_DIM = 6 * N_CEPSTRA
"""Numbers of a kept sound: mean and deviation of coefficients, changes and their changes."""
MAX_FREQUENCY_HZ = 7_600.0
"""Upper end of the bands of the coefficients, so that sample rates are comparable."""
INT16_SCALE = 32_768.0
"""Largest sample of 16 bits, the scale that the features expect."""


class _SoundBytes(io.BytesIO):
    """Bytes in which a seek before the start leads to the start, as damaged files ask for."""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Set and return the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: len(self.getbuffer())}
        return super().seek(max(0, base[whence] + offset))


def keep_sound(data: bytes) -> str:
    """Return the features of a sound as a text.

    Args:
        data: Bytes of a file; they are not trusted.

    Raises:
        RefusedMediaError: The file is no sound that is used; see :class:`MediaRefusal`.
        MissingExtraError: The packages of the extra ``audio`` are not installed.
    """
    if not data:
        raise RefusedMediaError("sound", MediaRefusal.EMPTY)
    if len(data) > MAX_MEDIA_BYTES:
        raise RefusedMediaError("sound", MediaRefusal.TOO_MANY_BYTES)
    if is_chunk_truncated(data):
        raise RefusedMediaError("sound", MediaRefusal.TRUNCATED)
    samples, rate = _decode(data)
    features = compute_sound_features(samples, rate)
    return SOUND_PREFIX + b64encode(features.astype("<f4").tobytes()).decode("ascii")


def read_kept_sound(value: str) -> Floats | None:
    """Return the (SOUND_DIM,) features of a kept sound; None for any other text."""
    if not value.startswith(SOUND_PREFIX):
        return None
    try:
        row = np.frombuffer(b64decode(value[len(SOUND_PREFIX) :], validate=True), "<f4")
    except ValueError:
        return None
    is_valid = row.shape == (SOUND_DIM,) and np.isfinite(row).all()
    return row.astype(np.float32) if is_valid else None


def compute_sound_features(samples: Floats, rate: int) -> Floats:
    """Return the (SOUND_DIM,) mean and deviation of cepstral coefficients and their changes.

    Args:
        samples: (n_samples,) values from -1 to 1.
        rate: Samples of a second [Hz].

    Source:
        Davis and Mermelstein 1980, "Comparison of parametric representations for monosyllabic
        word recognition"; means and deviations as in Tzanetakis and Cook 2002, "Musical genre
        classification of audio signals".
    """
    import kaldi_native_fbank as fbank  # noqa: PLC0415 - part of an extra

    options = fbank.MfccOptions()
    options.frame_opts.samp_freq = float(rate)
    options.frame_opts.dither = 0.0  # no randomness
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 40
    options.mel_opts.high_freq = min(MAX_FREQUENCY_HZ, rate / 2)
    options.num_ceps = N_CEPSTRA
    computer = fbank.OnlineMfcc(options)
    computer.accept_waveform(float(rate), (samples * INT16_SCALE).tolist())
    computer.input_finished()
    frames = np.array(
        [computer.get_frame(number) for number in range(computer.num_frames_ready)]
    )
    changes = np.gradient(frames, axis=0) if len(frames) > 1 else np.zeros_like(frames)
    second = np.gradient(changes, axis=0) if len(frames) > 1 else np.zeros_like(frames)
    parts = np.concatenate([frames, changes, second], axis=1)
    return np.concatenate([parts.mean(axis=0), parts.std(axis=0)]).astype(np.float32)


def _decode(data: bytes) -> tuple[Floats, int]:
    """Return samples of the middle of a sound as one channel, and their rate [Hz].

    Raises:
        RefusedMediaError: The sound is not used.
        MissingExtraError: A package of the extra ``audio`` is not installed.
    """
    try:
        import kaldi_native_fbank  # noqa: F401, PLC0415 - part of an extra
        import soundfile  # noqa: PLC0415 - part of an extra
    except (ImportError, OSError) as error:  # OSError: a library of the system is missing
        raise MissingExtraError("reading sounds", "'daybreak[audio]'") from error
    try:
        with soundfile.SoundFile(_SoundBytes(data)) as file:
            _check_header(file)
            n = int(MAX_SOUND_S * file.samplerate)
            start = max(0, (file.frames - n) // 2)
            file.seek(start)
            wanted = min(n, file.frames - start)
            samples = file.read(wanted, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except RefusedMediaError:
        raise
    except Exception as error:  # errors of decoders have no common class
        known = data[:4] in (b"RIFF", b"fLaC", b"OggS", b"FORM") or data[:3] == b"ID3"
        refusal = MediaRefusal.DAMAGED if known else MediaRefusal.UNKNOWN_FORMAT
        raise RefusedMediaError("sound", refusal) from error
    return _check_samples(samples, wanted, rate), rate


def _check_header(file: Any) -> None:
    low, high = SAMPLE_RATES_HZ
    if file.format not in SOUND_FORMATS:
        raise RefusedMediaError("sound", MediaRefusal.UNKNOWN_FORMAT)
    if not (low <= file.samplerate <= high and 1 <= file.channels <= MAX_CHANNELS):
        raise RefusedMediaError("sound", MediaRefusal.UNKNOWN_FORMAT)


def _check_samples(samples: Any, wanted: int, rate: int) -> Floats:
    if len(samples) < wanted:
        raise RefusedMediaError("sound", MediaRefusal.TRUNCATED)
    if len(samples) < MIN_SOUND_S * rate:
        raise RefusedMediaError("sound", MediaRefusal.TOO_SHORT)
    mono = np.asarray(samples.mean(axis=1), dtype=np.float32)
    if not np.isfinite(mono).all():
        raise RefusedMediaError("sound", MediaRefusal.DAMAGED)
    return mono.clip(-1, 1)
