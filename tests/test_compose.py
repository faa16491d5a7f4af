"""docker-compose.yml is valid, gives no secret away, and what its services run can be run without it."""

import os
import random
import re
import shutil
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import redis
import yaml

from simblock.stores import keys
from simblock.stores.redis.address import Address
from tests.redis_servers import ABSENT, PORTS, binary, version, wait

TOP = Path(__file__).parents[1]
EXAMPLES = TOP / "examples" / "redis"
COMMANDS = (["docker-compose"], ["docker", "compose"])


def compose_command():
    for command in COMMANDS:
        if shutil.which(command[0]):
            said = subprocess.run([*command, "version"], capture_output=True, check=False)
            if said.returncode == 0:
                return command
    pytest.skip(
        "NO docker-compose here: docker-compose.yml was NOT validated (apt-get install docker-compose)"
    )


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((TOP / "docker-compose.yml").read_text("utf-8"))["services"]


@pytest.fixture
def made(tmp_path):
    subprocess.run(
        [EXAMPLES / "make_secrets.sh", tmp_path / "secrets", "press"], check=True, capture_output=True
    )
    return tmp_path / "secrets"


def test_the_file_is_valid(tmp_path):
    command = compose_command()
    profiles = {"COMPOSE_PROFILES": "run,replica"}
    done = subprocess.run(
        [*command, "config"], cwd=TOP, capture_output=True, text=True, check=False, env=os.environ | profiles
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == {
        "simblock",
        "redis",
        "indexer",
        "reader",
        "replica",
    }


def test_nothing_is_published_and_redis_stands_in_a_closed_network(services):
    whole = yaml.safe_load((TOP / "docker-compose.yml").read_text("utf-8"))
    assert whole["networks"] == {"store": {"internal": True}}
    for name, service in services.items():
        assert not {"ports", "expose", "network_mode", "privileged"} & set(service), name
        assert service["read_only"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_secrets_are_files_and_each_service_has_its_own_alone(services):
    held = {
        name: {one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())}
        for name, service in services.items()
    }
    assert held == {
        "simblock": set(),
        "redis": {"users", "reader_password"},
        "indexer": {"indexer_password", "protected_key"},
        "reader": {"reader_password", "protected_key"},
        "replica": {"reader_password", "protected_key"},
    }
    for service in services.values():
        assert all(value.startswith("/") for value in service.get("environment", {}).values())


def test_folders_that_services_write_to_are_theirs_in_the_image(services):
    written = {
        volume.split(":")[1]
        for name, service in services.items()
        if name != "redis"
        for volume in service["volumes"]
        if not volume.endswith(":ro")
    }
    assert written == {"/replica", "/cache"}
    (line,) = re.findall(r"install -d -o simblock -g simblock (.+)", (TOP / "Dockerfile").read_text("utf-8"))
    assert set(line.split()) == written


def test_a_service_hands_its_password_on_by_environment_and_its_arguments_as_they_are(services, tmp_path):
    (tmp_path / "password").write_text("s3cret word")
    for name, program in (
        ("indexer", "simblock-index"),
        ("reader", "simblock"),
        ("replica", "simblock-index"),
    ):
        shell, option, script, started = services[name]["entrypoint"]
        assert started == program
        script = script.replace("$$", "$").replace("/run/secrets", str(tmp_path))
        show = "import os, sys; print(os.environ['SIMBLOCK_REDIS_PASSWORD'], sys.argv[1:])"
        done = subprocess.run(
            [shell, option, script, sys.executable, "-c", show, "a b", "$c"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "s3cret word ['a b', '$c']\n"


def test_services_name_redis_and_their_user_in_a_url_that_is_read(services, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_REDIS_PASSWORD", "x")
    sync, url, _, follow = services["replica"]["command"]
    assert (sync, follow) == ("sync", "--follow")
    address = Address.parse(re.sub(r"\$\{\w+:-(\w+)\}", r"\1", url))
    assert (address.hosts, address.username, address.tenant) == ((("redis", 6379),), "reader", "acme")


def test_made_secrets_are_a_closed_folder_a_key_and_hashes_of_the_passwords(made):
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert len(keys.load(made / "protected_key")) == 32
    rules = (made / "users.acl").read_text().splitlines()
    assert rules[0] == "user default reset"
    for rule, name in zip(rules[1:], ("operator", "reader", "indexer"), strict=True):
        password = (made / f"{name}_password").read_text()
        assert len(password) == 64
        assert password not in rule
        assert rule.endswith(f"#{sha256(password.encode()).hexdigest()}")
        assert ("~sb:press:* -@all" in rule) == (name != "operator")
        assert "acme" not in rule


def test_secrets_are_never_written_over(made):
    done = subprocess.run([EXAMPLES / "make_secrets.sh", made], capture_output=True, check=False)
    assert done.returncode != 0


class Shipped:
    """A server as the compose file and docs/redis.md start it, with what its services do, less the containers."""

    def __init__(self, services, folder, secrets):
        self.services, self.folder, self.secrets = services, folder, secrets
        self.port = random.choice(PORTS)
        program, conf, *rest = self.command("redis")
        assert (program, conf, rest[-2]) == ("redis-server", "/etc/redis.conf", "--bind")
        self.process = subprocess.Popen(
            [binary(), EXAMPLES / "redis.conf", *rest[:-2], "--port", str(self.port), "--dir", folder],
            stdout=subprocess.DEVNULL,
        )

    def command(self, name):
        return [word.replace("/run/secrets", str(self.secrets)) for word in self.services[name]["command"]]

    def client(self, user):
        password = (self.secrets / f"{user}_password").read_text()
        return redis.Redis(port=self.port, username=user, password=password)

    def start(self, name, *words):
        """Starts what a service runs, with other arguments where ``words`` are given."""
        *shell, script, program = self.services[name]["entrypoint"]
        (own,) = [s["source"] for s in self.services[name]["secrets"] if isinstance(s, dict)]
        script = script.replace("$$", "$").replace("/run/secrets/password", str(self.secrets / own))
        places = {"//indexer@redis/": f"//indexer@localhost:{self.port}/", "/replica": str(self.folder)}
        places |= {"//reader@redis/": f"//reader@localhost:{self.port}/", "${SIMBLOCK_TENANT:-acme}": "press"}
        line = [str(Path(sys.executable).with_name(program)), *(words or self.command(name))]
        for there, here in places.items():
            line = [word.replace(there, here) for word in line]
        cache = self.folder / "cache"
        cache.mkdir(mode=0o755, exist_ok=True)
        where = {"SIMBLOCK_CACHE": str(cache), "TMPDIR": str(cache)}
        where["SIMBLOCK_KEY_FILE"] = str(self.secrets / "protected_key")
        assert set(where) == set(self.services[name]["environment"])
        return subprocess.Popen(
            [*shell, script, *line],
            env=os.environ | where,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, name, *words):
        process = self.start(name, *words)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture
def shipped(services, tmp_path, made):
    if binary() is None:
        pytest.skip(ABSENT)
    if version() < (7,):
        pytest.skip(
            "NO RIGHTS BY KEY: this server is older than 7.0, and what docker-compose.yml runs was NOT tested"
        )
    server = Shipped(services, tmp_path, made)
    try:
        wait(lambda: server.client("reader").ping(), "the server answers its reader")
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)


def test_what_the_services_run_works_without_containers(shipped, tmp_path):
    url, works = "redis://indexer@redis/?tenant=press", str(TOP / "examples" / "works")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=shipped.port).ping()
    assert shipped.run("indexer", "build", works, "--out", url)[0] == 0
    with shipped.client("operator") as operator:
        assert operator.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    answer = str(TOP / "examples" / "answer.txt")
    code, said = shipped.run("reader", "check", url.replace("indexer", "reader"), answer)
    assert code == 1, said
    code, said = shipped.run("indexer", "remove", url.replace("indexer@", "reader@"), "works/ferry.txt")
    assert (code, "does not accept the user or password" in said) == (2, True)  # the indexer's password
    replica = shipped.start("replica")
    copy = tmp_path / "protected.sbx"
    try:
        wait(lambda: (copy / "MANIFEST").is_file(), "the replica is there")
    finally:
        replica.terminate()
        said, _ = replica.communicate(timeout=60)
    assert (replica.returncode, "epoch 1" in said) == (0, True), said
    assert (tmp_path / "cache" / "CACHEDIR.TAG").is_file()
    key = ["--key-file", str(shipped.secrets / "protected_key")]
    assert (
        subprocess.run(
            [Path(sys.executable).with_name("simblock"), "check", copy, answer, *key], check=False
        ).returncode
        == 1
    )


def test_redis_is_healthy_when_it_answers(shipped, services):
    if not shutil.which("redis-cli"):
        pytest.skip("no redis-cli here, which the image has: the health check was NOT run")
    kind, script = services["redis"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    script = script.replace("$$", "$").replace(
        "/run/secrets/password", str(shipped.secrets / "reader_password")
    )
    script = script.replace("redis-cli", f"redis-cli -p {shipped.port}")
    assert subprocess.run(["sh", "-c", script], check=False).returncode == 0
    shipped.process.terminate()
    shipped.process.wait(20)
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=False).returncode != 0
