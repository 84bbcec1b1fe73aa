#!/usr/bin/env python3
"""Does what the READMEs say, block by block, as a reader would who types it all.

    .ci/readme_check.py FOLDER [README…]

Each README is followed in a folder of its own that sees this tree's cli/ and has mobula on its PATH.
A yaml block is the file that its first line names in a comment. Lines of an sh block run one after
the other; one that starts a server stays until the README's end, and the next waits for its first
words. A java block is a class with a main method, or statements; a python block runs in the Python
that runs this. Blocks marked text are for the eye; a block without a mark is an error.
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Builds and notebooks, which .ci/run makes anyway; what measures; what needs a screen or a jar of one's own.
ELSEWHERE = re.compile(r"\bmvn\b|mobula notebook|pip install|\.ci/|org\.openjdk\.jmh|--render window"
                       r"|my-environments\.jar")
SERVER = re.compile(r"mobula (serve|parameter-server(?! status)|train\b.* --listen)\b(?!.*--(help|schema))")
SECONDS = 600


class Failure(Exception):
    pass


def blocks(text):
    """(line number, language, text) of each fenced block."""
    for match in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, match.start()) + 1, match[1].strip(), match[2]


def commands(block):
    """Lines, with continued ones joined; without blank lines and comments."""
    for line in re.sub(r"\\\n", "", block).splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def imports():
    """An import of each package with public classes, as an editor would complete."""
    packages = set()
    for source in ROOT.glob("*/src/main/java/org/mobula/**/*.java"):
        if re.search(r"^public ", source.read_text(), re.MULTILINE):
            packages.add(".".join(source.relative_to(ROOT).parts[4:-1]))
    packages |= {"java.nio.file", "java.time", "java.util", "java.io"}
    packages -= {p for p in packages if p.startswith("org.mobula.cli")}
    return "".join(f"import {package}.*;\n" for package in sorted(packages))


class Reader:
    def __init__(self, folder):
        folder.mkdir(parents=True)
        (folder / "cli").symlink_to(ROOT / "cli")
        self.folder = folder
        self.servers = []
        self.environment = {**os.environ, "PATH": f"{ROOT / 'cli'}:{os.environ['PATH']}", "NO_COLOR": "1"}

    def follow(self, readme):
        try:
            for line, language, block in blocks(readme.read_text()):
                try:
                    self.block(language, block)
                except Failure as failure:
                    raise Failure(f"{readme.relative_to(ROOT)}:{line}: {failure}") from None
        finally:
            for server in reversed(self.servers):
                self.end(server)

    def block(self, language, block):
        if language == "yaml":
            name = re.match(r"# (\S+\.yaml)\b", block)
            if not name:
                raise Failure("a yaml block begins with a comment that names its file")
            (self.folder / name[1]).write_text(block)
        elif language == "sh":
            for command in commands(block):
                self.command(command)
        elif language == "java":
            self.java(block)
        elif language == "python":
            self.run([sys.executable, "-c", block], f"python, {len(block.splitlines())} lines")
        elif language != "text":
            raise Failure(f"blocks are yaml, sh, java, python or text, not '{language}'")

    def command(self, command):
        if ELSEWHERE.search(command):
            print(f"    not run here: {command}", flush=True)
        elif SERVER.search(command):
            self.serve(command)
        else:
            self.run(["bash", "-ec", command], command)

    def run(self, arguments, shown):
        begin = time.monotonic()
        process = subprocess.Popen(
            arguments, cwd=self.folder, env=self.environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failure(f"still runs after {SECONDS} s: {shown}") from None
        if process.returncode:
            raise Failure(f"ends with {process.returncode}: {shown}\n{output[-4000:]}")
        print(f"    {time.monotonic() - begin:5.1f} s  {shown}", flush=True)

    def serve(self, command):
        log = self.folder / f"server-{len(self.servers)}.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-ec", "exec " + command], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        self.servers.append(server)
        deadline = time.monotonic() + 60
        while not log.read_text():
            if server.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"does not serve: {command}\n{log.read_text()}")
            time.sleep(0.05)
        print(f"     stays   {command}", flush=True)

    def java(self, block):
        name = re.search(r"\bclass (\w+)", block) if block.startswith("import ") else None
        if name is None:
            block = (f"{imports()}class Example {{\n  public static void main(String[] arguments)"
                     f" throws Exception {{\n{block}  }}\n}}\n")
        source = self.folder / f"{name[1] if name else 'Example'}.java"
        source.write_text(block)
        jars = ":".join(map(str, sorted((ROOT / "cli/target/lib").glob("*.jar"))))
        self.run(["java", "--add-modules", "jdk.incubator.vector", "-cp", jars, source.name],
                 f"java {source.name}, {len(block.splitlines())} lines")

    @staticmethod
    def end(server):
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    readmes = [pathlib.Path(name).resolve() for name in sys.argv[2:]]
    readmes = readmes or [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), ROOT / "CONTRIBUTING.md"]
    failures = []
    for readme in readmes:
        print(f"  {readme.relative_to(ROOT)}", flush=True)
        try:
            Reader(folder / (readme.parent.name + "-" + readme.stem)).follow(readme)
        except Failure as failure:
            failures.append(failure)
            print(f"    {failure}", flush=True)
    if failures:
        sys.exit(f"{len(failures)} READMEs say what does not work")


if __name__ == "__main__":
    main()
