"""Holds HTTP requests against OpenAPI 2.0 files of Azure's services: method, path, query, headers, body.

`Service` reads one file. `read_log` reads what request_log.c wrote down. Standard library only."""
import base64
import json
import os
import re
import urllib.parse

# Sent with every request, or by every HTTP client; the files do not list them.
COMMON_HEADERS = {"host", "user-agent", "accept", "authorization", "content-length", "content-type", "accept-encoding", "x-ms-client-request-id",
                  "client-request-id", "x-ms-date", "expect", "connection", "transfer-encoding"}


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.headers, self.body = method, headers, body
        parts = urllib.parse.urlsplit(target)
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))

    def __str__(self):
        return f"{self.method} {self.path}"


def split_requests(stream):
    """The requests in what one connection was sent. What is cut short at the end is left out."""
    requests = []
    while b"\r\n\r\n" in stream:
        head, rest = stream.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            raise ValueError(f"{method} {target}: a chunked request, whose length no service could check first")
        size = int(headers.get("content-length", "0"))
        if len(rest) < size:
            break
        requests.append(Request(method, target, headers, rest[:size]))
        stream = rest[size:]
    return requests


def read_log(path):
    streams = {}
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        process, connection, size = data[at:end].split(b" ")
        streams.setdefault((process, connection), []).append(data[end + 1:end + 1 + int(size)])
        at = end + 1 + int(size)
    requests = []
    for pieces in streams.values():
        # One address may serve several connections, one after another: each begins with a request line.
        requests += split_requests(b"".join(pieces))
    return requests


