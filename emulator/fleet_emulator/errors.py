"""An error as each protocol of AWS writes it, so that SDKs understand a refusal that no service of moto made."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

EC2_CODES = {"AccessDenied": "UnauthorizedOperation", "InvalidClientTokenId": "AuthFailure"}
S3_CODES = {"InvalidClientTokenId": "InvalidAccessKeyId"}
JSON_CODES = {"AccessDenied": "AccessDeniedException", "InvalidClientTokenId": "UnrecognizedClientException"}


def response(protocol: str, service: str, code: str, message: str, status: int) -> Response:
    """The error for a service that speaks the protocol."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if service == "s3":
        body = f"<Error><Code>{S3_CODES.get(code, code)}</Code><Message>{escape(message)}</Message>"
        body += f"<RequestId>{request_id}</RequestId></Error>"
        return Response(body, status, headers, content_type="application/xml")
    if protocol == "ec2":
        body = f"<Errors><Error><Code>{EC2_CODES.get(code, code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
        body = f"<Response>{body}<RequestID>{request_id}</RequestID></Response>"
        return Response(body, status, headers, content_type="text/xml")
    if protocol in ("query", "rest-xml"):
        body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        body = f"<ErrorResponse>{body}<RequestId>{request_id}</RequestId></ErrorResponse>"
        return Response(body, status, headers, content_type="text/xml")
    code = JSON_CODES.get(code, code)
    headers["x-amzn-ErrorType"] = code
    status = 400 if protocol == "json" and status == 403 else status
    body = json.dumps({"__type": code, "message": message, "Message": message})
    return Response(body, status, headers, content_type="application/json")
