"""Has the emulator's gateway write an access log, which it does not of itself: a line for each request that reached a
stage, in the stage's own format, in the log group that the stage names.

Invariant: a line tells what was really answered, and its values are those that the functions were told.
"""

import contextvars
import re
import time

from ministack.services import apigateway_v1 as gateway
from ministack.services import cloudwatch_logs as logs
from ministack.services.cloudformation import provisioners

# What is known of the request that is under way.
REQUEST = contextvars.ContextVar("request")
STREAM = "gateway"
VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")
# What a line has where there is nothing to be said.
NOTHING = "-"


def install():
    """Wraps the gateway's steps, and the deployment of a stage."""
    stage = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::Stage"]
    create, update = stage["create"], stage["update"]
    stage["create"] = lambda name, new, stack: kept(create(name, new, stack), new)
    stage["update"] = lambda name, old, new, stack: kept(update(name, old, new, stack), new)
    for step, wrap in [
        ("_handle_execute_in_scope", logged),
        ("_execute_in_scope", of_type),
        ("_authorize_request_v1", authorized),
        ("_invoke_authorizer_lambda", asked),
        ("_call_lambda_raw", integrated),
        ("_build_lambda_event_v1", told),
    ]:
        setattr(gateway, step, wrap(getattr(gateway, step)))


def kept(deployed, properties):
    """Keeps in a stage where and how it logs, which the emulator leaves out."""
    setting = properties.get("AccessLogSetting") or {}
    stage = gateway._stages_v1.get(properties.get("RestApiId"), {}).get(properties.get("StageName"))
    if stage is not None:
        stage["accessLogSettings"] = {
            "destinationArn": setting.get("DestinationArn", ""),
            "format": setting.get("Format", ""),
        }
    return deployed


def milliseconds(since):
    return round((time.monotonic() - since) * 1000)


def logged(handle):
    async def step(api, stage, method, *rest):
        began = time.monotonic()
        request = {"requestId": gateway.new_uuid(), "httpMethod": method,
                   "requestTimeEpoch": int(time.time() * 1000)}
        REQUEST.set(request)
        answer = await handle(api, stage, method, *rest)
        status, _, body = answer[:3]
        request |= {"status": status, "responseLength": len(body), "responseLatency": milliseconds(began)}
        write(gateway._stages_v1.get(api, {}).get(stage), request)
        return answer

    return step


def of_type(execute):
    async def step(request, *rest):
        answer = await execute(request, *rest)
        REQUEST.get()["resourcePath"] = request["resource_path"] or NOTHING
        if isinstance(answer, gateway._GatewayError):
            REQUEST.get()["error.responseType"] = answer.response_type
        return answer

    return step


def authorized(authorize):
    async def step(*arguments):
        error, context = await authorize(*arguments)
        for name, value in (context or {}).items():
            values = value if isinstance(value, dict) else {"": value}
            REQUEST.get().update({f"authorizer.{name}.{key}".rstrip("."): text for key, text in values.items()})
        return error, context

    return step


def asked(invoke):
    async def step(authorizer, event, *scope):
        began = time.monotonic()
        request = REQUEST.get()
        event["requestContext"] |= {name: request[name] for name in ("requestId", "requestTimeEpoch")}
        result = await invoke(authorizer, event, *scope)
        failed = result is None or result.get("error")
        request |= {"authorizer.latency": milliseconds(began), "authorizer.status": 500 if failed else 200}
        return result

    return step


def integrated(call):
    async def step(*arguments, **scope):
        began = time.monotonic()
        result, error = await call(*arguments, **scope)
        status = 200 if error is None else 500
        REQUEST.get().update({"integrationLatency": milliseconds(began), "integration.integrationStatus": status})
        return result, error

    return step


def told(build):
    def step(*arguments, **more):
        event = build(*arguments, **more)
        event["requestContext"] |= {name: REQUEST.get()[name] for name in ("requestId", "requestTimeEpoch")}
        return event

    return step


def write(stage, request):
    """Writes the line of a request that was answered."""
    setting = (stage or {}).get("accessLogSettings") or {}
    group = setting.get("destinationArn", "").partition(":log-group:")[2].removesuffix(":*")
    if not group:
        return
    line = VARIABLE.sub(lambda variable: str(request.get(variable.group(1), NOTHING)), setting["format"])
    logs._create_log_stream({"logGroupName": group, "logStreamName": STREAM})
    event = {"timestamp": int(time.time() * 1000), "message": line}
    logs._put_log_events({"logGroupName": group, "logStreamName": STREAM, "logEvents": [event]})