class Service:
    def __init__(self, path):
        self.folder = os.path.dirname(path)
        self.files = {}
        self.root = self.load(path)
        self.version = self.root["info"]["version"]
        self.operations = []
        for group in ("paths", "x-ms-paths"):
            for template, methods in self.root.get(group, {}).items():
                for method, operation in methods.items():
                    if method in ("get", "put", "post", "patch", "delete", "head"):
                        parameters = [self.resolve(p, path) for p in methods.get("parameters", []) + operation.get("parameters", [])]
                        self.operations.append((method.upper(), template, parameters))
        self.path = path

    def load(self, path):
        path = os.path.normpath(path)
        if path not in self.files:
            with open(path, encoding="utf-8-sig") as f:
                self.files[path] = json.load(f)
        return self.files[path]

    def resolve(self, node, path):
        """Follows $ref; returns (node, file that it stands in)."""
        while "$ref" in node:
            file, pointer = node["$ref"].split("#", 1)
            if file:
                path = os.path.normpath(os.path.join(os.path.dirname(path), file))
            node = self.load(path)
            for part in pointer.strip("/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node, path

    def problems(self, request):
        """[] when some operation of the service has this form; else what is wrong with the nearest."""
        best = None
        for method, template, parameters in self.operations:
            match = self.match(method, template, request)
            if match is None:
                continue
            found = self.check(template, parameters, match, request)
            if not found:
                return []
            best = found if best is None or len(found) < len(best) else best
        return best if best is not None else [f"{request}: no operation has this method and path"]

    def match(self, method, template, request):
        path, _, query = template.partition("?")
        if method != request.method:
            return None
        if "comp=copy" in query and "copyid" not in query:
            # Written so in the file to tell it from Put Blob; what is sent has the field alone.
            if "x-ms-copy-source" not in request.headers:
                return None
            query = ""
        for part in query.split("&") if query else []:
            name, equals, value = part.partition("=")
            if equals and request.query.get(name) != value:
                return None
        if not query and ({"comp", "restype"} & set(request.query)):
            return None
        # A key's version may be left out, with its slash (the file's own description says "optional").
        path = path.replace("/{key-version}", "{key-version}") if path.endswith("/{key-version}") and method == "GET" else path
        pattern = ""
        for piece in re.split(r"(\{[^}]+\})", path):
            if piece.startswith("{"):
                pattern += "(?P<%s>%s)" % (re.sub(r"\W", "_", piece[1:-1]), {"{blob}": ".+", "{key-version}": "(?:/[^/]*)?" if path.endswith("}{key-version}") else "[^/]+"}.get(piece, "[^/]+"))
            else:
                pattern += re.escape(piece)
        return re.fullmatch(pattern, request.path, re.IGNORECASE)

    def check(self, template, parameters, match, request):
        found = []
        fixed = {part.partition("=")[0] for part in template.partition("?")[2].split("&")}
        known_query, known_headers, prefixes, has_body = set(fixed), set(COMMON_HEADERS), [], False
        for parameter, path in parameters:
            name, where = parameter["name"], parameter["in"]
            if where == "path":
                value = urllib.parse.unquote(match.groupdict().get(re.sub(r"\W", "_", name), "")).lstrip("/")
            elif where == "query":
                known_query.add(name)
                value = request.query.get(name)
            elif where == "header":
                if "x-ms-header-collection-prefix" in parameter:
                    prefixes.append(parameter["x-ms-header-collection-prefix"].lower())
                    continue
                known_headers.add(name.lower())
                value = request.headers.get(name.lower())
            else:
                has_body = True
                found += self.check_body(parameter, path, request)
                continue
            if value is None:
                if parameter.get("required") and name.lower() not in ("content-length", "url"):
                    found.append(f"{request}: {where} {name} is missing")
            else:
                found += self.check_scalar(f"{request}: {where} {name}", parameter, value)
        found += [f"{request}: query {name} is not known" for name in request.query if name not in known_query and not is_sas(name)]
        for name in request.headers:
            if name not in known_headers and not any(name.startswith(prefix) for prefix in prefixes):
                found.append(f"{request}: header {name} is not known")
        if not has_body and request.body:
            found.append(f"{request}: a body of {len(request.body)} bytes where there is none")
        return found

    def check_scalar(self, what, parameter, value):
        kind = parameter.get("type", "string")
        if kind in ("integer", "number") and not re.fullmatch(r"-?\d+", value):
            return [f"{what}: {value!r} is no number"]
        if kind == "boolean" and value not in ("true", "false"):
            return [f"{what}: {value!r} is no boolean"]
        enum = parameter.get("enum")
        # A version of the service is not part of what one version's file can judge.
        if enum and value not in enum and parameter["name"].lower() not in ("x-ms-version", "api-version"):
            return [f"{what}: {value!r} is none of {enum}"]
        # Of a blob's name, the file's pattern allows neither "-" nor a second "."; the service does.
        if "pattern" in parameter and parameter["name"] != "blob" and not re.search(parameter["pattern"], value):
            return [f"{what}: {value!r} does not fit {parameter['pattern']}"]
        return []

    def check_body(self, parameter, path, request):
        if not request.body:
            return [f"{request}: the body is missing"] if parameter.get("required") else []
        schema, path = self.resolve(parameter["schema"], path)
        kind = request.headers.get("content-type", "").split(";")[0]
        if schema.get("format") == "file" or kind in ("application/xml", "application/octet-stream"):
            return []
        if kind == "text/plain":
            return [] if schema.get("type") == "string" else [f"{request}: a text where JSON is due"]
        if kind != "application/json":
            return [f"{request}: content type {kind!r}"]
        return self.check_value(f"{request}: body", schema, path, json.loads(request.body))

    def check_value(self, what, schema, path, value):
        schema, path = self.resolve(schema, path)
        found = []
        properties, required, more = self.members(schema, path)
        if properties or schema.get("type") == "object":
            if not isinstance(value, dict):
                return [f"{what} is no object"]
            found += [f"{what}.{name} is missing" for name in required if name not in value]
            for name, member in value.items():
                if name in properties:
                    inner, where = properties[name]
                    found += self.check_value(f"{what}.{name}", inner, where, member)
                elif more is not None:
                    found += self.check_value(f"{what}.{name}", more[0], more[1], member)
                else:
                    found.append(f"{what}.{name} is not known")
            return found
        kind = schema.get("type")
        if kind == "array":
            if not isinstance(value, list):
                return [f"{what} is no list"]
            for i, item in enumerate(value):
                found += self.check_value(f"{what}[{i}]", schema["items"], path, item)
        elif kind == "string":
            if not isinstance(value, str):
                return [f"{what} is no text"]
            if schema.get("format") == "base64url":
                try:
                    base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
                except ValueError:
                    return [f"{what} is not base64url"]
            if "enum" in schema and value not in schema["enum"] and not schema.get("x-ms-enum", {}).get("modelAsString"):
                return [f"{what}: {value!r} is none of {schema['enum']}"]
        elif kind == "boolean" and not isinstance(value, bool):
            return [f"{what} is no boolean"]
        elif kind in ("integer", "number") and (isinstance(value, bool) or not isinstance(value, (int, float))):
            return [f"{what} is no number"]
        return found

    def members(self, schema, path):
        """Properties (with the file they stand in), required names, and the schema of further members."""
        properties, required, more = {}, list(schema.get("required", [])), None
        for base in schema.get("allOf", []):
            inner, where = self.resolve(base, path)
            p, r, m = self.members(inner, where)
            properties.update(p)
            required += r
            more = more or m
        for name, member in schema.get("properties", {}).items():
            if not member.get("readOnly"):
                properties[name] = (member, path)
        if isinstance(schema.get("additionalProperties"), dict):
            more = (schema["additionalProperties"], path)
        return properties, required, more


def is_sas(name):
    return name in ("sv", "ss", "srt", "sp", "se", "st", "spr", "sig", "sr", "sip", "si", "skoid", "sktid", "skt", "ske", "sks", "skv", "sdd", "rscc", "rscd")
