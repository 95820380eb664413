"""The dictionary as flat XTCE 1.2 (CCSDS 660.0-B): the subset that real tools read.

One container for each packet, inheriting the header by comparison on APID, service, subtype and structure or event
number.  No include conditions.  Octets at the end of an event are a length and as many octets; nothing else is dynamic.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as Tree

from flight.declare import Field
from flight.dictionary.entries import Dictionary

NAMESPACE = "http://www.omg.org/spec/XTCE/20180204"
HEADER: tuple[tuple[str, int], ...] = (
    ("VERSION", 3), ("TYPE", 1), ("SEC_HDR_FLG", 1), ("PKT_APID", 11), ("SEQ_FLGS", 2), ("SRC_SEQ_CTR", 14),
    ("PKT_LEN", 16), ("PUS_VERSION", 4), ("TIME_STATUS", 4), ("SERVICE", 8), ("SUBTYPE", 8), ("COUNTER", 16),
    ("DESTINATION", 16), ("TIME_SECONDS", 32), ("TIME_FINE", 24), ("RECORD", 64),
)  # fmt: skip
SELECTOR = "STRUCTURE"  # the u16 that names a housekeeping structure or an event
CHECKSUM = "PACKET_ERROR_CONTROL"  # CRC-16 of the whole packet, its last two octets
OCTETS = "*"  # the code of a field that is a u16 length and as many octets
Element = Tree.Element


def _add(parent: Element, tag: str, **attributes: str) -> Element:
    return Tree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)


def _type_name(field: Field) -> str:
    return (
        "enum_" + "_".join(f"{n}{v}" for n, v in field.choices)
        if field.choices
        else f"type_{_CODES[field.code]}"
    )


_CODES = {"B": "u8", "H": "u16", "I": "u32", "Q": "u64", "b": "i8", "h": "i16", "i": "i32", "q": "i64"} | {
    "f": "f32",
    "d": "f64",
    "?": "bool",
}


def xtce_name(*parts: str) -> str:
    """XTCE names may hold no dots."""
    return "_".join(part.replace(".", "_") for part in parts)


def to_xtce(dictionary: Dictionary) -> str:
    """The whole document as text."""
    Tree.register_namespace("xtce", NAMESPACE)
    root = Tree.Element(f"{{{NAMESPACE}}}SpaceSystem", {"name": dictionary.mission})
    telemetry = _add(root, "TelemetryMetaData")
    types, parameters, containers = (
        _add(telemetry, tag) for tag in ("ParameterTypeSet", "ParameterSet", "ContainerSet")
    )
    _header(types, parameters, containers)
    packets = [(p.label, dictionary.apids[p.module], 3, 25, p.sid, p.fields) for p in dictionary.packets] + [
        (e.label, dictionary.apids[e.module], 5, e.severity, e.number, e.fields) for e in dictionary.events
    ]
    _field_types(types, [field for *_, fields in packets for field in fields if field.code != OCTETS])
    for label, apid, service, subtype, number, fields in packets:
        kind = "HK" if service == 3 else "EVENT"
        comparisons = {"PKT_APID": apid, "SERVICE": service, "SUBTYPE": subtype, SELECTOR: number}
        _container(types, parameters, containers, f"{kind}_{xtce_name(label)}", comparisons, fields)
    Tree.indent(root)
    return Tree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _header(types: Element, parameters: Element, containers: Element) -> None:
    for bits in sorted({bits for _, bits in HEADER} | {16}):
        _integer(types, f"header_{bits}", bits)
    base = _add(containers, "SequenceContainer", name="CCSDSPacket", abstract="true")
    entries = _add(base, "EntryList")
    for name, bits in HEADER:
        _add(parameters, "Parameter", name=name, parameterTypeRef=f"header_{bits}")
        _add(entries, "ParameterRefEntry", parameterRef=name)
    _add(parameters, "Parameter", name=SELECTOR, parameterTypeRef="header_16")
    _add(parameters, "Parameter", name=CHECKSUM, parameterTypeRef="header_16")
    for name, service in (("HOUSEKEEPING", 3), ("EVENT_REPORT", 5)):
        selected = _add(containers, "SequenceContainer", name=name, abstract="true")
        _add(_add(selected, "EntryList"), "ParameterRefEntry", parameterRef=SELECTOR)
        _inherit(selected, "CCSDSPacket", {"SERVICE": service})


def _integer(types: Element, name: str, bits: int, *, signed: bool = False) -> None:
    kind = _add(types, "IntegerParameterType", name=name, signed=str(signed).lower())
    encoding = "twosComplement" if signed else "unsigned"
    _add(kind, "IntegerDataEncoding", sizeInBits=str(bits), encoding=encoding)


def _field_types(types: Element, fields: Iterable[Field]) -> None:
    done: set[str] = set()
    for field in fields:
        name = _type_name(field)
        if name in done:
            continue
        done.add(name)
        if field.choices:
            _enumerated(types, name, field)
        elif field.code in "fd":
            bits = str(8 * field.size)
            kind = _add(types, "FloatParameterType", name=name, sizeInBits=bits)
            _add(kind, "FloatDataEncoding", sizeInBits=bits, encoding="IEEE754_1985")
        else:
            _integer(types, name, 8 * field.size, signed=field.code in "bhiq")


def _enumerated(types: Element, name: str, field: Field) -> None:
    kind = _add(types, "EnumeratedParameterType", name=name)
    _add(kind, "IntegerDataEncoding", sizeInBits="8", encoding="unsigned")
    listed = _add(kind, "EnumerationList")
    for label, value in field.choices:
        _add(listed, "Enumeration", value=str(value), label=label)


def _octets(types: Element, parameters: Element, entries: Element, full: str) -> str:
    """The length as a parameter of its own, and the name of the type that goes by it."""
    length, name = f"{full}_length", f"octets_{full}"
    _add(parameters, "Parameter", name=length, parameterTypeRef="header_16")
    _add(entries, "ParameterRefEntry", parameterRef=length)
    encoding = _add(_add(types, "BinaryParameterType", name=name), "BinaryDataEncoding")
    size = _add(_add(encoding, "SizeInBits"), "DynamicValue")
    _add(size, "ParameterInstanceRef", parameterRef=length)
    _add(size, "LinearAdjustment", slope="8", intercept="0")
    return name


def _container(
    types: Element,
    parameters: Element,
    containers: Element,
    name: str,
    comparisons: dict[str, int],
    fields: Iterable[Field],
) -> None:
    container = _add(containers, "SequenceContainer", name=name)
    entries = _add(container, "EntryList")
    for field in fields:
        full = f"{name}_{field.name}"
        octets = field.code == OCTETS
        kind = _octets(types, parameters, entries, full) if octets else _type_name(field)
        parameter = _add(parameters, "Parameter", name=full, parameterTypeRef=kind)
        if field.unit:
            properties = _add(parameter, "LongDescription")
            properties.text = f"unit {field.unit}"
        _add(entries, "ParameterRefEntry", parameterRef=full)
    _add(entries, "ParameterRefEntry", parameterRef=CHECKSUM)
    parent = "HOUSEKEEPING" if comparisons["SERVICE"] == 3 else "EVENT_REPORT"
    _inherit(container, parent, comparisons)


def _inherit(container: Element, parent: str, comparisons: dict[str, int]) -> None:
    base = _add(container, "BaseContainer", containerRef=parent)
    listed = _add(_add(base, "RestrictionCriteria"), "ComparisonList")
    for name, value in comparisons.items():
        _add(listed, "Comparison", parameterRef=name, value=str(value), useCalibratedValue="false")
