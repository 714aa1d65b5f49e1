#!/usr/bin/env python3
"""Checks the manifests of `moebench submit` against the schemas of this folder.

usage: check_manifests.py MOEBENCH

Exit code 77, with the reason on stderr, where Python lacks jsonschema or yaml.
"""
import json
import pathlib
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}; apt-get install python3-jsonschema python3-yaml", file=sys.stderr)
    sys.exit(77)

FOLDER = pathlib.Path(__file__).resolve().parent
MOST = ["--nodes", "3", "--namespace", "team", "--queue", "gpus"]
CASES = {
    "jobset": [[], MOST + ["--claim", "results", "--mount", "/data"]],
    "trainjob": [[], MOST + ["--runtime", "torch-shared"]],
}


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def validator(kind):
    schema = load(f"{kind}.schema.json")
    schema["$defs"] = {**load("pod_parts.schema.json")["$defs"], **schema.get("$defs", {})}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def manifest(program, kind, options):
    command = [program, "submit", "quickstart", "--format", kind, "--image", "image:1", "--set",
               "settings.device=cuda", *options]
    return yaml.safe_load(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    failures = 0
    for kind, cases in CASES.items():
        check = validator(kind)
        for options in cases:
            document = manifest(sys.argv[1], kind, options)
            for error in check.iter_errors(document):
                print(f"{kind} {options}: {error.json_path}: {error.message}", file=sys.stderr)
                failures += 1
            # A check that takes anything would say nothing.
            document["spec"]["surprise"] = 1
            failures += 0 if list(check.iter_errors(document)) else 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
