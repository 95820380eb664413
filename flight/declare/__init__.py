"""What a module can declare: the bottom layer of flight, imported by everything and importing nothing of ours."""

from flight.declare.access import Access, Catalog, Checked, Complaint, HousekeepingAccess, ParameterAccess
from flight.declare.commands import DONE, Call, CommandSpec, Done, Outcome, Refused, Waiting, command
from flight.declare.fields import (
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    About,
    Between,
    DeclarationError,
    Field,
    Limits,
    Octets,
    Unit,
    about,
    between,
    field_of,
    limits,
    unit,
)
from flight.declare.modes import ALL_MODES, BOOT, COMPUTE, IDLE, SAFE, Mode, mask_of
from flight.declare.module import AnyParameter, Boot, Module, NoInputs
from flight.declare.outbox import Inbox, Invocation, ModeRequest, Occurrence, Outbox, Overflow, Priority, Report, Request, Why
from flight.declare.packets import Event, Kept, Severity, Signals, Telemetry, telemetry
from flight.declare.parameters import Parameter, Rule, Value
from flight.declare.storage import (
    READ_LIMIT_BYTES,
    Append,
    Commit,
    Failed,
    Read,
    Records,
    SaveDocument,
    SaveState,
    StorageRequest,
    StorageResult,
    Stored,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND

__all__ = [
    "ALL_MODES", "READ_LIMIT_BYTES", "Access", "Append", "Commit", "StorageRequest", "StorageResult", "Failed", "Read", "Records", "SaveDocument", "SaveState", "Stored", "Catalog", "Checked", "Complaint", "HousekeepingAccess", "ParameterAccess", "BOOT", "COMPUTE", "DONE", "F32", "F64", "I16", "I32", "I64", "I8", "IDLE", "MINUTE", "SAFE", "SECOND", "U16", "U32",
    "U64", "U8", "About", "Between", "Boot", "AnyParameter", "Call", "CommandSpec", "DeclarationError", "Done", "Event", "Field", "Inbox",
    "Invocation", "Kept", "Limits", "Mode", "ModeRequest", "Module", "NoInputs", "Occurrence", "Octets", "Outbox", "Outcome",
    "Overflow", "Parameter", "Priority", "Refused", "Report", "Request", "Rule", "Severity", "Signals", "Telemetry", "Unit", "Value", "Waiting", "Why",
    "about", "between", "command", "field_of", "limits", "mask_of", "telemetry", "unit",
]
