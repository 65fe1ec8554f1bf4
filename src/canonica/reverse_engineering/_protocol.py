"""The protocols there are, by name."""

from canonica._errors import CanonicaError
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

PROTOCOLS = {protocol.name: protocol for protocol in (PublishedProtocol(),)}


def protocol_named(protocol: str | PublishedProtocol) -> PublishedProtocol:
    """Return the protocol of that name, or the protocol itself where one is given."""
    if isinstance(protocol, PublishedProtocol):
        return protocol
    if protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise CanonicaError(f"protocol: found {protocol!r}; expected one of {known}, or its value.")
    return PROTOCOLS[protocol]
