"""How failures reach the engine: one line each, and a half-made resource with its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc  # type: ignore[import-untyped]  # ships no types
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import status_pb2

from rehearsal.plugin.answers import ArmError
from rehearsal.plugin.invokes import UnknownFunctionError
from rehearsal.plugin.lifecycle import OPERATION_TIMED_OUT, InitializationFailedError
from rehearsal.plugin.pace import OperationCancelledError, OperationTimedOutError
from rehearsal.plugin.settings import ConfigurationError
from rehearsal.plugin.values import to_struct

_R = TypeVar("_R")


class UnknownTypeError(Exception):
    """A resource type that the stand-in does not know."""


def worded(method: Callable[[Any, Any, grpc.ServicerContext], _R]) -> Callable[..., _R]:
    """Make a gRPC method answer with a line a user can act on, whatever it raises."""

    def guarded(self: Any, request: Any, context: grpc.ServicerContext) -> _R:
        try:
            return method(self, request, context)
        except InitializationFailedError as failure:
            _abort_half_made(context, failure)
        except (ArmError, ConfigurationError, UnknownFunctionError, UnknownTypeError) as error:
            reason = str(error)
        except ValueError as error:
            reason = f"{method.__name__}: {error}"
        except OperationTimedOutError:
            reason = OPERATION_TIMED_OUT
        except OperationCancelledError as error:
            reason = str(error)
        context.abort(grpc.StatusCode.UNKNOWN, reason)
        raise AssertionError  # not reached: abort raises

    return guarded


def _abort_half_made(context: grpc.ServicerContext, failure: InitializationFailedError) -> NoReturn:
    # The engine keeps the resource in its state when the status carries this detail
    # (sdk/go/common/util/rpcutil/rpcerror).
    outputs = failure.state.outputs
    detail = messages.ErrorResourceInitFailed(
        id=failure.state.id,
        properties=None if outputs is None else to_struct(outputs),
        reasons=[str(failure)],
        inputs=to_struct(failure.state.inputs),
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(failure))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(failure))
    raise AssertionError  # not reached: abort raises
