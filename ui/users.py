"""Who looks at a page: the one local user, or whoever signed in, where Streamlit's secrets have a section `auth`.

Streamlit does the signing in, by OpenID Connect; here it becomes a user of the data directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitAuthError

from runtime.errors import SetupError
from runtime.settings import Settings
from ui.faults import failure
from ui.language import Texts

PREFIX = "oidc-"
"""How the names begin of those who signed in; the local user is called otherwise."""

DIGITS = 40
"""Hex digits of a name: 160 bits."""


def signing_in() -> bool:
    """Whether everybody has to sign in."""
    if st.secrets.load_if_toml_exists():
        return "auth" in st.secrets
    # Streamlit takes secrets that it cannot read for none, which would let everybody in; now nobody can.
    return any(Path(path).exists() for path in config.get_option("secrets.files"))


def user_of(claims: Mapping[str, object]) -> str:
    """The name of the user whom an identity token speaks of. It tells nobody who that is, and stays the same when they
    change their address or name.

    Args:
        claims: of which `iss` and `sub` count, the only ones that together name somebody for good.

    Raises:
        SetupError: the service did not say who it is.
    """
    named = [claims.get("iss"), claims.get("sub")]
    if not all(isinstance(part, str) and part for part in named):
        raise SetupError("The service that you signed in with does not say who you are.")
    return PREFIX + hashlib.sha256(json.dumps(named).encode()).hexdigest()[:DIGITS]


def of_user(settings: Settings) -> Settings:
    """The settings for whoever looks at the page.

    Raises:
        SetupError: nobody has signed in, or nobody knows who it is.
    """
    if not signing_in():
        return settings
    if st.user.get("is_logged_in") is not True:
        raise SetupError("Nobody has signed in.")
    return settings.model_copy(update={"user": user_of(st.user)})


def admitted(words: Texts) -> bool:
    """Whether the page may be drawn; where it may not, a button to sign in is, or why there is none."""
    try:
        if not signing_in() or st.user.get("is_logged_in") is True:
            return True
        st.header(words.users["title"], anchor=False)
        st.text(words.users["explained"])
        if st.button(words.users["sign_in"], key="sign-in", type="primary", icon=":material/login:"):
            _sign_in()
    except SetupError as error:
        failure(error, words)
    return False


def _sign_in() -> None:
    try:
        st.login()
    except StreamlitAuthError as error:
        hint = "The section `auth` of `.streamlit/secrets.toml` is to be complete, and `vistalk[users]` installed."
        raise SetupError("Signing in is not set up as it should be.", hint=hint) from error
