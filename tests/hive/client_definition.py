# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""The start script of docs/hive.md: hive's environment and files in, a node out."""

import os
import re
import secrets
import subprocess

from lab import HERE, Network, Node, Sequence, free_base_port

DOCUMENT = HERE.parent.parent / "docs" / "hive.md"
# Where the script leaves the command: in the place of the program.
SHOW = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


class Assets:
    """A directory of runtime assets as hive prepares it for ethlambda, of a network with three validators."""

    def __init__(self, lab):
        self.lab = lab
        self.network = Network(lab, "client_definition", genesis_in=3600)
        genesis, self.root = self.network.genesis, self.network.directory / "assets"
        keys = self.root / "hash-sig-keys"
        keys.mkdir(parents=True)
        rows, registry = [], []
        for i in range(3):
            registry.append("")
            for role, name in (("attester", "attestation"), ("proposer", "proposal")):
                stem = f"validator_{i}_{role}"
                public = (genesis / "hash-sig-keys" / f"{stem}_key_pk.ssz").read_bytes().hex()
                secret = (genesis / "hash-sig-keys" / f"{stem}_key_sk.ssz").read_bytes()
                (keys / f"{stem}_sk.ssz").write_bytes(secret)
                rows.append(f'  - index: {i}\n    pubkey_hex: "{public}"\n    privkey_file: "{stem}_sk.ssz"\n')
                registry[i] += f'{"    " if registry[i] else "  - "}{name}_pubkey: "0x{public}"\n'
        self.write("config.yaml", f"GENESIS_TIME: {self.network.genesis_time}\nMAX_ATTESTATIONS_DATA: 16\n"
                   "ATTESTATION_COMMITTEE_COUNT: 1\nVALIDATOR_COUNT: 3\nACTIVE_EPOCH: 18\nGENESIS_VALIDATORS:\n"
                   + "".join(registry))
        self.own_rows = "".join(rows[:2])
        self.key = secrets.token_hex(32)
        self.write("node.key", self.key)
        self.write("validator-config.yaml", f'shuffle: roundrobin\nvalidators:\n  - name: "lepton_0"\n    privkey: "{self.key}"\n'
                   '    enrFields:\n      ip: "__HIVE_LOCAL_IP__"\n      quic: 9000\n      seq: 1\n    count: 1\n')
        show = self.network.directory / "show"
        show.write_text(SHOW)
        show.chmod(0o755)
        self.script = re.search(r"^```bash\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[1]

    def write(self, name, text):
        (self.root / name).write_text(text)

    def run(self, **environment):
        return subprocess.run(
            ["bash", "-c", self.script], capture_output=True, text=True, check=False, timeout=30,
            env={"PATH": os.environ["PATH"], "LEAN_RUNTIME_ASSET_ROOT": str(self.root),
                 "LEPTON_BINARY": str(self.network.directory / "show"), "HIVE_LEAN_DEVNET_LABEL": "devnet5", **environment})

    def arguments(self, **environment):
        result = self.run(**environment)
        assert result.returncode == 0, result
        return result.stdout.splitlines()

    def start(self, name, **environment):
        """Starts what the script would, with other ports, another data directory and the scheme of tests."""
        base = free_base_port(3)
        replaced = {"9000": str(base), "5052": str(base + 1), "8080": str(base + 2),
                    "/data": str(self.network.directory / f"{name}.data")}
        arguments = [replaced.get(word, word) for word in self.arguments(**environment)]
        assert arguments[0] == "node" and set(replaced.values()) <= set(arguments), arguments
        node = Node(name, self.network.directory, [self.lab.programs.lepton, *arguments, "--network", "leanspec-test"],
                    base, base + 1, self.key)
        self.lab.keep(node)
        return node.wait_until_up()


definition = Sequence(Assets)


def after_base(assets, **environment):
    """Returns the flags that `environment` adds."""
    base, flags = assets.arguments(), assets.arguments(**environment)
    assert flags[:len(base)] == base, (base, flags)
    return flags[len(base):]


@definition.scenario("client-definition: environment to flags")
def environment_to_flags(assets):
    assert after_base(assets, HIVE_IS_AGGREGATOR="1") == ["--is-aggregator"]
    assert after_base(assets, HIVE_IS_AGGREGATOR="0", HIVE_AGGREGATE_SUBNET_IDS="0,1") == []
    assert after_base(assets, HIVE_ATTESTATION_COMMITTEE_COUNT="2", HIVE_IS_AGGREGATOR="1",
                      HIVE_AGGREGATE_SUBNET_IDS="0,1") == [
        "--attestation-committee-count", "2", "--is-aggregator", "--aggregate-subnet-ids", "0,1"]
    assert after_base(assets, HIVE_CHECKPOINT_SYNC_URL="http://h") == ["--checkpoint-sync-url", "http://h"]
    named = assets.arguments(HIVE_NODE_ID="lepton_7")
    assert named[named.index("--node-id") + 1] == "lepton_7", named


@definition.scenario("client-definition: what cannot be is said")
def refusals(assets):
    for environment, said in (({"HIVE_LEAN_DEVNET_LABEL": "devnet4"}, "devnet4"),
                              ({"LEAN_RUNTIME_ASSET_ROOT": "/nowhere"}, "/nowhere")):
        result = assets.run(**environment)
        assert result.returncode == 1 and said in result.stderr and not result.stdout, result


@definition.scenario("client-definition: validator")
def validator(assets):
    assets.write("annotated_validators.yaml", "lepton_0:\n" + assets.own_rows)
    assets.write("nodes.yaml", "")
    node = assets.start("validator", HIVE_IS_AGGREGATOR="1")
    assert node.fork_choice()["validator_count"] == 3
    assert node.get_json("/lean/v0/admin/aggregator") == {"is_aggregator": True}
    assert node.metric("lean_validators_count") == 1
    assets.lab.end([node])


@definition.scenario("client-definition: observer")
def observer(assets):
    """With a bootnode by multiaddr, where ethlambda is given records: hive has both."""
    peer = assets.lab.peer()
    assets.write("annotated_validators.yaml", "lepton_0: []\n")
    assets.write("nodes.yaml", f'- "{peer.addr}"\n')
    node = assets.start("observer")
    peer.wait("connected", direction="inbound")
    assert node.metric("lean_validators_count") == 0
    assets.lab.end([node])


SEQUENCES = [definition]
NOT_APPLICABLE = []
