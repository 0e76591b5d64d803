"""A patient's record: from bytes to resources by type, as R4 has them, and what was supplied."""

from service.record.assembling import Record, ShapeRead, assemble
from service.record.identity import Identity, whose
from service.record.mending import mend_element
from service.record.reading import from_decoded, kind_of, read_bundle, read_resource, utf8
from service.record.sources import Body, Located, Rejection, Source, Unreadable

__all__ = [
    "Body", "Identity", "Located", "Record", "Rejection", "ShapeRead", "Source", "Unreadable", "assemble",
    "from_decoded", "kind_of", "mend_element", "read_bundle", "read_resource", "utf8", "whose",
]  # fmt: skip
