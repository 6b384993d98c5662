"""The smallest store that has one of everything; what the scripts here put odd things into.

As a program: tiny_store.py ROOT writes it.
"""
import hashlib
import json
import os
import pathlib
import sys

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
OLD = 1_600_000_000  # long before any age rule


def name_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Store:
    """A store below `root`; every function writes into it."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.v2 = self.root / "docker/registry/v2"
        self.v2.mkdir(parents=True, exist_ok=True)

    def write(self, path, data):
        """A file at `path` below v2; returns where."""
        file = self.v2 / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return file

    def blob(self, data, name=None):
        """A blob, stored under its own digest or under `name`; returns its digest."""
        name = name or name_of(data)
        self.write(f"{blob_path(name)}/data", data)
        return name

    def link(self, repository, below, digest, content=None):
        path = f"repositories/{repository}/{below}/{digest.replace(':', '/')}/link"
        return self.write(path, (content or digest).encode())

    def tag(self, repository, tag, digest):
        self.link(repository, f"_manifests/tags/{tag}/index", digest)
        self.write(f"repositories/{repository}/_manifests/tags/{tag}/current/link", digest.encode())

    def manifest(self, repository, data, tag=None):
        """A revision of these bytes, tagged or not; returns its digest."""
        digest = self.blob(data)
        self.link(repository, "_manifests/revisions", digest)
        if tag:
            self.tag(repository, tag, digest)
        return digest

    def descriptor(self, repository, data, media="application/vnd.oci.image.layer.v1.tar"):
        """A pushed layer or config, as a manifest names it."""
        digest = self.blob(data)
        self.link(repository, "_layers", digest)
        return {"mediaType": media, "digest": digest, "size": len(data)}

    def image(self, repository, name, tag=None, size=3000):
        """An image of one config and one layer; returns the digests of manifest, config, layer."""
        config = self.descriptor(repository, json.dumps({"architecture": "amd64", "os": "linux", "of": name}).encode(),
                                 "application/vnd.oci.image.config.v1+json")
        layer = self.descriptor(repository, f"layer of {name} ".encode() * (size // 16))
        data = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]}).encode()
        return self.manifest(repository, data, tag), config["digest"], layer["digest"]

    def index(self, repository, children, tag=None):
        data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": IMAGE, "digest": child, "size": (self.v2 / blob_path(child) / "data").stat().st_size}
            for child in children]}).encode()
        return self.manifest(repository, data, tag)

    def upload(self, repository, identity):
        at = f"repositories/{repository}/_uploads/{identity}"
        self.write(f"{at}/data", b"half a layer " * 100)
        self.write(f"{at}/startedat", b"2020-01-01T00:00:00Z")
        self.write(f"{at}/hashstates/sha256/0", b"state")

    def age(self):
        """Makes all of it old."""
        for directory, names, files in os.walk(self.root):
            for name in names + files:
                os.utime(os.path.join(directory, name), (OLD, OLD), follow_symlinks=False)


def blob_path(digest):
    algorithm, hexa = digest.split(":")
    return f"blobs/{algorithm}/{hexa[:2]}/{hexa}"


def write(root):
    """The store; returns its parts by name."""
    store = Store(root)
    parts = {}
    parts["manifest"], parts["config"], parts["layer"] = store.image("ns/app", "live", "1", 9000)
    child, *_ = store.image("ns/app", "child", size=5000)
    parts["child"] = child
    parts["index"] = store.index("ns/app", [child], "many")
    store.image("other", "other", "latest", 9000)
    parts["untagged"], *_ = store.image("ns/app", "untagged", size=1000)
    parts["garbage"] = store.descriptor("ns/app", b"garbage " * 50)["digest"]
    parts["orphan"] = store.blob(b"orphan " * 50)
    store.upload("ns/app", "11111111-2222-3333-4444-555555555555")
    store.write("repositories/ns/app/_layers/sha256/left.tmp", b"temporary")
    store.age()
    return parts


if __name__ == "__main__":
    for key, value in write(sys.argv[1]).items():
        print(key, value)
