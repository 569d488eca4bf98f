"""Lambda's Invoke in front of a running bootstrap, with every part of the signature checked."""
import json

from support.function import Function
from support.strict_aws import Refused, StrictAws

SELF_TEST = b'{"trailwarden":{"action":"self-test"}}'
PATH = "/2015-03-31/functions/"


class StrictLambda(StrictAws):
    """functions: name -> a Function that is called, the text that it answers, a function that gives
    such a text, or an exception that it fails with. But for the first they pass the self-test."""

    def __init__(self):
        super().__init__()
        self.functions = {}

    def answer(self, method, target, headers, body, service, region):
        assert (method, service) == ("POST", "lambda") and target.startswith(PATH)
        name, _, rest = target.removeprefix(PATH).partition("/")
        assert rest == "invocations" and headers["content-type"] == "application/json"
        if name not in self.functions:
            raise Refused(404, "ResourceNotFoundException", f"Function not found: {name}")
        made = self.functions[name]
        if body == SELF_TEST and not isinstance(made, Function):
            return 200, {}, '{"ok":true}'
        if callable(made):
            made = made()
        if isinstance(made, str):
            return 200, {}, made
        if isinstance(made, Exception):
            return 200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(
                {"errorType": type(made).__name__, "errorMessage": str(made)})
        done = made.invoke(json.loads(body))
        return 200, {} if done.ok else {"X-Amz-Function-Error": "Unhandled"}, json.dumps(done.answer)
