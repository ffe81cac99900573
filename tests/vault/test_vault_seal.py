"""Sealing, opening, rotation, and where the key comes from."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.vault import SENTENCES, Vault, VaultError, load_keys, read_keys

OLD, NEW = b"o" * 32, b"n" * 32
PLACE = b"channel/7/access_token"


def as_text(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


@given(st.one_of(st.text(), st.binary()), st.binary())
def test_what_is_sealed_opens_and_hides(plaintext: str | bytes, context: bytes) -> None:
    vault = Vault([NEW])
    data = plaintext.encode() if isinstance(plaintext, str) else plaintext
    sealed = vault.seal(plaintext, context=context)
    assert vault.open(sealed, context=context) == data
    assert len(data) < 6 or data not in sealed
    assert sealed != vault.seal(plaintext, context=context)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_anywhere_is_noticed(at: int, by: int) -> None:
    vault = Vault([NEW])
    sealed = bytearray(vault.seal("नमस्ते 👨‍👩‍👧 שלום", context=PLACE))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(VaultError):
        vault.open(bytes(sealed), context=PLACE)


def test_a_value_moved_elsewhere_does_not_open() -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultError) as caught:
        vault.open(vault.seal("x", context=PLACE), context=b"channel/8/access_token")
    assert caught.value.message_id == "vault_sealed_wrong"
    for cut in (b"", b"\x01", vault.seal("x", context=PLACE)[:-1]):
        with pytest.raises(VaultError):
            vault.open(cut, context=PLACE)


def test_rotation_first_encrypts_all_decrypt() -> None:
    before, between, after = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
    sealed = before.seal("שלום", context=PLACE)
    assert between.open_text(sealed, context=PLACE) == "שלום"
    assert between.stale(sealed)
    again = between.seal("שלום", context=PLACE)
    assert not between.stale(again)
    assert after.open_text(again, context=PLACE) == "שלום"
    with pytest.raises(VaultError) as caught:
        after.open(sealed, context=PLACE)
    assert caught.value.message_id == "vault_key_unknown"
    assert caught.value.values["key_id"] == sealed[1:9].hex()


def test_fingerprints_tell_apart_and_do_not_tell() -> None:
    vault = Vault([NEW])
    assert vault.fingerprint("a token") == vault.fingerprint(b"a token")
    assert vault.fingerprint("a token") != vault.fingerprint("a tokem")
    assert vault.fingerprint("a token") != Vault([OLD]).fingerprint("a token")
    assert len(vault.fingerprint("")) == 12


def test_a_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "key"
    previous = os.umask(0)
    try:
        keys = load_keys("", path)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keys("", path) == keys
    assert [len(key) for key in keys] == [32]
    assert os.listdir(path.parent) == ["key"]


def test_two_first_starts_agree_on_one_key(tmp_path: Path) -> None:
    found: list[tuple[bytes, ...]] = []
    threads = [
        threading.Thread(target=lambda: found.append(load_keys("", tmp_path / "key")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610])
def test_an_open_key_file_is_refused_by_name(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(as_text(NEW))
    path.chmod(mode)
    with pytest.raises(VaultError) as caught:
        Vault.start("", path)
    assert str(caught.value) == (
        f"The key file {path} can be read by others (mode {mode:04o}), so its key is not safe: "
        f"run chmod 600 {path}."
    )


@pytest.mark.parametrize("content", ["", "not a key", as_text(b"short"), as_text(NEW) + ",x"])
def test_a_wrong_key_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(VaultError) as caught:
        load_keys("", path)
    assert caught.value.values == {"source": str(path)}
    assert not content or content not in str(caught.value)
    if content:
        with pytest.raises(VaultError) as caught:
            load_keys(content, path)
        assert caught.value.values == {"source": "DRAGOMAN_KEY"}


def test_a_place_that_cannot_hold_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError) as caught:
        load_keys("", tmp_path / "file" / "key")
    assert caught.value.values["path"] == str(tmp_path / "file" / "key")
    with pytest.raises(VaultError) as caught:
        load_keys("", tmp_path)  # a folder
    assert caught.value.message_id == "vault_key_file_unreadable"


def test_keys_as_people_write_them(tmp_path: Path) -> None:
    assert read_keys(f" {as_text(NEW)} ,\n{as_text(OLD)}\n", "x") == (NEW, OLD)
    urlsafe = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    assert read_keys(urlsafe, "x") == (b"\xff" * 32,)
    assert load_keys(as_text(NEW, OLD), tmp_path / "unused") == (NEW, OLD)
    assert not (tmp_path / "unused").exists()


def test_every_sentence_is_whole() -> None:
    for text in SENTENCES.values():
        assert text.endswith(".")
