"""An IP address without the part that tells one household from the next."""

from ipaddress import IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
_KEPT_BITS = {4: 24, 6: 48}


def truncate_ip(text: object) -> str:
    """The last octet of IPv4 and the last 80 bits of IPv6 are zeros; what is no address is `unknown`."""
    try:
        address = ip_address(str(text))
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address.packed, _KEPT_BITS[address.version]), strict=False).network_address)
