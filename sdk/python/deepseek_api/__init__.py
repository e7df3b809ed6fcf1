"""A thin client of the native API: signed calls, whole and streamed answers, back-off.

Needs nothing but Python 3.9 or newer.

    from deepseek_api import Client
    client = Client(access_key="AK...", secret_key="...", endpoint="https://api.example.com/v1")
    answer = client.chat.complete(model="deepseek-chat-7b", prompt="Hello")
    print(answer["data"]["text"])
"""

from deepseek_api.client import ApiError, Client, signed_headers

__all__ = ["ApiError", "Client", "signed_headers"]
