"""Measure what people wait for and print it as seconds and ratios. `make bench` calls it; nothing fails for being slow.

Commands are timed by the wall clock on this machine, so compare ratios. A cold rehearsal
starts without jsii's cache of the CDK; a warm one is the next.

Usage: python scripts/bench.py [--rehearsals]   without --rehearsals everything else
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import history

FLEET = ".build/fleet"
CDK = ".tools/bin/cdk"
EMULATOR_TESTS = ".tools/bin/dev-python"
JSII_CACHE = ".tools/jsii"
WARM_GOAL = 90.0  # seconds that a rehearsal may take on two processors


def run(arguments: list[str], text: str = "", **variables: str) -> tuple[float, str]:
    """Run a command and return its seconds and standard output; stop the program when it fails."""
    started = time.monotonic()
    environment = os.environ | variables
    done = subprocess.run(arguments, input=text, env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return seconds, done.stdout


def median(arguments: list[str], **variables: str) -> float:
    """Return the median seconds of three runs."""
    return statistics.median(run(arguments, **variables)[0] for _ in range(3))


def show(name: str, seconds: float, base: float, base_name: str) -> None:
    """Print one measurement and its ratio to another."""
    print(f"{name:<34} {seconds:8.2f} s  {seconds / base:6.2f} x {base_name}")


def measure_builds() -> None:
    """Measure what happens when nothing changed, and a synth with and without validation."""
    with tempfile.TemporaryDirectory() as out:
        synth = [CDK, "synth", "--quiet", "--no-notices", "--ci", "--output", out]
        run(synth, CDK_VALIDATION="true")  # fills jsii's cache
        plain = median(synth, CDK_VALIDATION="false")
        show("synth", plain, plain, "synth")
        show("synth, validated", run(synth, CDK_VALIDATION="true")[0], plain, "synth")
    show("fleet tools install, no change", median([FLEET, "tools", "install"]), plain, "synth")
    show("fleet toolbox build, no change", median([FLEET, "toolbox", "build"]), plain, "synth")


def rehearse() -> tuple[float, dict[str, Any]]:
    """Run one rehearsal and return its seconds and its result."""
    seconds, output = run([FLEET, "rehearse", "--approve", "--json"])
    result: dict[str, Any] = json.loads(output)
    return seconds, result


def processor_seconds() -> float:
    """Return what all ended children of this program have used of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_rehearsals() -> None:
    """Measure a cold and a warm rehearsal of the seed catalog, with the stages of the warm one."""
    shutil.rmtree(JSII_CACHE, ignore_errors=True)
    cold, _ = rehearse()
    run(["scripts/warm-jsii.sh"])  # as make toolbox does before every rehearsal
    before = processor_seconds()
    warm, result = rehearse()
    show("rehearsal, warm", warm, WARM_GOAL, "goal")
    show("  of all processors together", processor_seconds() - before, warm, "warm")
    show("rehearsal, cold", cold, warm, "warm")
    stages = {stage["name"]: stage["seconds"] for stage in result["stages"]}
    show("  synth, emulator, bootstrap, deploy", warm - sum(stages.values()), warm, "warm")
    for name, seconds in stages.items():
        show(f"  {name}", seconds, warm, "warm")


def measure_emulator() -> None:
    """Measure the emulator's start, a hundred stacks of ten resources, and its memory, as ratios to their goals."""
    _, output = run([EMULATOR_TESTS, "emulator/bench.py"])
    figures: dict[str, float] = json.loads(output)
    for name, goal, unit in (("start", 4, "s"), ("100 stacks of 10 resources", 20, "s"), ("memory after them", 400, "MB")):
        value = figures[name]
        print(f"{'emulator: ' + name:<40} {value:8.1f} {unit:<2} {value / goal:6.2f} x goal")


def measure_gates() -> None:
    """Measure the gates of templates on the seed catalog as Alpha runs them, and when nothing changed since the last check."""
    gates = ("policy", "schema", "iam", "features")
    check = [FLEET, "check", "--only"]
    everything, _ = run([*check, ",".join(gates), "--no-cache"])
    show("gates of templates", everything, everything, "gates")
    for gate in gates:
        show(f"  {gate} alone", run([*check, gate, "--no-cache"])[0], everything, "gates")
    with tempfile.TemporaryDirectory() as cache:
        run([*check, ",".join(gates)], FLEET_CACHE=cache)
        show("  nothing new", run([*check, ",".join(gates)], FLEET_CACHE=cache)[0], everything, "gates")


