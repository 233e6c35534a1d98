"""Reading from buckets: below the folder of the bucket, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simlb.observe.buckets import put_object, read_object


def test_an_object_is_read_from_its_bucket_alone(tmp_path: Path) -> None:
    root = tmp_path / "s3"
    put_object(root, "trust", "a/b.pem", b"content")
    (tmp_path / "secret").write_text("secret")
    (root / "trust" / "link").symlink_to(tmp_path / "secret")
    (root / "trust" / "folder").symlink_to(tmp_path)
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "trust" / "pipe")
    assert read_object(root, "trust", "a/b.pem", 100) == b"content"
    assert read_object(root, "trust", "a/b.pem", 3) == b"con"
    for bucket, key in [
        ("trust", "../../secret"),
        ("trust", "a/../../../secret"),
        ("trust", "/etc/hostname"),
        ("trust", "link"),
        ("trust", "folder/secret"),
        ("trust", "pipe"),
        ("trust", "a"),
        ("trust", "none"),
        ("trust", ""),
        ("trust", "a//b.pem"),
        ("trust", "a/b.pem\0"),
        ("trust", "a\\b.pem"),
        ("linked", "secret"),
        ("..", "secret"),
        ("", "secret"),
        ("nobody", "a/b.pem"),
    ]:
        with pytest.raises(OSError):
            read_object(root, bucket, key, 100)
    with pytest.raises(FileNotFoundError):
        read_object(tmp_path / "none", "trust", "a/b.pem", 100)
    assert sorted(path.name for path in root.iterdir()) == ["linked", "trust"], "reading makes nothing"
