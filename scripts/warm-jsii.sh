#!/usr/bin/env bash
# Unpacks and indexes the CDK for jsii once, in .tools/jsii.
#
# jsii writes the index of the CDK's types in the background; a synth without validation ends before it is finished, and then
# every later one pays for it again (measured: 2.5 CPU seconds instead of 0.8). One validated synth lasts long enough.
set -euo pipefail
cache=$PWD/.tools/jsii
finished() { compgen -G "$cache/aws-cdk-lib/*/*/.jsii.runtime.v1.json" >/dev/null; }
finished && exit
echo "unpacking the CDK for jsii (once)" >&2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
context=$(python3 -c 'import json; print(json.dumps(json.load(open("cdk.json"))["context"]))')
JSII_RUNTIME_PACKAGE_CACHE_ROOT=$cache CDK_OUTDIR=$out CDK_CONTEXT_JSON=$context .build/app >"$out/log" 2>&1 ||
  { cat "$out/log" >&2; echo "the app does not synthesize: see above" >&2; exit 2; }
finished || echo "jsii did not finish its index: synthesizing will be slower, nothing else is wrong" >&2
