"""Recordings that their authors have made public, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublicFile:
    """A public file that holds recordings of one condition.

    Parameters
    ----------
    condition : str
        What the recordings are called in it.
    path : str
        Where the file is, under the address of its data set.
    sha256 : str or None
        What it must hash to, where that is known beforehand.
    saved_as : str or None
        Where it goes in the folder of its data set, if not by the end of its path.
    size : int or None
        Its bytes, where that is known beforehand.
    """

    condition: str
    path: str
    sha256: str | None = None
    saved_as: str | None = None
    size: int | None = None

    @property
    def name(self) -> str:
        """Name of the file in the folder of its data set."""
        return self.saved_as or self.path.rpartition("/")[2]


@dataclass(frozen=True)
class PublicDataset:
    """A published set of recordings: its files, licence and citation.

    Parameters
    ----------
    name : str
        What to ask for.
    address : str
        What the paths of its files are added to.
    home : str
        The page where a person finds it.
    licence, citation : str
        On what terms, and what to cite.
    files : tuple of PublicFile
        One per condition.
    baselines : mapping
        By condition, the published mean response that stands for ordinary excitability, where it
        is not computed from the recordings of that condition alone.
    """

    name: str
    address: str
    home: str
    licence: str
    citation: str
    files: tuple[PublicFile, ...]
    baselines: Mapping[str, float] = field(default_factory=dict)

    @property
    def known(self) -> tuple[PublicFile, ...]:
        """The files whose content is known beforehand."""
        return tuple(file for file in self.files if file.sha256 is not None)


_ISOMURA_REVISION = "6f026de7184e7f05e463eab784875b8a4f41b780/invitro"
_ISOMURA_NEWEST = "HEAD/invitro"
_ISOMURA_BASELINE = 2.6403707268003216  # of both drugs, with the controls recorded beside them

DATASETS = (
    PublicDataset(
        name="isomura2023",
        address="https://raw.githubusercontent.com/takuyaisomura/reverse_engineering",
        home="https://github.com/takuyaisomura/reverse_engineering",
        licence="GPL-3",
        citation=(
            "Isomura, T., Kotani, K., Jimbo, Y. & Friston, K. J. Experimental validation of the "
            "free-energy principle with in vitro neural networks. Nature Communications 14, 4547 "
            "(2023). https://doi.org/10.1038/s41467-023-40141-z"
        ),
        files=(
            PublicFile(
                "bic",
                f"{_ISOMURA_REVISION}/response_data_bic.mat",
                "21824a2b09977401b4f9065820ea2f98b16eb82ce8351e405c8eaf734d7d91e9",
            ),
            PublicFile(
                "dzp",
                f"{_ISOMURA_REVISION}/response_data_dzp.mat",
                "eef5c998d02aa0273ff4564eed7c328edb08302fc9b1db730d313652a60a9ecd",
            ),
            PublicFile(
                "mix0",
                f"{_ISOMURA_REVISION}/response_data_mix0.mat",
                "45a56cd147c76c854c0eec48fd58645c76205edd1e7b06ff2d76640f2d7ac072",
            ),
            PublicFile(
                "mix50",
                f"{_ISOMURA_REVISION}/response_data_mix50.mat",
                "8d384c2a6c5aea1ac5c5deaf09820af4791d7e65242f7c2fb18c01da997df542",
            ),
            PublicFile("ctrl", f"{_ISOMURA_NEWEST}/response_data_ctrl.mat"),
            PublicFile("apv", f"{_ISOMURA_NEWEST}/response_data_apv.mat"),
        ),
        baselines={"bic": _ISOMURA_BASELINE, "dzp": _ISOMURA_BASELINE},
    ),
)
