"""Language models of Friendli's serverless endpoints, which speak OpenAI's chat completions."""

from __future__ import annotations

from providers._calls import Limits
from providers._troubles import Service
from providers.openai import OpenAIChat

BASE_URL = "https://api.friendli.ai/serverless/v1"
SERVICE = Service("Friendli", "FRIENDLI_API_KEY")


def friendli_chat(model: str, key: str, base_url: str = BASE_URL, limits: Limits | None = None) -> OpenAIChat:
    """Return a model of Friendli (see `providers.base.ChatModel`)."""
    return OpenAIChat(model, key, base_url, "friendli", SERVICE, "max_tokens", limits or Limits())
