"""The one place where a process gets its Temporal client: converter, codec, interceptors, telemetry, patience."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import tenacity
from temporalio import activity, workflow
from temporalio.client import Client, Interceptor
from temporalio.common import HeaderCodecBehavior
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payload_codec import SealingCodec
from firstdose.settings import Settings

PATIENCE = timedelta(seconds=30)
_ONE_ATTEMPT = timedelta(seconds=5)


class TemporalUnreachable(Exception):
    """Temporal did not answer at start-up for as long as we were ready to wait."""


def data_converter(keyring: Keyring, *, plain: bool = False) -> DataConverter:
    """Pydantic values, every payload sealed, and failure messages and stack traces among what is sealed.

    `plain` takes payloads that were not sealed as they are, for the local stack.
    """
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
        payload_codec=SealingCodec(keyring, plain=plain),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def connect_config(settings: Settings) -> ClientConnectConfig:
    """Address, namespace, API key and TLS as Temporal's own tools read them: TEMPORAL_* over its profile file."""
    environ = {name: value.get_secret_value() for name, value in settings.temporal.items()}
    config = ClientConfig.load_client_connect_config(override_env_vars=environ)
    return {**config, "target_host": config.get("target_host", "localhost:7233")}


async def connect(
    settings: Settings,
    keyring: Keyring,
    *,
    identity: str,
    interceptors: Sequence[Interceptor] = (),
    metrics_port: int = 0,
    lazy: bool = False,
    patience: timedelta = PATIENCE,
) -> Client:
    """Connect, trying again for `patience`. Raises TemporalUnreachable.

    A `lazy` client connects at its first call, for the desk, which takes referrals while Temporal is away; a worker
    needs the other kind. `metrics_port` serves Prometheus on the settings' host.
    """
    _keep_details_out_of_messages()
    config = connect_config(settings)
    runtime = _runtime(f"{settings.host}:{metrics_port}" if metrics_port else None)
    retrying = tenacity.AsyncRetrying(
        # The SDK knows no narrower type for "cannot connect".
        retry=tenacity.retry_if_exception_type(RuntimeError),
        stop=tenacity.stop_after_delay(patience),
        wait=tenacity.wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
    )
    try:
        return await retrying(
            Client.connect,
            **config,
            data_converter=data_converter(keyring, plain=settings.plain_payloads),
            header_codec_behavior=HeaderCodecBehavior.CODEC,
            interceptors=list(interceptors),
            identity=identity,
            lazy=lazy,
            connect_timeout=min(patience, _ONE_ATTEMPT),
            runtime=runtime,
        )
    except tenacity.RetryError as error:
        reason = error.last_attempt.exception()
        raise TemporalUnreachable(f"Temporal at {config['target_host']} does not answer: {reason}") from reason


def _keep_details_out_of_messages() -> None:
    # The ids are in the record's `extra`, where logs.py takes them from; in the text they would change our event names.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


@cache
def _runtime(metrics_address: str | None) -> Runtime:
    """One runtime per process; core's warnings go through Python's logging, where they are reduced."""
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_log_fields_to_message=False,
        prepend_target_on_message=False,
    )
    logs = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    metrics = (
        PrometheusConfig(
            bind_address=metrics_address, durations_as_seconds=True, unit_suffix=True, counters_total_suffix=True
        )
        if metrics_address
        else None
    )
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=metrics), disable_environment_info=True)