def measure_policy() -> None:
    """Measure the policy gate over 100 templates beside cfn-guard alone on as many documents, and when one template changed."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(100):
            product = Path(folder, "catalog", "products", f"bucket-{i}")
            shutil.copytree("catalog/products/encrypted-bucket", product)
            manifest = (product / "product.yaml").read_text().replace("name: Encrypted bucket", f"name: Bucket number {i}")
            (product / "product.yaml").write_text(manifest)
        evidence, template = Path(folder, "evidence.json"), Path(folder, "catalog/products/bucket-7/template.yaml")
        check = [FLEET, "check", "--only", "policy", "--catalog", f"{folder}/catalog", "--evidence", str(evidence)]
        cold, _ = run(check, FLEET_CACHE=f"{folder}/cache")
        details = [c.get("detail", "") for c in json.loads(evidence.read_text())["checks"]]
        documents = int(next(d for d in details if "variants" in d).split(" rules, ")[1].split()[0])
        template.write_text(template.read_text().replace("Description: ", "Description: Changed. ", 1))
        changed, _ = run(check, FLEET_CACHE=f"{folder}/cache")
        data = Path(folder, "data")
        data.mkdir()
        for i in range(documents):
            shutil.copy("catalog/products/encrypted-bucket/template.yaml", data / f"{i}.yaml")
        rules = [word for rule in sorted(Path("guard-rules").glob("*.guard")) for word in ("-r", str(rule))]
        alone, _ = run([".tools/bin/cfn-guard", "validate", "--structured", "-S", "none", "-o", "json", *rules, "-d", str(data)])
        show(f"cfn-guard, {documents} documents", alone, alone, "cfn-guard")
        show("policy gate, 100 templates, cold", cold, alone, "cfn-guard")
        show("policy gate, one template changed", changed, alone, "cfn-guard")


def measure_secrets() -> None:
    """Measure the secrets gate over every object of 10,000 commits, beside gitleaks alone, and the push hook for 100."""
    with tempfile.TemporaryDirectory() as folder:
        repository, gitleaks = Path(folder, "repository"), str(Path(folder, "gitleaks"))
        repository.mkdir()
        history.make(repository, 10_000)
        run(["go", "build", "-o", gitleaks, "github.com/zricethezav/gitleaks/v8"])
        alone = median([gitleaks, "git", "--no-banner", str(repository)])
        show("gitleaks git, 10,000 commits", alone, alone, "gitleaks")
        check = [FLEET, "check", "--only", "secrets", "--catalog", str(repository), "--repository", str(repository)]
        cold = median([*check, "--no-cache"])
        show("secrets gate, every object, cold", cold, alone, "gitleaks")
        run(check, FLEET_CACHE=folder)
        show("secrets gate, nothing new", median(check, FLEET_CACHE=folder), alone, "gitleaks")
        head, before = (run(["git", "-C", str(repository), "rev-parse", name])[1].strip() for name in ("HEAD", "HEAD~100"))
        hook = [FLEET, "hooks", "run", "--settings=fleet.yaml", f"--repository={repository}", "pre-push", "--", "origin", "x"]
        lines = f"refs/heads/x {head} refs/heads/x {before}\n"
        for name in ("cold", "again"):
            seconds, _ = run(hook, lines, FLEET_CACHE=f"{folder}/hooks")
            show(f"push hook, 100 commits, {name}", seconds, alone, "gitleaks")


def measure_cleansing() -> None:
    """Measure the rewrite of 10,000 commits of 500 MB against git-filter-repo alone; the goal is 1.3 times its time."""
    size = {"FLEET_BENCH_COMMITS": "10000", "FLEET_BENCH_MB": "500"}
    _, output = run(["go", "test", "-run", "^$", "-bench", "Rewrite", "-benchtime", "1x", "./internal/cleanse"], **size)
    for line in output.splitlines():
        if line.startswith("Benchmark"):
            print(line)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    measure_builds()
    measure_emulator()
    measure_secrets()
    measure_gates()
    measure_policy()
    measure_cleansing()
    if "--rehearsals" in sys.argv[1:]:
        measure_rehearsals()
