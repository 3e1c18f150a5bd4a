"""A browser without a screen: follows redirects, keeps cookies, fills in the forms of a page."""

import re
from collections.abc import Mapping
from html import unescape

import httpx


class Browser:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""
        self.path = ""
        self.status = 0

    async def open(self, path: str) -> str:
        return self._shown(await self.client.get(path, follow_redirects=True))

    async def submit(self, action: str, fields: Mapping[str, str]) -> str:
        """Send the page's form with this action: its hidden fields, and those given."""
        return await self.post(action, {**self._hidden(action), **fields})

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> str:
        """Send fields as they are, as another site's page might."""
        answer = await self.client.post(
            path, data=dict(fields), headers=headers, follow_redirects=True
        )
        return self._shown(answer)

    def _hidden(self, action: str) -> dict[str, str]:
        found = re.search(
            rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', self.page, re.DOTALL
        )
        assert found is not None, f"{self.path} has no form for {action}"
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[1])
        return {name: unescape(value) for name, value in fields}

    def _shown(self, answer: httpx.Response) -> str:
        self.page = answer.text
        self.path = answer.url.raw_path.decode()
        self.status = answer.status_code
        return self.page
